/** An answer of X that is an error. */
export class XRefusal extends Error {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    parameter?: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.headers = headers;
    this.body = {
      errors: [{ code, message, ...(parameter === undefined ? {} : { parameter, details: "", value: "" }) }],
      request: { params: {} },
    };
  }
}

export const invalid = (parameter: string, message: string, code = "INVALID_PARAMETER"): XRefusal =>
  new XRefusal(400, code, message, parameter);

export type Params = ReadonlyMap<string, string>;

export const required = (params: Params, name: string): string => {
  const value = params.get(name);
  if (value === undefined || value === "")
    throw invalid(name, `${name} is a required parameter`, "MISSING_PARAMETER");
  return value;
};

export const listOf = (params: Params, name: string, most: number): readonly string[] | undefined => {
  const text = params.get(name);
  if (text === undefined) return undefined;
  const ids = text.split(",");
  if (ids.length > most) throw invalid(name, `${name} takes at most ${most} values`);
  if (ids.some((id) => id === "")) throw invalid(name, `${name} has an empty value`);
  return ids;
};

/** A number that JSON can write and JavaScript cannot hold. */
export const rawNumber = (digits: string): string => `\u0000${digits}\u0000`;

/** JSON text in which raw numbers stand as numbers. */
export const jsonText = (body: unknown): string =>
  JSON.stringify(body).replaceAll(/"\\u0000(\d+)\\u0000"/g, "$1");

export const utcText = (instant: Date): string => instant.toISOString().replace(/\.\d{3}Z$/, "Z");

/** One page of an entity list; the cursor is good for the same list only. */
export const pageOf = <T>(path: string, params: Params, rows: readonly T[]) => {
  const count = Number(params.get("count") ?? 200);
  if (!Number.isInteger(count) || count < 1 || count > 1_000)
    throw invalid("count", "count must be 1 to 1000");
  const cursor = params.get("cursor");
  const [start, of] =
    cursor === undefined ? ["0", path] : Buffer.from(cursor, "base64url").toString().split("|");
  if (of !== path || !/^\d+$/.test(start ?? "")) throw invalid("cursor", "the cursor is not valid");
  const from = Number(start);
  const next = from + count;
  return {
    request: { params: Object.fromEntries(params) },
    next_cursor: next < rows.length ? Buffer.from(`${next}|${path}`).toString("base64url") : null,
    data: rows.slice(from, next),
  };
};
