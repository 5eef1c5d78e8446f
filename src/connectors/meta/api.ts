import { createHmac } from "node:crypto";
import { exchange, type TextAnswer } from "../wire/exchange.ts";
import type { MetaSettings } from "./settings.ts";

export type ApiParams = Readonly<Record<string, unknown>>;

export type Api = (call: {
  readonly method: "GET" | "POST";
  readonly path: readonly string[];
  readonly params: ApiParams;
  /** The platform's name of the call. */
  readonly name: string;
  readonly signal: AbortSignal;
}) => Promise<TextAnswer>;

const pairsOf = (params: ApiParams): [string, string][] =>
  Object.entries(params)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]);

/**
 * The Graph API as Meta's SDK speaks it, without the SDK: that pins version and host, writes the token into
 * addresses and errors, hides the headers of answers, and knows neither timeout nor abort. The tests hold fields,
 * edges and parameters against it.
 */
export const openApi = (settings: MetaSettings): Api => {
  const { accessToken, appSecret, endpoints, apiVersion } = settings;
  const proof =
    appSecret === undefined ? undefined : createHmac("sha256", appSecret).update(accessToken).digest("hex");

  return ({ method, path, params, name, signal }) => {
    const url = new URL([endpoints.graph, apiVersion, ...path.map(encodeURIComponent)].join("/"));
    const pairs = pairsOf(params);
    if (method === "GET") for (const [key, value] of pairs) url.searchParams.set(key, value);
    // "Secure Graph API Calls": every call is signed.
    if (proof !== undefined) url.searchParams.set("appsecret_proof", proof);
    return exchange({
      url,
      method,
      headers: {
        authorization: `Bearer ${accessToken}`,
        ...(method === "POST" && { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" }),
      },
      ...(method === "POST" && { body: new URLSearchParams(pairs).toString() }),
      call: name,
      platform: "meta",
      signal,
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting: "connectors.meta.timeoutSeconds",
    });
  };
};
