/**
 * Rest.li 2.0 query syntax. Parentheses, colons and commas of the structure travel raw and only the primitives are
 * percent-encoded, which is why none of this may pass through `URLSearchParams`: it would encode them all.
 */
export type Restli = string | number | boolean | readonly Restli[] | { readonly [key: string]: Restli };

export type Parameters = Readonly<Record<string, Restli>>;

const reserved: Readonly<Record<string, string>> = { "(": "%28", ")": "%29", "'": "%27" };

const primitive = (value: string | number | boolean): string =>
  value === "" ? "%27%27" : encodeURIComponent(value).replaceAll(/[()']/g, (char) => reserved[char] ?? char);

const isList = (value: Restli): value is readonly Restli[] => Array.isArray(value);

export const encode = (value: Restli): string => {
  if (isList(value)) return `List(${value.map(encode).join(",")})`;
  if (typeof value === "object")
    return `(${Object.entries(value)
      .map(([key, part]) => `${primitive(key)}:${encode(part)}`)
      .join(",")})`;
  return primitive(value);
};

/** The query of a call, without the `?`. `fields` is the one parameter that is a bare comma list, not a `List(...)`. */
export const queryOf = (parameters: Parameters, fields: readonly string[] = []): string =>
  [
    ...Object.entries(parameters).map(([name, value]) => `${name}=${encode(value)}`),
    ...(fields.length > 0 ? [`fields=${fields.join(",")}`] : []),
  ].join("&");

const urnPattern = /^urn:(?:li|lla):([A-Za-z]+):(.+)$/;

/** The bare id in a URN of the given kind; a bare id stays as it is, another kind is undefined. */
export const idIn = (kind: string, value: unknown): string | undefined => {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string") return undefined;
  const match = urnPattern.exec(text);
  if (match) return match[1] === kind ? match[2] : undefined;
  return /^\d+$/.test(text) ? text : undefined;
};

export const accountUrn = (id: string): string => `urn:li:sponsoredAccount:${id}`;
export const campaignUrn = (id: string): string => `urn:li:sponsoredCampaign:${id}`;
