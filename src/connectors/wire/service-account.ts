import { createSign } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { Failure } from "../../domain/failure.ts";
import { jsonOrUndefined } from "./json.ts";

const keyShape = z.object({ client_email: z.string(), private_key: z.string() });

const lifeSeconds = 3_600;

/**
 * The form by which a Google service account gets a token ("Using OAuth 2.0 for server to server applications").
 * @throws Failure `credentials` where the key file cannot be read or used; never with what it holds.
 */
export const serviceAccountForm = async (options: {
  /** Path of the JSON key. */
  readonly file: string;
  /** The setting that names it. */
  readonly setting: string;
  readonly scope: string;
  readonly audience: string;
  readonly now: Date;
}): Promise<Readonly<Record<string, string>>> => {
  const { file, setting, scope, audience: aud } = options;
  const refused = (message: string, remedy: string): Failure =>
    new Failure({ kind: "credentials", message: `the service account key ${file} ${message}`, remedy });
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const { code = "unreadable" } = error as NodeJS.ErrnoException;
    throw refused(`cannot be read (${code})`, `${setting} names the JSON file that Google Cloud gave out`);
  }
  const key = keyShape.safeParse(jsonOrUndefined(text)).data;
  if (!key)
    throw refused(
      "cannot be read: it is no service account's JSON",
      `${setting} names the JSON file that Google Cloud gave out`,
    );
  const iat = Math.floor(options.now.getTime() / 1_000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: key.client_email, scope, aud, iat, exp: iat + lifeSeconds };
  const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  try {
    const signature = createSign("RSA-SHA256").update(signed).sign(key.private_key, "base64url");
    return {
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: `${signed}.${signature}`,
    };
  } catch {
    throw refused("holds no usable private key", "have Google Cloud make a new one");
  }
};
