import { createHmac, randomBytes, randomInt } from "node:crypto";
import { consentPage, decisionLinks, errorPage, loopback, sendTo } from "../consent.ts";
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

/** A token of OAuth 1.0a: a user's, or one that waits for a user's consent. */
interface Token {
  readonly secret: string;
  /** Whoever signed in reaches no account. */
  readonly isStranger: boolean;
}

export interface Oauth {
  /** Whether the token of the call is of somebody who reaches no account. @throws XRefusal */
  check(exchange: Exchange): boolean;
  /** Answers what belongs to signing in; false where the path is another. */
  answers(exchange: Exchange): boolean;
  /** Which callback addresses are registered. */
  registered: (callback: string) => boolean;
  /** Whether callbacks are confirmed, as they are since OAuth 1.0a. */
  confirms: boolean;
}

const page = (exchange: Exchange, body: string): void =>
  exchange.text(200, consentPage("X: sandbox", body), { "content-type": "text/html; charset=utf-8" });

/** Checks signatures as X does: computed anew from what came over the wire. A nonce is good for one request. */
export const createOauth = (clock: () => Date): Oauth => {
  const used = new Set<string>();
  const users = new Map<string, Token>([
    [xSandboxCredentials.accessToken, { secret: xSandboxCredentials.accessTokenSecret, isStranger: false }],
  ]);
  /** Request tokens, and once somebody has decided, the verifier. */
  const requested = new Map<
    string,
    { readonly secret: string; readonly callback: string; verifier?: string; isStranger: boolean }
  >();

  /** What the signed header gives. `secretOf`: the secret of its token; undefined where there is no such token. */
  const signed = (
    exchange: Exchange,
    secretOf: (token: string | undefined) => string | undefined,
  ): ReadonlyMap<string, string> => {
    const header = exchange.headers.authorization ?? "";
    if (!header.startsWith("OAuth ")) throw refused("This request is not properly authenticated");
    const given = new Map<string, string>();
    for (const part of header.slice("OAuth ".length).split(",")) {
      const match = /^\s*([a-z_]+)="([^"]*)"\s*$/.exec(part);
      if (match?.[1] !== undefined) given.set(match[1], decodeURIComponent(match[2] ?? ""));
    }
    const { consumerKey, consumerSecret } = xSandboxCredentials;
    if (
      given.get("oauth_signature_method") !== "HMAC-SHA1" ||
      (given.get("oauth_version") ?? "1.0") !== "1.0"
    )
      throw refused("The signature method is not supported");
    const tokenSecret = secretOf(given.get("oauth_token"));
    if (given.get("oauth_consumer_key") !== consumerKey || tokenSecret === undefined)
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
    const key = `${strictlyEncoded(consumerSecret)}&${strictlyEncoded(tokenSecret)}`;
    if (createHmac("sha1", key).update(base).digest("base64") !== given.get("oauth_signature"))
      throw refused("Could not authenticate you: the signature does not match");
    used.add(nonce);
    if (used.size > 50_000) used.clear();
    return given;
  };

  const form = (exchange: Exchange, fields: Readonly<Record<string, string>>): void =>
    exchange.text(200, new URLSearchParams(fields).toString(), {
      "content-type": "text/html;charset=utf-8",
    });
  const secret = (): string => randomBytes(20).toString("base64url");

  const requestToken = (exchange: Exchange): void => {
    const given = signed(exchange, (token) => (token === undefined ? "" : undefined));
    const callback = given.get("oauth_callback") ?? "";
    if (callback !== "oob" && !oauth.registered(callback))
      throw new XRefusal(
        403,
        "CALLBACK_URL_NOT_APPROVED",
        "Callback URL not approved for this client application.",
      );
    const token = secret();
    requested.set(token, { secret: secret(), callback, isStranger: false });
    form(exchange, {
      oauth_token: token,
      oauth_token_secret: requested.get(token)?.secret ?? "",
      oauth_callback_confirmed: String(oauth.confirms),
    });
  };

  const authorize = (exchange: Exchange): void => {
    const query = new URLSearchParams(exchange.rawQuery);
    const token = query.get("oauth_token") ?? "";
    const waiting = requested.get(token);
    if (!waiting || waiting.verifier !== undefined)
      return errorPage(exchange, "X", "The request token for this page is invalid.");
    const decision = query.get("sandbox_decision");
    if (decision === null)
      return page(
        exchange,
        "<p>costper asks for the app's own permission. Nobody is asked for a password here.</p>" +
          decisionLinks(exchange, [
            ["allow", "Sign in and allow"],
            ["stranger", "Sign in as somebody without any account, and allow"],
            ["deny", "Deny"],
          ]),
      );
    const isOob = waiting.callback === "oob";
    if (decision === "deny") {
      requested.delete(token);
      if (isOob) return page(exchange, "<p>You have denied the access.</p>");
      return sendTo(exchange, `${waiting.callback}?${new URLSearchParams({ denied: token }).toString()}`);
    }
    waiting.verifier = isOob ? String(randomInt(1_000_000, 9_999_999)) : secret();
    waiting.isStranger = decision === "stranger";
    if (isOob) return page(exchange, `<p>Type this PIN: <code id="pin">${waiting.verifier}</code></p>`);
    const answer = new URLSearchParams({ oauth_token: token, oauth_verifier: waiting.verifier });
    return sendTo(exchange, `${waiting.callback}?${answer.toString()}`);
  };

  const accessToken = (exchange: Exchange): void => {
    const given = signed(exchange, (token = "") => requested.get(token)?.secret);
    const token = given.get("oauth_token") ?? "";
    const waiting = requested.get(token);
    requested.delete(token);
    if (waiting?.verifier === undefined || given.get("oauth_verifier") !== waiting.verifier)
      throw refused("Invalid oauth_verifier parameter");
    const [access, accessSecret] = [`12345678-${secret()}`, secret()];
    users.set(access, { secret: accessSecret, isStranger: waiting.isStranger });
    form(exchange, {
      oauth_token: access,
      oauth_token_secret: accessSecret,
      user_id: "12345678",
      screen_name: "sandbox",
    });
  };

  const oauth: Oauth = {
    registered: (callback) => loopback.test(callback),
    confirms: true,
    check(exchange) {
      const given = signed(exchange, (token = "") => users.get(token)?.secret);
      return users.get(given.get("oauth_token") ?? "")?.isStranger === true;
    },
    answers(exchange) {
      const { method, path } = exchange;
      if (method === "POST" && path === "/oauth/request_token") requestToken(exchange);
      else if (method === "POST" && path === "/oauth/access_token") accessToken(exchange);
      else if (method === "GET" && path === "/oauth/authorize") authorize(exchange);
      else return false;
      return true;
    },
  };
  return oauth;
};
