export { Unreadable } from "./problem.ts";

/** A declared way of writing days, such as DD.MM.YYYY. */
export interface DateFormat {
  readonly written: string;
  readonly pattern: RegExp;
}

/** How values are written in the file, as far as it was declared. */
export interface ValueFormat {
  /** Declared, it also lets thousands be grouped by another sign, and amounts bear their currency. */
  readonly decimal?: "point" | "comma";
  /** Besides YYYY-MM-DD, which is always read. */
  readonly dates?: DateFormat;
  /** IANA zone of times without an offset. */
  readonly timeZone?: string;
}

export type ReadCell = (text: string, format: ValueFormat) => string;

export const shown = (text: string): string =>
  JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
