import { createHmac } from "node:crypto";

/** The four secrets of OAuth 1.0a in user context. */
export interface Credentials {
  readonly consumerKey: string;
  readonly consumerSecret: string;
  readonly accessToken: string;
  readonly accessTokenSecret: string;
}

export type Parameters = Readonly<Record<string, string>>;

/** RFC 3986: encodeURIComponent leaves `! ' ( ) *` as they are, which the signature does not allow. */
export const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );

const byEncodedKey = (parameters: Parameters): string[] =>
  Object.entries(parameters)
    .map(([key, value]) => `${percentEncoded(key)}=${percentEncoded(value)}`)
    .sort();

/** A query encoded exactly as it is signed. */
export const queryOf = (parameters: Parameters): string => byEncodedKey(parameters).join("&");

export interface ToSign {
  readonly method: "GET" | "POST";
  /** Without a query. */
  readonly url: string;
  readonly parameters: Parameters;
  readonly credentials: Credentials;
  /** Good for one request. */
  readonly nonce: string;
  readonly epochSeconds: number;
}

/** The value of the Authorization header ("Creating a signature", HMAC-SHA1). */
export const authorization = (toSign: ToSign): string => {
  const { credentials } = toSign;
  const own = {
    oauth_consumer_key: credentials.consumerKey,
    oauth_nonce: toSign.nonce,
    oauth_signature_method: "HMAC-SHA1",
    oauth_timestamp: String(toSign.epochSeconds),
    oauth_token: credentials.accessToken,
    oauth_version: "1.0",
  };
  const pairs = byEncodedKey({ ...toSign.parameters, ...own }).join("&");
  const base = [toSign.method, toSign.url, pairs].map(percentEncoded).join("&");
  const key = [credentials.consumerSecret, credentials.accessTokenSecret].map(percentEncoded).join("&");
  const signature = createHmac("sha1", key).update(base).digest("base64");
  const fields = Object.entries({ ...own, oauth_signature: signature });
  return `OAuth ${fields.map(([name, value]) => `${name}="${percentEncoded(value)}"`).join(", ")}`;
};
