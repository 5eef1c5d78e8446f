import type { ImportKind } from "./kinds/kind.ts";
import { columnsOf, requiredOf } from "./kinds/kind.ts";
import { type ForeignFormat, foreignColumn, foreignRequired, headingOf } from "./formats.ts";
import { nearest } from "./values.ts";

/** What the header line says: our column of each field, and what is wrong with it. */
export interface Header {
  /** By position: our name, or undefined for a field that is passed over. */
  readonly columns: readonly (string | undefined)[];
  /** By position: the heading as it was written. */
  readonly written: readonly string[];
  readonly problems: readonly { readonly column: string; readonly reason: string }[];
  readonly warnings: readonly string[];
}

export const readHeader = (
  fields: readonly string[],
  kind: ImportKind,
  format: ForeignFormat | undefined,
): Header => {
  const written = fields.map((field) => field.trim());
  const names = written.map((name) => name.toLowerCase());
  const ours = names.map((name) =>
    format === undefined ? name.replaceAll(/[\s-]+/g, "_") : foreignColumn(name),
  );
  const known = columnsOf(kind);
  const columns = ours.map((name) => (name !== undefined && known.includes(name) ? name : undefined));
  const problems: { column: string; reason: string }[] = [];
  const warnings: string[] = [];

  for (const name of new Set(columns.filter((name) => name !== undefined)))
    if (columns.filter((other) => other === name).length > 1)
      problems.push({ column: name, reason: "stands more than once in the header" });
  const takesBack = kind.withdrawal?.some((name) => columns.includes(name)) === true;
  const required = format === undefined ? requiredOf(kind, takesBack) : foreignRequired(format);
  for (const name of required)
    if (!columns.includes(name))
      problems.push({
        column: format === undefined ? name : headingOf(name),
        reason: `is missing from the header; required: ${(format === undefined ? required : required.map(headingOf)).join(", ")}`,
      });
  for (const [index, name] of ours.entries()) {
    if (name === undefined || columns[index] !== undefined) continue;
    const near = nearest(name, known);
    if (name !== "")
      warnings.push(
        `column ${JSON.stringify(written[index])} is not known and is passed over${near === undefined ? "" : `; did you mean ${near}?`}`,
      );
  }
  return { columns, written, problems, warnings };
};
