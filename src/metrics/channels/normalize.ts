/** Text as it is compared: blanks collapsed, lower case. Absent is `""`; numbers become text, other things absent. */
export const normalize = (value: unknown): string => {
  const text = asText(value);
  if (text === "") return "";
  const plain = text
    // A blank that a tagging tool left encoded. The list's own `google+` ends in a plus and keeps it.
    .replaceAll(/%20|(?<=\S)\+(?=\S)/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim()
    .toLowerCase();
  return plain === "null" || plain === "undefined" ? "" : plain;
};

/** A host as lists hold it, out of a host or a whole URL: without port, trailing dot and one leading `www.`. */
export const normalizeHost = (value: unknown): string => {
  let host = normalize(value);
  if (host === "" || host.startsWith("(")) return "";
  const scheme = host.indexOf("://");
  if (scheme >= 0) host = host.slice(scheme + 3);
  host = host
    .replace(/[/?#].*$/, "")
    .replace(/:\d*$/, "")
    .replace(/\.$/, "");
  return host.startsWith("www.") ? host.slice(4) : host;
};

/** Whether a click id is there at all: placeholders such as `(not set)` prove nothing. */
export const isPresent = (value: unknown): boolean => {
  if (value === undefined || value === null || value === "") return false;
  const text = normalize(value);
  return text !== "" && !text.startsWith("(");
};

const asText = (value: unknown): string =>
  typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
      ? String(value)
      : "";
