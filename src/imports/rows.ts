import { foreignId, foreignInstant, type ForeignFormat } from "./formats.ts";
import type { Header } from "./header.ts";
import { type ImportContext, type ImportKind, requiredOf, type Values } from "./kinds/kind.ts";
import { takeCurrency } from "./numbers.ts";
import { personalData } from "./personal-data.ts";
import { type RowProblem, Unreadable } from "./problem.ts";
import type { ValueFormat } from "./value-format.ts";
import { cell, day, instant } from "./values.ts";
import type { CsvRecord } from "./csv.ts";

export interface RowReader {
  readonly kind: ImportKind;
  readonly header: Header;
  readonly format: ForeignFormat | undefined;
  /** Of the file's first line, for times that name none. */
  readonly zone: string | undefined;
  readonly values: ValueFormat;
  readonly context: ImportContext;
  /** A cell that looks like personal data is left out; absent: it refuses the line. */
  readonly onRedacted?: ((column: string) => void) | undefined;
}

const timeReaders: ReadonlySet<unknown> = new Set([day, instant]);

/** Whether a column holds times: 05/11/2026 looks like a telephone number, and is none there. */
const isTime = ({ columns, origin }: ImportKind, column: string): boolean =>
  timeReaders.has(columns[column] ?? origin?.[column]);

/** Reads one record into its staged columns, or says everything that is wrong with it. */
export const readRow = (
  record: CsvRecord,
  reader: RowReader,
): { readonly row: Values } | { readonly problems: readonly RowProblem[] } => {
  const { kind, header, format } = reader;
  const problems: RowProblem[] = [];
  const refuse = (column: string, reason: string): void =>
    void problems.push({ line: record.line, column, reason });
  const width = header.columns.length;
  const fields = record.fields.slice(width).every((field) => field.trim() === "")
    ? record.fields.slice(0, width)
    : record.fields;
  // Headings without a name are left over from a spreadsheet, as may be the cells below them.
  if (fields.length > width || header.written.slice(fields.length).some((name) => name !== "")) {
    refuse(
      "",
      `has ${String(record.fields.length)} fields, the header has ${String(header.columns.length)}; is a value with a separator not quoted?`,
    );
    return { problems };
  }

  const values: Record<string, string> = {};
  const bearing = new Map<string, readonly string[]>();
  for (const [index, field] of fields.entries()) {
    const column = header.columns[index];
    const value = column === undefined ? field.trim() : taken(column, () => cell(field));
    if (value === undefined || value === "") continue;
    const isPlain = column !== undefined && (kind.ids.includes(column) || isTime(kind, column));
    const personal =
      isPlain && !value.includes("@") ? null : personalData(column ?? header.written[index] ?? "", value);
    const isPersonal = personal !== null && (column === undefined || !isFigure(value));
    if (isPersonal && reader.onRedacted) reader.onRedacted(column ?? header.written[index] ?? "");
    else if (isPersonal)
      refuse(
        column ?? header.written[index] ?? "",
        `looks like personal data (${personal ?? ""}); give its SHA-256 in email_sha256 or phone_sha256, or leave it out`,
      );
    else if (column !== undefined) read(column, value);
  }

  function read(column: string, value: string): void {
    const read = taken(column, () => {
      const plain = format !== undefined && column === "converted_at" ? foreign(value) : bare(column, value);
      return kind.columns[column]?.(plain, reader.values) ?? plain;
    });
    if (read !== undefined) values[column] = read;
  }

  /** What a reading gives, or undefined and a problem of the column. */
  function taken(column: string, reading: () => string | undefined): string | undefined {
    try {
      return reading();
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      refuse(column, error.message);
      return undefined;
    }
  }

  /** An amount without the currency that it bears, which is kept to be compared with the row's. */
  function bare(column: string, value: string): string {
    if (reader.values.decimal === undefined || !kind.money.includes(column)) return value;
    const borne = takeCurrency(value);
    if (borne !== undefined) bearing.set(column, borne.currencies);
    return borne?.amount ?? value;
  }

  function foreign(value: string): string {
    return foreignInstant(value, reader.zone ?? reader.values.timeZone);
  }

  if (format !== undefined) {
    if (!values.gclid && !values.gbraid && !values.wbraid && !values.msclkid)
      refuse("", "has no click id, and nothing else in it says where the conversion came from");
    values.conversion_id = foreignId(format, values);
  }
  const isTakenBack = kind.withdrawal?.some((column) => (values[column] ?? "false") !== "false") === true;
  for (const column of requiredOf(kind, isTakenBack))
    if (values[column] === undefined && !problems.some((problem) => problem.column === column))
      refuse(column, "is missing");
  const row = kind.row(values, refuse, reader.context);
  for (const [column, currencies] of bearing)
    if (row["currency"] !== undefined && !currencies.includes(row["currency"]))
      refuse(
        column,
        `bears the sign of ${currencies.slice(0, 4).join(" or ")}, and the row's currency is ${row["currency"]}`,
      );
  return problems.length > 0 ? { problems } : { row };
};

const isFigure = (value: string): boolean => /^[+-]?\d+([.,]\d+)?$/.test(value) && !value.startsWith("+");
