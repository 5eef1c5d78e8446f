/** What a query may ask by name. */
export interface Asked {
  readonly since: string;
  readonly from: string;
  readonly to: string;
}

// What is quoted or a comment is left alone, and so are casts (`::`).
const parts =
  /('(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]*)\$[\s\S]*?\$\2\$|::)|:(since|from|to)\b/g;

const types = { since: "timestamptz", from: "date", to: "date" } as const;

/** The query with `:since`, `:from` and `:to` as bound values. */
export const queryParameters = (
  query: string,
  asked: Asked,
): { readonly text: string; readonly values: readonly string[] } => {
  const values: string[] = [];
  const places = new Map<string, number>();
  const text = query.replaceAll(
    parts,
    (whole, kept: string | undefined, _tag, name: keyof Asked | undefined) => {
      if (kept !== undefined || name === undefined) return whole;
      let place = places.get(name);
      if (place === undefined) {
        place = values.push(asked[name]);
        places.set(name, place);
      }
      return `$${String(place)}::${types[name]}`;
    },
  );
  return { text: text.trim().replace(/;\s*$/, ""), values };
};
