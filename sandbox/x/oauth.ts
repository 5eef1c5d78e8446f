import { createHmac } from "node:crypto";
import type { Exchange } from "../server.ts";
import { XRefusal } from "./wire.ts";

export const xSandboxCredentials = {
  consumerKey: "sandboxXConsumerKey",
  consumerSecret: "sandboxXConsumer&Secret",
  accessToken: "12345678-sandboxXAccessToken",
  accessTokenSecret: "sandboxXAccessTokenSecret",
} as const;

const strictlyEncoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const longestSkewSeconds = 300;

/** Query parameters exactly as they came: X signs what was sent, so `+` is a plus and not a space. */
const parametersOf = (rawQuery: string): [name: string, value: string][] =>
  rawQuery === ""
    ? []
    : rawQuery.split("&").map((pair) => {
        const [name = "", ...rest] = pair.split("=");
        return [decodeURIComponent(name), decodeURIComponent(rest.join("="))];
      });

const refused = (message: string): XRefusal => new XRefusal(401, "UNAUTHORIZED_ACCESS", message);

/** Checks signatures as X does: computed anew from what came over the wire. A nonce is good for one request. */
export const createOauth = (clock: () => Date) => {
  const used = new Set<string>();
  return (exchange: Exchange): void => {
    const header = exchange.headers.authorization ?? "";
    if (!header.startsWith("OAuth ")) throw refused("This request is not properly authenticated");
    const given = new Map<string, string>();
    for (const part of header.slice("OAuth ".length).split(",")) {
      const match = /^\s*([a-z_]+)="([^"]*)"\s*$/.exec(part);
      if (match?.[1] !== undefined) given.set(match[1], decodeURIComponent(match[2] ?? ""));
    }
    const { consumerKey, consumerSecret, accessToken, accessTokenSecret } = xSandboxCredentials;
    if (
      given.get("oauth_signature_method") !== "HMAC-SHA1" ||
      (given.get("oauth_version") ?? "1.0") !== "1.0"
    )
      throw refused("The signature method is not supported");
    if (given.get("oauth_consumer_key") !== consumerKey || given.get("oauth_token") !== accessToken)
      throw refused("Invalid or expired token");
    const timestamp = given.get("oauth_timestamp") ?? "";
    if (Math.abs(Number(timestamp) - clock().getTime() / 1_000) > longestSkewSeconds)
      throw refused("Timestamp out of bounds");
    const nonce = `${given.get("oauth_nonce") ?? ""} ${timestamp}`;
    if (used.has(nonce)) throw refused("The nonce was used before");
    const pairs = [
      ...parametersOf(exchange.rawQuery),
      ...[...given].filter(([name]) => name !== "oauth_signature"),
    ]
      .map(([name, value]) => [strictlyEncoded(name), strictlyEncoded(value)] as const)
      .toSorted(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join("&");
    const url = `http://${exchange.headers.host ?? ""}${exchange.path}`;
    const base = [exchange.method, strictlyEncoded(url), strictlyEncoded(pairs)].join("&");
    const key = `${strictlyEncoded(consumerSecret)}&${strictlyEncoded(accessTokenSecret)}`;
    if (createHmac("sha1", key).update(base).digest("base64") !== given.get("oauth_signature"))
      throw refused("Could not authenticate you: the signature does not match");
    used.add(nonce);
    if (used.size > 50_000) used.clear();
  };
};
