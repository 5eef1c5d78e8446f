import { createHmac } from "node:crypto";
import { Failure } from "../../domain/failure.ts";

interface ApiOptions {
  /** Scheme, host and port. */
  readonly baseUrl: string;
  readonly version: string;
  readonly token: string;
  readonly appSecret: string | undefined;
  /** The call is given up when nothing has come for so long. */
  readonly idleMs: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export type ApiParams = Readonly<Record<string, unknown>>;

export type Api = (
  method: "GET" | "POST",
  path: readonly string[],
  params: ApiParams,
  signal: AbortSignal,
) => Promise<ApiAnswer>;

/** However steadily it drips, an answer that takes this many idle times is given up. */
const totalPerIdle = 10;

/**
 * The only file that knows Meta's SDK. Its transport is replaced whole: as it comes it pins API version and host,
 * writes the token into URLs and errors, hides response headers, and has neither timeout nor abort.
 */
export const openApi = async (options: ApiOptions): Promise<Api> => {
  const { FacebookAdsApi } = await import("facebook-nodejs-business-sdk");
  const proof =
    options.appSecret === undefined
      ? undefined
      : createHmac("sha256", options.appSecret).update(options.token).digest("hex");

  class MetaApi extends FacebookAdsApi {
    readonly signal: AbortSignal;

    constructor(signal: AbortSignal) {
      // The third argument keeps the SDK from installing a process-wide handler that reports crashes to Meta.
      super(options.token, "en_US", false);
      this.signal = signal;
    }

    override async call<T>(
      method: string,
      path: string | readonly string[],
      params: ApiParams = {},
    ): Promise<T> {
      if (typeof path === "string") throw new RangeError("pages are asked for by cursor, never by URL");
      const url = new URL([options.baseUrl, options.version, ...path.map(encodeURIComponent)].join("/"));
      const pairs = Object.entries(params)
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([key, value]): [string, string] => [
          key,
          typeof value === "object" ? JSON.stringify(value) : String(value),
        ]);
      const body = method === "POST" ? new URLSearchParams(pairs) : null;
      if (!body) for (const [key, value] of pairs) url.searchParams.set(key, value);
      if (proof !== undefined) url.searchParams.set("appsecret_proof", proof);
      const headers = { authorization: `Bearer ${options.token}` };
      return (await exchange(
        url,
        { method, headers, body, redirect: "error" },
        options.idleMs,
        this.signal,
      )) as T;
    }
  }

  return (method, path, params, signal) => new MetaApi(signal).call<ApiAnswer>(method, path, params);
};

/** One exchange that ends when the caller aborts, when nothing comes any more, or when it takes far too long. */
const exchange = async (
  url: URL,
  init: RequestInit,
  idleMs: number,
  signal: AbortSignal,
): Promise<ApiAnswer> => {
  signal.throwIfAborted();
  const controller = new AbortController();
  const give = (message: string) => () =>
    controller.abort(new Failure({ kind: "transient", platform: "meta", message }));
  const onAbort = () => controller.abort(signal.reason);
  const idle = setTimeout(give(`no answer for ${idleMs / 1_000} s`), idleMs);
  const total = setTimeout(give("the answer did not end in time"), idleMs * totalPerIdle);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const response = await fetch(url, { ...init, signal: controller.signal });
    const parts: string[] = [];
    const decoder = new TextDecoder();
    const reader = response.body?.getReader();
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
      idle.refresh();
      parts.push(decoder.decode(chunk.value, { stream: true }));
    }
    return {
      status: response.status,
      headers: response.headers,
      text: parts.join("") + decoder.decode(),
    };
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason;
    throw connectionFailure(error);
  } finally {
    clearTimeout(idle);
    clearTimeout(total);
    signal.removeEventListener("abort", onAbort);
  }
};

const connectionFailure = (error: unknown): Failure => {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = (cause as { code?: unknown }).code;
  return new Failure({
    kind: "transient",
    platform: "meta",
    message: `the connection failed${typeof code === "string" ? ` (${code})` : ""}`,
    remedy: "check the network, a proxy, and connectors.meta.endpoints.graph",
  });
};
