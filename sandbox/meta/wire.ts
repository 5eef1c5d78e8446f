import { createHash } from "node:crypto";
import type { Exchange } from "../server.ts";

/** An answer of the Graph API that is an error. */
export class GraphFault extends Error {
  readonly status: number;
  readonly body: { readonly error: Readonly<Record<string, unknown>> };

  constructor(message: string, code: number, subcode?: number, status = 400, type = "OAuthException") {
    super(message);
    this.status = status;
    this.body = {
      error: {
        message,
        type,
        code,
        ...(subcode === undefined ? {} : { error_subcode: subcode }),
        fbtrace_id: "SandboxTrace1",
      },
    };
  }
}

export type Params = ReadonlyMap<string, string>;

/** Parameters of the query and of the body, form-encoded or JSON; structured values are JSON text either way. */
export const paramsOf = (exchange: Exchange): Params => {
  const params = new Map(new URLSearchParams(exchange.rawQuery));
  if (exchange.method !== "POST" || exchange.body === "") return params;
  if (exchange.headers["content-type"]?.includes("json")) {
    for (const [key, value] of Object.entries(JSON.parse(exchange.body) as Record<string, unknown>))
      params.set(key, typeof value === "string" ? value : JSON.stringify(value));
  } else for (const [key, value] of new URLSearchParams(exchange.body)) params.set(key, value);
  return params;
};

const badParam = (name: string): GraphFault => new GraphFault(`(#100) Invalid parameter: ${name}`, 100);

export const jsonParam = (params: Params, name: string): unknown => {
  const text = params.get(name);
  if (text === undefined || text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badParam(name);
  }
};

/** A list, as JSON or with commas. */
export const listParam = (params: Params, name: string): readonly string[] | undefined => {
  const text = params.get(name);
  if (text === undefined || text === "") return undefined;
  if (!text.startsWith("[")) return text.split(",").map((part) => part.trim());
  const list = jsonParam(params, name);
  if (!Array.isArray(list) || !list.every((item) => typeof item === "string")) throw badParam(name);
  return list;
};

const unpaged = new Set(["after", "before", "access_token", "appsecret_proof"]);
/** What a cursor is good for: the same path with the same parameters. */
const fingerprint = (path: string, params: Params): string => {
  const parts = [...params].filter(([key]) => !unpaged.has(key)).map((pair) => pair.join("="));
  return createHash("sha256")
    .update(JSON.stringify([path, ...parts.toSorted()]))
    .digest("hex")
    .slice(0, 16);
};

/** One page of a list. `next` is a URL with the token in it, on Meta's own host, and only where there is more. */
export const pageOf = <T>(
  rows: readonly T[],
  request: { path: string; params: Params; token: string; pageSize: number },
) => {
  const { path, params, token } = request;
  const limit = Number(params.get("limit") ?? request.pageSize);
  if (!Number.isInteger(limit) || limit < 1) throw badParam("limit");
  const print = fingerprint(path, params);
  const [offsetText, cursorPrint] = (params.get("after") ?? `0.${print}`).split(".");
  const offset = Number(offsetText);
  if (!Number.isInteger(offset) || cursorPrint !== print) throw badParam("after");
  const data = rows.slice(offset, offset + limit);
  if (data.length === 0) return { data };
  const cursors = { before: `${offset}.${print}`, after: `${offset + limit}.${print}` };
  if (offset + limit >= rows.length) return { data, paging: { cursors } };
  const query = new URLSearchParams([
    ...[...params].filter(([key]) => !unpaged.has(key)),
    ["access_token", token],
    ["after", cursors.after],
  ]);
  return { data, paging: { cursors, next: `https://graph.facebook.com${path}?${query.toString()}` } };
};
