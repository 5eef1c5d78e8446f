import pg from "pg";
import { certificateFault, isUnknownAuthority } from "../../domain/certificate.ts";
import { Failure } from "../../domain/failure.ts";
import type { ServerPlace } from "../../domain/server-url.ts";
import { connectionSettings, describeUrl } from "./settings.ts";

/**
 * Whether the server that refused a connection in the clear takes one over TLS. No password is sent: to be asked for
 * one is an answer.
 */
const wantsTls = async (place: ServerPlace): Promise<boolean> => {
  const settings = connectionSettings(place);
  if (settings.ssl !== undefined && settings.ssl !== false) return false;
  const client = new pg.Client({
    ...settings,
    password: () => "",
    ssl: { rejectUnauthorized: false },
    connectionTimeoutMillis: 5_000,
  });
  let code: string | undefined;
  client.on("error", () => undefined);
  // The handshake done, whatever is said next came over TLS.
  let secured = false;
  const { connection } = client as unknown as { connection: { on(event: string, heard: () => void): void } };
  connection.on("sslconnect", () => (secured = true));
  await client.connect().catch((error: { code?: string }) => (code = error.code));
  await client.end().catch(() => undefined);
  return secured && code !== "28000" && code !== "08P01";
};

const sentences = async (
  place: ServerPlace,
  error: unknown,
): Promise<readonly [message: string, remedy: string]> => {
  const { code, message } = error as Error & { code?: string };
  const where = describeUrl(place.url);
  const fault = certificateFault(error);
  if (fault !== undefined)
    return [
      `the certificate of the database at ${where} ${fault} (${code ?? ""})`,
      isUnknownAuthority(error)
        ? "name the authority's certificate: `database: { url, ca: FILE }`, ?sslrootcert=FILE in the URL, or NODE_EXTRA_CA_CERTS=FILE in the environment"
        : "renew or replace the server's certificate, or connect by the name that it was made for",
    ];
  if ((code === "28000" || code === "08P01") && (await wantsTls(place)))
    return [
      `the database at ${where} takes connections over TLS only`,
      "add ?sslmode=require to the URL in `database`",
    ];
  switch (code) {
    case "28P01":
      return [
        `the database at ${where} refuses the user or password`,
        "check user and password in `database`",
      ];
    case "28000":
      return [
        `the database at ${where} refuses the user or this machine`,
        "check the user in `database`, and that pg_hba.conf lets it in from here",
      ];
    case "3D000":
      return [`the server at ${where} has no such database`, "create it, or correct its name in `database`"];
    case "53300":
      return [
        `the database at ${where} allows no more connections (53300)`,
        "set `database: { url, connections }` lower in each costper process, or raise the role's connection limit",
      ];
    case "57P03":
      return [`the database at ${where} is starting up or shutting down`, "try again in a moment"];
    default:
  }
  // The driver gives this one no code.
  if (code === undefined && message.includes("does not support SSL"))
    return [`the database at ${where} takes no TLS`, "take sslmode out of the URL in `database`"];
  return [
    `no database answers at ${where} (${code ?? message})`,
    "check `database`, and that the server is up",
  ];
};

/** Why a database could not be connected to, in words: the host, TLS, its certificate, the password, the database. */
export const connectionFailure = async (place: ServerPlace, error: unknown): Promise<Failure> => {
  if (error instanceof Failure) return error;
  const [message, remedy] = await sentences(place, error);
  return new Failure({ kind: "request", message, remedy, cause: error });
};
