import { closest, distance } from "fastest-levenshtein";
import * as z from "zod";
import { type Problem, pathText } from "./problems.ts";

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

const valueAt = (tree: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], tree);

/** The object, array or record under wrappers such as optional, default, refine and transform. */
const unwrapped = (schema: unknown): unknown => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return unwrapped(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in);
  return schema;
};

/** The branch of a union that a value means by its `type`. */
const branchOf = (union: z.ZodDiscriminatedUnion, value: unknown): unknown => {
  const { discriminator } = union.def;
  const named = (value as Record<string, unknown> | undefined)?.[discriminator];
  return union.options.find((option) => {
    const schema = unwrapped(option);
    const literal: unknown = schema instanceof z.ZodObject ? schema.shape[discriminator] : undefined;
    return literal instanceof z.ZodLiteral && literal.value === named;
  });
};

const branchWithKeys = (schema: unknown): unknown =>
  schema instanceof z.ZodUnion
    ? ((schema.options as readonly unknown[])
        .map(unwrapped)
        .find((option) => option instanceof z.ZodObject) ?? schema)
    : schema;

/** The keys that the schema knows at a path; none where it does not say. */
const knownKeys = (root: z.ZodType, path: Path, tree: unknown): readonly string[] => {
  let schema: unknown = unwrapped(root);
  for (const [depth, key] of path.entries()) {
    schema = branchWithKeys(schema);
    if (schema instanceof z.ZodObject) schema = unwrapped(schema.shape[String(key)]);
    else if (schema instanceof z.ZodArray) schema = unwrapped(schema.element);
    else if (schema instanceof z.ZodRecord) schema = unwrapped(schema.valueType);
    else return [];
    if (schema instanceof z.ZodDiscriminatedUnion)
      schema = branchOf(schema, valueAt(tree, path.slice(0, depth + 1)));
  }
  schema = branchWithKeys(schema);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
};

const unknownKey = (key: string, known: readonly string[]): string => {
  if (known.length === 0) return "is not a known key; remove it";
  const nearest = closest(key, known);
  // With more than half of it different the nearest key is a poor guess: all of them are named.
  const close = distance(key.toLowerCase(), nearest.toLowerCase()) * 2 <= key.length;
  return close
    ? `is not a known key; did you mean ${nearest}?`
    : `is not a known key; nearest is ${nearest}, known are ${known.join(", ")}`;
};

const kinds: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  bigint: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a section of keys",
  record: "a section of keys",
};

const wordsOf = (issue: Issue, tree: unknown, emptied: ReadonlyMap<string, string>): string => {
  const value = valueAt(tree, issue.path);
  if (value === undefined && issue.code !== "custom") {
    const name = emptied.get(pathText(issue.path));
    return name === undefined ? "is missing; add it" : `is missing: ${name} is empty`;
  }
  switch (issue.code) {
    case "invalid_type":
      return `must be ${kinds[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map(String).join(", ")}`;
    case "too_small":
      return typeof value === "string" || Array.isArray(value)
        ? "is empty; fill it in or remove the key"
        : `must be at least ${String(issue.minimum)}`;
    case "too_big":
      return `must be at most ${String(issue.maximum)}`;
    case "invalid_key":
      return issue.issues[0]?.message ?? "is no name that can be taken";
    case "invalid_union":
      // Without branches it is a discriminated union, which says what it takes itself.
      return issue.errors.length === 0 ? issue.message : unionWords(issue.errors);
    default:
      // Only texts of our own schemas get here; zod's never hold the value either.
      return issue.message;
  }
};

/** What each branch of a union would have taken. */
const unionWords = (branches: readonly (readonly Issue[])[]): string => {
  const words = branches.flatMap((issues) =>
    issues
      .filter(({ path }) => path.length === 0)
      .map((issue) =>
        issue.code === "invalid_type"
          ? (kinds[issue.expected] ?? issue.expected)
          : issue.code === "invalid_value"
            ? issue.values.map(String).join(", ")
            : issue.message.replace(/^must be /, ""),
      ),
  );
  return words.length > 0 ? `must be ${[...new Set(words)].join(" or ")}` : "does not have the right form";
};

const isNumber = (text: string): boolean => /^[-+.]?\d\S*$/.test(text) && Number.isFinite(Number(text));

/**
 * `${PORT}` gives text where a number is wanted, `apiVersion: 202609` a number where text is: both are meant well.
 * What YAML takes for a number comes as text where its digits would change (`1e3`): a number is made of it where
 * only that fits.
 */
const convert = (tree: unknown, issue: Issue): boolean => {
  if (issue.path.length === 0) return false;
  const parent = valueAt(tree, issue.path.slice(0, -1)) as Record<PropertyKey, unknown> | undefined;
  const key = issue.path.at(-1) ?? "";
  const value = parent?.[key];
  if (parent === undefined) return false;
  const wanted = issue.code === "invalid_type" ? issue.expected : undefined;
  if (wanted === "string" && (typeof value === "number" || typeof value === "bigint"))
    parent[key] = String(value);
  else if (wanted === "boolean" && (value === "true" || value === "false")) parent[key] = value === "true";
  else if (
    typeof value === "string" &&
    isNumber(value) &&
    (wanted === "number" || (wanted === undefined && String(Number(value)) !== value))
  )
    parent[key] = Number(value);
  else return false;
  return true;
};

/** Where one branch of a union takes this kind of value, it says what is wrong with it. */
const unfolded = (issue: Issue): readonly Issue[] => {
  if (issue.code !== "invalid_union") return [issue];
  const [branch, ...more] = issue.errors.filter((issues) =>
    issues.every(({ code, path }) => path.length > 0 || code !== "invalid_type"),
  );
  if (!branch || more.length > 0) return [issue];
  return branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
};

/** Checks a tree against the schema: the parsed settings, or every problem in words. */
export const validate = <T>(
  schema: z.ZodType<T>,
  tree: unknown,
  emptied: ReadonlyMap<string, string>,
): { settings: T } | { problems: readonly Problem[] } => {
  let result = schema.safeParse(tree);
  const issuesOf = (issues: readonly Issue[]) => issues.flatMap(unfolded);
  while (!result.success && issuesOf(result.error.issues).filter((issue) => convert(tree, issue)).length > 0)
    result = schema.safeParse(tree);
  if (result.success) return { settings: result.data };
  const problems = issuesOf(result.error.issues).flatMap((issue): Problem[] =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
          path: pathText([...issue.path, key]),
          message: unknownKey(key, knownKeys(schema, issue.path, tree)),
        }))
      : [{ path: pathText(issue.path) || "the file", message: wordsOf(issue, tree, emptied) }],
  );
  return { problems };
};
