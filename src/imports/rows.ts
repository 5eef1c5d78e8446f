import { foreignId, foreignInstant, type ForeignFormat } from "./formats.ts";
import type { Header } from "./header.ts";
import type { ImportContext, ImportKind, Values } from "./kinds/kind.ts";
import { personalData } from "./personal-data.ts";
import { type RowProblem, Unreadable } from "./problem.ts";
import type { ValueFormat } from "./values.ts";
import type { CsvRecord } from "./csv.ts";

export interface RowReader {
  readonly kind: ImportKind;
  readonly header: Header;
  readonly format: ForeignFormat | undefined;
  /** Of the file's first line, for times that name none. */
  readonly zone: string | undefined;
  readonly values: ValueFormat;
  readonly context: ImportContext;
}

/** Reads one record into its staged columns, or says everything that is wrong with it. */
export const readRow = (
  record: CsvRecord,
  reader: RowReader,
): { readonly row: Values } | { readonly problems: readonly RowProblem[] } => {
  const { kind, header, format } = reader;
  const problems: RowProblem[] = [];
  const refuse = (column: string, reason: string): void =>
    void problems.push({ line: record.line, column, reason });
  if (record.fields.length !== header.columns.length) {
    refuse(
      "",
      `has ${String(record.fields.length)} fields, the header has ${String(header.columns.length)}; is a value with a separator not quoted?`,
    );
    return { problems };
  }

  const values: Record<string, string> = {};
  for (const [index, field] of record.fields.entries()) {
    const value = field.trim();
    if (value === "") continue;
    const column = header.columns[index];
    const personal =
      column !== undefined && kind.ids.includes(column) && !value.includes("@")
        ? null
        : personalData(column ?? header.written[index] ?? "", value);
    if (personal !== null && (column === undefined || !isFigure(value)))
      refuse(
        column ?? header.written[index] ?? "",
        `looks like personal data (${personal}); give its SHA-256 in email_sha256 or phone_sha256, or leave it out`,
      );
    else if (column !== undefined) read(column, value);
  }

  function read(column: string, value: string): void {
    try {
      const plain =
        format !== undefined && column === "converted_at" ? foreignInstant(value, reader.zone) : value;
      values[column] = kind.columns[column]?.(plain, reader.values) ?? plain;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      refuse(column, error.message);
    }
  }

  if (format !== undefined) {
    if (!values.gclid && !values.gbraid && !values.wbraid && !values.msclkid)
      refuse("", "has no click id, and nothing else in it says where the conversion came from");
    values.conversion_id = foreignId(format, values);
  }
  for (const column of kind.required)
    if (values[column] === undefined && !problems.some((problem) => problem.column === column))
      refuse(column, "is missing");
  const row = kind.row(values, refuse, reader.context);
  return problems.length > 0 ? { problems } : { row };
};

const isFigure = (value: string): boolean => /^[+-]?\d+([.,]\d+)?$/.test(value) && !value.startsWith("+");
