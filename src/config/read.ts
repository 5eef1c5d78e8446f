import { LineCounter, parseDocument, visit } from "yaml";
import { type Problem, pathText } from "./problems.ts";
import { fillIn, type Reference, restore, takeOut } from "./references.ts";

/** The file's content with the environment filled in, before anything is checked. */
export interface RawConfig {
  readonly tree: unknown;
  readonly problems: readonly Problem[];
  /** Paths that came out empty, and the name that was empty there. */
  readonly emptied: ReadonlyMap<string, string>;
}

// The parser's own messages quote the file, which may hold secrets: its codes are put into words here.
const syntaxWords: Readonly<Record<string, string>> = {
  BAD_INDENT: "the indentation does not fit",
  TAB_AS_INDENT: "a tab is used to indent; use spaces",
  DUPLICATE_KEY: "a key stands here for the second time",
  MISSING_CHAR: "a quote, bracket, comma or colon is missing",
  MULTIPLE_DOCS: "the file holds more than one document",
  UNEXPECTED_TOKEN: "something here does not belong; text with special characters needs quotes",
  BAD_ALIAS: "an alias (*name) leads nowhere or too far",
  TAG_RESOLVE_FAILED: "a tag (!name) is not known",
};

/** What stands there as a number but is not how a number is written: `007`, `1.50`, `12e3`, `+45`. It may be an id or a secret. */
const losesDigits = (value: unknown, written: string | undefined): written is string =>
  (typeof value === "number" || typeof value === "bigint") &&
  written !== undefined &&
  /^[-+]?\d/.test(written) &&
  String(value) !== written;

/** Reads the YAML. A syntax error is named by its line alone. */
export const parseYaml = (name: string, text: string): { tree: unknown; problems: readonly Problem[] } => {
  const lineCounter = new LineCounter();
  // "error": a warning of the library would quote the file.
  const document = parseDocument(text, {
    intAsBigInt: true,
    lineCounter,
    logLevel: "error",
    prettyErrors: false,
  });
  const problemAt = (offset: number, code: string): Problem => ({
    path: `${name}:${String(lineCounter.linePos(offset).line)}`,
    message: `${syntaxWords[code] ?? "this is not valid YAML"}; mend the line`,
  });
  const problems = [...document.errors, ...document.warnings].map(({ code, pos }) => problemAt(pos[0], code));
  visit(document, {
    Alias: (_, alias, ancestors) => {
      const target = alias.resolve(document);
      if (target === undefined || ancestors.includes(target))
        problems.push(problemAt(alias.range?.[0] ?? 0, "BAD_ALIAS"));
    },
    Scalar: (_, scalar) => {
      if (losesDigits(scalar.value, scalar.source)) scalar.value = scalar.source;
    },
  });
  if (problems.length > 0) return { tree: undefined, problems };
  try {
    return { tree: document.toJS() ?? {}, problems };
  } catch {
    // Aliases that would blow the document up.
    return { tree: undefined, problems: [problemAt(0, "BAD_ALIAS")] };
  }
};

/** Fills in the references of a parsed tree. Digits of long ids survive: integers beyond 2^53 stay bigint. */
const fillTree = (
  tree: unknown,
  references: readonly Reference[],
  env: Readonly<Record<string, string | undefined>>,
): RawConfig => {
  const problems: Problem[] = [];
  const emptied = new Map<string, string>();

  const walkText = (text: string, path: PropertyKey[]): string | undefined => {
    const { text: filled, unset, names } = fillIn(text, references, env);
    const where = pathText(path);
    for (const name of unset)
      problems.push({
        path: where,
        message: `wants ${name}, which is not set; set it in the environment or in .env`,
      });
    if (names.length > 0 && filled === "") {
      if (unset.length === 0) emptied.set(where, names.join(", "));
      return undefined;
    }
    if (text.includes("${"))
      problems.push({ path: where, message: "holds a ${ that is neither ${NAME} nor ${NAME:-default}" });
    return filled;
  };

  const walk = (value: unknown, path: PropertyKey[]): unknown => {
    if (typeof value === "string") return walkText(value, path);
    if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    if (Array.isArray(value)) {
      const items = value.map((item, index) => walk(item, [...path, index]));
      // What came out empty counts as not written; what lacks its variable keeps its place in the list.
      const kept = items.filter((_, index) => !emptied.has(pathText([...path, index])));
      return kept.length === 0 && items.length > 0 ? undefined : kept;
    }
    if (typeof value !== "object" || value === null) return value ?? undefined;
    const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
      const name = restore(key, references);
      return [name, walk(item, [...path, name])];
    });
    return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
  };

  return { tree: walk(tree, []), problems, emptied };
};

/** The file's text as a tree of values. */
export const readConfig = (
  name: string,
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): RawConfig => {
  const { text: marked, references } = takeOut(text);
  const { tree, problems } = parseYaml(name, marked);
  if (problems.length > 0) return { tree: undefined, problems, emptied: new Map() };
  return fillTree(tree, references, env);
};
