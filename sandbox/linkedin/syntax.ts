/**
 * Rest.li 2.0 query syntax as a server reads it: structure first, on the raw text, and only then the percent signs
 * of each primitive. Anything unexpected is an error; a lenient reader would hide double encoding.
 */
export type Value =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly Value[] }
  | { readonly kind: "record"; readonly parts: ReadonlyMap<string, Value> };

/** A parameter that is malformed or not allowed; answered as 400 `PARAM_INVALID`. */
export class ParameterError extends Error {
  readonly parameter: string;
  readonly code: string;
  constructor(parameter: string, message: string, code = "PARAM_INVALID") {
    super(message);
    this.parameter = parameter;
    this.code = code;
  }
}

const decodePrimitive = (parameter: string, raw: string): string => {
  if (raw === "%27%27" || raw === "''") return "";
  if (raw === "") throw new ParameterError(parameter, "empty value");
  if (!/^(?:[A-Za-z0-9_.~!*$-]|%[0-9A-Fa-f]{2})+$/.test(raw))
    throw new ParameterError(parameter, `unexpected character in ${JSON.stringify(raw.slice(0, 40))}`);
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new ParameterError(parameter, "broken percent-encoding");
  }
};

const parseValue = (parameter: string, raw: string): Value => {
  let at = 0;
  const fail = (what: string): never => {
    throw new ParameterError(parameter, `${what} at ${at} of ${JSON.stringify(raw.slice(0, 60))}`);
  };
  const expect = (char: string): void => {
    if (raw[at] !== char) fail(`expected ${char}`);
    at += 1;
  };
  const primitive = (): string => {
    const end = raw.slice(at).search(/[(),:]/);
    const text = end < 0 ? raw.slice(at) : raw.slice(at, at + end);
    at += text.length;
    return decodePrimitive(parameter, text);
  };
  const sequence = (one: () => void): void => {
    expect("(");
    if (raw[at] === ")") {
      at += 1;
      return;
    }
    for (;;) {
      one();
      if (raw[at] === ")") break;
      expect(",");
    }
    at += 1;
  };
  const value = (): Value => {
    if (raw.startsWith("List(", at)) {
      at += 4;
      const items: Value[] = [];
      sequence(() => items.push(value()));
      return { kind: "list", items };
    }
    if (raw[at] === "(") {
      const parts = new Map<string, Value>();
      sequence(() => {
        const key = primitive();
        expect(":");
        parts.set(key, value());
      });
      return { kind: "record", parts };
    }
    return { kind: "text", text: primitive() };
  };
  const whole = value();
  if (at !== raw.length) fail("unexpected text");
  return whole;
};

export interface Query {
  readonly parameters: ReadonlyMap<string, Value>;
  /** `fields` is a bare comma list, unlike everything else. */
  readonly fields: readonly string[] | undefined;
}

export const parseQuery = (raw: string): Query => {
  const parameters = new Map<string, Value>();
  let fields: string[] | undefined;
  for (const pair of raw === "" ? [] : raw.split("&")) {
    const cut = pair.indexOf("=");
    const name = cut < 0 ? pair : pair.slice(0, cut);
    // `accounts[0]` and `dateRange.start.day` are protocol 1.0.
    if (cut < 0 || !/^[A-Za-z]+$/.test(name)) throw new ParameterError(name, "malformed parameter");
    if (parameters.has(name)) throw new ParameterError(name, "given twice");
    const text = pair.slice(cut + 1);
    if (name === "fields") fields = text.split(",").map((field) => decodePrimitive("fields", field));
    else parameters.set(name, parseValue(name, text));
  }
  return { parameters, fields };
};

/** Text of a primitive, or of an enum in its wrapped form `(value:X)`. */
export const textIn = (name: string, value: Value | undefined): string => {
  if (value?.kind === "text") return value.text;
  const wrapped = value?.kind === "record" && value.parts.size === 1 ? value.parts.get("value") : undefined;
  if (wrapped?.kind === "text") return wrapped.text;
  throw new ParameterError(name, value ? "must be a single value" : "is required");
};

export const listIn = (name: string, value: Value | undefined): readonly string[] => {
  if (value?.kind !== "list") throw new ParameterError(name, value ? "must be a List" : "is required");
  return value.items.map((item) => textIn(name, item));
};

export const recordIn = (name: string, value: Value | undefined): ReadonlyMap<string, Value> => {
  if (value?.kind !== "record") throw new ParameterError(name, value ? "must be a record" : "is required");
  return value.parts;
};

/** The numeric id in a URN of the kind; anything else, such as a URN that was encoded twice, is refused. */
export const urnId = (name: string, kind: string, text: string): string => {
  const match = /^urn:(?:li|lla):([A-Za-z]+):(\d+)$/.exec(text);
  if (match?.[1] !== kind || match[2] === undefined)
    throw new ParameterError(name, `is no ${kind} URN: ${text.slice(0, 60)}`);
  return match[2];
};
