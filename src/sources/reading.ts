import { dateFormat } from "../imports/dates.ts";
import type { ValueFormat } from "../imports/value-format.ts";
import type { Landing } from "./source.ts";

/** How a CSV of a source is written, as its settings say. */
export const csvReading = (settings: {
  readonly kind: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly mode: "merge" | "replace";
  readonly separator?: Landing["separator"] | undefined;
  readonly encoding?: Landing["encoding"] | undefined;
  readonly decimalComma: boolean;
  readonly dateFormat?: string | undefined;
  readonly timezone?: string | undefined;
}): Omit<Landing, "bytes"> => {
  const dates = settings.dateFormat === undefined ? undefined : dateFormat(settings.dateFormat);
  const values: ValueFormat = {
    ...(settings.decimalComma ? { decimal: "comma" as const } : {}),
    ...(dates === undefined ? {} : { dates }),
    ...(settings.timezone === undefined ? {} : { timeZone: settings.timezone }),
  };
  return {
    kind: settings.kind,
    headings: settings.columns,
    replaces: settings.mode === "replace",
    values,
    ...(settings.separator === undefined ? {} : { separator: settings.separator }),
    ...(settings.encoding === undefined ? {} : { encoding: settings.encoding }),
  };
};
