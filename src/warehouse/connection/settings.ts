import { readFileSync } from "node:fs";
import type pg from "pg";
import { Failure } from "../../domain/failure.ts";
import { hostOf, postgresProtocols, readServerUrl, type ServerPlace } from "../../domain/server-url.ts";

type Tls = Exclude<pg.ClientConfig["ssl"], boolean | undefined>;

/** @throws Failure that names the setting and the file. */
export const readCertificate = (file: string, written: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Failure({
      kind: "request",
      message: `${written} names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? ""})`,
      remedy: "check the file's name and its permissions",
      cause: error,
    });
  }
};

/**
 * TLS as the URL wants it: `sslmode` means what the driver takes it for, which verifies from `prefer` on; with
 * `uselibpqcompat=true` it means what it means to psql. Undefined: the URL says nothing, so PGSSLMODE decides.
 */
const tlsOf = ({ searchParams }: URL, ca: string | undefined): boolean | Tls | undefined => {
  const file = ca ?? searchParams.get("sslrootcert");
  const mode = searchParams.get("sslmode") ?? searchParams.get("ssl");
  const given = {
    ...(file &&
      file !== "system" && { ca: readCertificate(file, ca === undefined ? "sslrootcert" : "database.ca") }),
    ...["cert", "key"].reduce<Tls>((tls, part) => {
      const path = searchParams.get(`ssl${part}`);
      return path === null ? tls : { ...tls, [part]: readCertificate(path, `ssl${part}`) };
    }, {}),
  };
  const asked = Object.keys(given).length > 0 || file === "system";
  if (mode === null) return asked ? given : undefined;
  if (["disable", "false", "0"].includes(mode)) return false;
  const isLax =
    mode === "no-verify" ||
    (searchParams.get("uselibpqcompat") === "true" &&
      (mode === "prefer" || mode === "allow" || (mode === "require" && !("ca" in given))));
  if (isLax) return { ...given, rejectUnauthorized: false };
  if (searchParams.get("uselibpqcompat") === "true" && mode !== "verify-full")
    return { ...given, checkServerIdentity: () => undefined };
  return given;
};

const ownParameters = new Set([
  "host",
  "port",
  "user",
  "password",
  "sslmode",
  "ssl",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "uselibpqcompat",
  "pgbouncer",
  "connection_limit",
]);

/**
 * What the driver needs for a server. The driver's own reader of URLs warns of every `sslmode` on each command, so it is
 * not asked.
 * @throws Failure `request` where the URL is none or a file of certificates cannot be read.
 */
export const connectionSettings = ({ url: text, password, ca }: ServerPlace): pg.ClientConfig => {
  const url = readServerUrl(text, postgresProtocols);
  if (!url)
    throw new Failure({
      kind: "request",
      message: "the URL of the database cannot be read",
      remedy: "write it as postgresql://user:password@host:5432/database, special characters percent-encoded",
    });
  const parameters = [...url.searchParams].filter(([name]) => !ownParameters.has(name));
  const host = hostOf(url);
  const port = url.searchParams.get("port") ?? url.port;
  const user = decodeURIComponent(url.username) || url.searchParams.get("user");
  const secret = decodeURIComponent(url.password) || url.searchParams.get("password") || password;
  const database = decodeURIComponent(url.pathname.replace(/^\//, ""));
  const ssl = tlsOf(url, ca);
  return {
    ...Object.fromEntries(parameters),
    ...(host && { host }),
    ...(port && { port: Number(port) }),
    ...(user && { user }),
    ...(secret && { password: secret }),
    ...(database && { database }),
    ...(ssl !== undefined && { ssl }),
  };
};

/** Where the server is, for people: never with its password. */
export const describeUrl = (text: string): string => {
  const url = readServerUrl(text, postgresProtocols);
  if (!url) return "the database (its URL cannot be read)";
  const host = hostOf(url) || "localhost";
  const port = url.searchParams.get("port") ?? url.port;
  return `${host}${host.startsWith("/") && !port ? "" : `:${port || "5432"}`}${url.pathname}`;
};
