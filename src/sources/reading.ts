import { dateFormat } from "../imports/dates.ts";
import type { ValueFormat } from "../imports/value-format.ts";
import type { Landing } from "./source.ts";

/** All that decides what a CSV of a source is read as: read another way, the same content is another one. */
export const readingKey = (
  settings: Parameters<typeof csvReading>[0] & { readonly skipBad: boolean },
): string => {
  const {
    kind,
    columns,
    mode,
    separator,
    encoding,
    decimalComma,
    dateFormat: dates,
    timezone,
    skipBad,
  } = settings;
  const named = Object.entries(columns).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([kind, named, mode, separator, encoding, decimalComma, dates, timezone, skipBad]);
};

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
