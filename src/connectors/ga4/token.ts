import { createSign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { Failure } from "../../domain/failure.ts";
import type { Ga4Settings } from "./settings.ts";

const scope = "https://www.googleapis.com/auth/analytics.readonly";
const keyFile = z.object({ client_email: z.string(), private_key: z.string() });
const answer = z.object({ access_token: z.string().min(1), expires_in: z.number().default(3600) });

const refused = (message: string, remedy: string, cause?: unknown): Failure =>
  new Failure({ kind: "credentials", message, remedy, cause });

/** A signed assertion of the service account ("Using OAuth 2.0 for server to server applications"). */
const assertion = async (file: string, audience: string, now: Date): Promise<string> => {
  let key: z.infer<typeof keyFile>;
  try {
    key = keyFile.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    // The cause is left out: a parser's message may quote the key.
    const { code } = error as NodeJS.ErrnoException;
    throw refused(
      `the service account key ${file} cannot be read${code === undefined ? ": it is no service account's JSON" : ` (${code})`}`,
      "connectors.ga4.serviceAccountFile names the JSON file that Google Cloud gave out",
    );
  }
  const issued = Math.floor(now.getTime() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: key.client_email, scope, aud: audience, iat: issued, exp: issued + 3600 };
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  try {
    return `${text}.${createSign("RSA-SHA256").update(text).sign(key.private_key, "base64url")}`;
  } catch {
    throw refused(
      `the service account key ${file} holds no usable private key`,
      "have Google Cloud make a new one",
    );
  }
};

/** Gives an access token, asked for when the last one is about to end. */
export const createTokens = (
  settings: Ga4Settings,
  now: () => Date,
): ((signal: AbortSignal) => Promise<string>) => {
  const url = `${settings.endpoints.oauth}/token`;
  let token = "";
  let until = 0;
  return async (signal) => {
    if (now().getTime() < until) return token;
    const form =
      settings.serviceAccountFile === undefined
        ? {
            grant_type: "refresh_token",
            client_id: settings.clientId ?? "",
            client_secret: settings.clientSecret ?? "",
            refresh_token: settings.refreshToken ?? "",
          }
        : {
            grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
            // The audience is Google's own address, also where another endpoint stands in for it.
            assertion: await assertion(
              settings.serviceAccountFile,
              "https://oauth2.googleapis.com/token",
              now(),
            ),
          };
    const response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(form),
      signal: AbortSignal.any([signal, AbortSignal.timeout(settings.timeoutSeconds * 1000)]),
    });
    const text = await response.text();
    if (response.status >= 500)
      throw new Failure({
        kind: "transient",
        message: `Google's token endpoint answered ${String(response.status)}`,
      });
    const parsed = response.ok ? answer.safeParse(JSON.parse(text)) : undefined;
    if (!parsed?.success)
      throw refused(
        `Google gives no token for GA4 (${String(response.status)})`,
        "the refresh token or service account of connectors.ga4 is expired, revoked or of another client; make a new one",
      );
    token = parsed.data.access_token;
    until = now().getTime() + (parsed.data.expires_in - 60) * 1000;
    return token;
  };
};
