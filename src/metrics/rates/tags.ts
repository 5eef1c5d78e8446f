import { malformed } from "./malformed.ts";

/** A tag of an XML text: `text` is what stands between its name and its end. */
export interface Tag {
  readonly kind: "open" | "close" | "empty";
  readonly name: string;
  readonly text: string;
}

/** Far more than any tag or comment of these files has; a bound on what is held in memory. */
const longestTag = 4_096;

/** Where the markup that begins at `start` ends (behind its last character), or -1 where more has to come. */
const endOf = (text: string, start: number): number => {
  for (const [begin, end] of [
    ["<!--", "-->"],
    ["<?", "?>"],
  ] as const) {
    if (text.startsWith(begin, start)) {
      const at = text.indexOf(end, start + begin.length);
      return at < 0 ? -1 : at + end.length;
    }
  }
  // A > in quotes ends no tag.
  for (let at = start + 1, quote = ""; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote) {
      if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === ">") return at + 1;
    else if (char === "<") throw malformed("has a tag inside of a tag");
  }
  return -1;
};

const tagPattern = /^<(\/?)([A-Za-z_][\w.:-]*)((?:\s[\s\S]*?)?)(\/?)>$/;

const tagOf = (markup: string): Tag | undefined => {
  if (markup.startsWith("<?") || markup.startsWith("<!--")) return undefined;
  // Declarations (<!DOCTYPE, <!ENTITY, <![CDATA[) have no place in these files.
  const [, slash, name = "", text = "", empty] = tagPattern.exec(markup) ?? [];
  if (name === "") throw malformed(`cannot be read at ${JSON.stringify(markup.slice(0, 40))}`);
  return { kind: slash ? "close" : empty ? "empty" : "open", name, text };
};

/** A comment's beginning may be cut: `<!-` must not be taken for a declaration. */
const needsMore = (text: string, start: number): boolean =>
  text.length - start < 4 && "<!--".startsWith(text.slice(start));

/** The tags of an XML text that arrives in chunks cut anywhere, also inside of a character. */
export async function* tags(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Tag> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for await (const chunk of chunks) {
    text += decode(decoder, chunk);
    let position = 0;
    for (;;) {
      const start = text.indexOf("<", position);
      if (start < 0) {
        position = text.length;
        break;
      }
      position = start;
      if (needsMore(text, start)) break;
      const end = endOf(text, start);
      if (end < 0) break;
      position = end;
      const tag = tagOf(text.slice(start, end));
      if (tag) yield tag;
    }
    text = text.slice(position);
    if (text.length > longestTag) throw malformed("has a tag without an end");
  }
  if (text !== "" || decode(decoder) !== "")
    throw malformed("the file ends inside of a tag", { code: "incomplete" });
}

const decode = (decoder: TextDecoder, chunk?: Uint8Array): string => {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch (cause) {
    throw malformed("the file is no UTF-8 text", { cause });
  }
};

/** The attributes of a tag, in either kind of quotes. */
export const attributesOf = (text: string): { readonly [name: string]: string | undefined } => {
  const attributes: { [name: string]: string } = Object.create(null) as { [name: string]: string };
  const rest = text.replaceAll(
    /\s+([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g,
    (_, name: string, double?: string, single?: string) => {
      if (name in attributes) throw malformed(`has the attribute ${name} twice`);
      attributes[name] = double ?? single ?? "";
      return "";
    },
  );
  if (rest.trim() !== "") throw malformed(`cannot be read at ${JSON.stringify(rest.trim().slice(0, 40))}`);
  return attributes;
};
