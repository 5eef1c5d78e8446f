import { type Command, Option } from "commander";
import { isDay, isTimeZone, type DayRange } from "../domain/day.ts";
import type { Separator } from "../imports/csv.ts";
import { dateFormat } from "../imports/dates.ts";
import { encodingNamed, encodings } from "../imports/decode.ts";
import type { ImportOptions } from "../imports/import-file.ts";
import type { ImportKind } from "../imports/kinds/kind.ts";
import { nearest } from "../imports/values.ts";
import { UsageError } from "./errors.ts";

/** What the command line says of how a file is written and what it replaces. */
export interface Declarations {
  readonly separator?: string;
  readonly encoding?: string;
  readonly decimalComma?: boolean;
  readonly decimalPoint?: boolean;
  readonly dateFormat?: string;
  readonly timezone?: string;
  readonly replace?: string;
  readonly correct?: boolean;
  readonly skipBad?: boolean;
}

const separators: Readonly<Record<string, Separator>> = {
  ",": ",",
  comma: ",",
  ";": ";",
  semicolon: ";",
  tab: "\t",
  "|": "|",
  pipe: "|",
};

export const addDeclarations = (command: Command): Command =>
  command
    .addOption(
      new Option("--separator <separator>", "between values (default: read off the header)").choices(
        Object.keys(separators),
      ),
    )
    .option("--encoding <name>", `${encodings.join(", ")} (default: UTF-8, or what the byte order mark says)`)
    .addOption(new Option("--decimal-comma", "numbers are written 1.234,50; with a currency or without"))
    .addOption(
      new Option("--decimal-point", "numbers are written 1,234.50; with a currency or without").conflicts(
        "decimalComma",
      ),
    )
    .option("--date-format <format>", "how days are written, such as DD.MM.YYYY or M/D/YYYY")
    .option("--timezone <zone>", "of times without an offset, such as Europe/Copenhagen")
    .option("--replace <from..to>", "leads, conversions: withdraw what the file does not hold of these days")
    .option("--correct", "leads: the file's dates win over earlier ones that were stored");

const settleZone = (zone: string): string => {
  if (isTimeZone(zone)) return zone;
  const near = nearest(zone, Intl.supportedValuesOf("timeZone"));
  throw new UsageError(
    `--timezone ${zone} is no time zone`,
    near === undefined ? "write an IANA name, such as Europe/Copenhagen" : `did you mean ${near}?`,
  );
};

const settleRange = (written: string, kind: ImportKind, skipBad: boolean): DayRange => {
  const [from = "", to = from] = written.split("..");
  if (!isDay(from) || !isDay(to))
    throw new UsageError(
      `--replace ${written} is no range of days`,
      "write FROM..TO, such as 2026-10-01..2026-10-31",
    );
  if (from > to) throw new UsageError(`--replace ${written} runs backwards`, "swap the days");
  if (kind.withdrawal === undefined)
    throw new UsageError(`--replace is for leads and conversions, not for ${kind.name}`, "leave it out");
  // A refused line would be taken for one that the file does not hold.
  if (skipBad) throw new UsageError("--replace needs the whole file", "leave out --skip-bad");
  return { from, to };
};

/**
 * Reads the declarations into what an import takes.
 * @throws UsageError where one of them is none, or does not fit the kind
 */
export const readDeclarations = (
  options: Declarations,
  kind: ImportKind,
): Pick<ImportOptions, "separator" | "encoding" | "values" | "replace" | "correct"> => {
  const separator = options.separator === undefined ? undefined : separators[options.separator];
  const encoding = options.encoding === undefined ? undefined : encodingNamed(options.encoding);
  if (options.encoding !== undefined && encoding === undefined)
    throw new UsageError(
      `--encoding ${options.encoding} is not known`,
      `there are ${encodings.join(", ")}; convert others: iconv -f ${options.encoding} -t UTF-8`,
    );
  const dates = options.dateFormat === undefined ? undefined : dateFormat(options.dateFormat);
  if (options.dateFormat !== undefined && dates === undefined)
    throw new UsageError(
      `--date-format ${options.dateFormat} does not say how days are written`,
      "write year, month and day once each: DD.MM.YYYY, MM/DD/YYYY, D-MMM-YY; times of day are read by themselves",
    );
  if (options.correct === true && kind.name !== "leads")
    throw new UsageError(`--correct is for leads, not for ${kind.name}`, "leave it out");
  const decimal = options.decimalComma ? "comma" : options.decimalPoint ? "point" : undefined;
  return {
    ...(separator === undefined ? {} : { separator }),
    ...(encoding === undefined ? {} : { encoding }),
    values: {
      ...(decimal === undefined ? {} : { decimal }),
      ...(dates === undefined ? {} : { dates }),
      ...(options.timezone === undefined ? {} : { timeZone: settleZone(options.timezone) }),
    },
    ...(options.replace === undefined
      ? {}
      : { replace: settleRange(options.replace, kind, options.skipBad === true) }),
    correct: options.correct === true,
  };
};
