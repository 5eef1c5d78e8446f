import { DateTime } from "luxon";
import { isTimeZone } from "../domain/day.ts";
import { firstOf } from "./dates.ts";
import { Unreadable } from "./problem.ts";

/** Files that others define: conversions by click, as one uploads them to an ad platform. */
export const foreignFormats = ["google-ads", "microsoft-ads"] as const;

export type ForeignFormat = (typeof foreignFormats)[number];

/** Their headings, lower case, and the column of ours that each becomes. */
const headings: Readonly<Record<string, string>> = {
  "google click id": "gclid",
  gclid: "gclid",
  gbraid: "gbraid",
  wbraid: "wbraid",
  "microsoft click id": "msclkid",
  "conversion name": "conversion_name",
  "conversion time": "converted_at",
  "conversion value": "value",
  "conversion currency": "currency",
  "order id": "order_id",
  "attributed credit": "quantity",
};

/** Headings that such files may have and that say nothing about the conversion. */
const meaningless = new Set(["ad user data", "ad personalization", "attribution model"]);

/** The heading in our words; undefined where it may be passed over. */
export const foreignColumn = (heading: string): string | undefined =>
  headings[heading] ?? (meaningless.has(heading) ? undefined : heading);

export const foreignRequired = (format: ForeignFormat): readonly string[] => [
  ...(format === "microsoft-ads" ? ["msclkid"] : []),
  "conversion_name",
  "converted_at",
];

export const headingOf = (column: string): string =>
  Object.entries(headings).find(([, name]) => name === column)?.[0] ?? column;

/** The zone of a line such as `Parameters:TimeZone=Europe/Copenhagen` or `TimeZone=+0100`; undefined: another line. */
export const preambleZone = (fields: readonly string[]): string | undefined => {
  const match = /timezone\s*=\s*([^;\s]+)/i.exec(fields.join(" "));
  return match === null ? undefined : readZone(match[1] ?? "");
};

const readZone = (written: string): string => {
  const offset = /^(?:GMT|UTC)?([+-])(\d{2}):?(\d{2})$/i.exec(written);
  if (offset !== null) return `UTC${offset[1] ?? ""}${offset[2] ?? ""}:${offset[3] ?? ""}`;
  if (/^(z|utc|gmt)$/i.test(written)) return "utc";
  if (isTimeZone(written)) return written;
  throw new Unreadable(`${JSON.stringify(written.slice(0, 40))} is no time zone`);
};

const layouts = ["yyyy-MM-dd HH:mm:ss", "MM/dd/yyyy HH:mm:ss", "MM/dd/yyyy hh:mm:ss a"];

/** A time of such a file, in its own zone or offset or else the file's; given as ISO 8601. */
export const foreignInstant = (written: string, fileZone: string | undefined): string => {
  const [, clock = "", rest = ""] =
    /^(\S+[T ]\d{1,2}:\d{2}:\d{2}(?: [AP]M\b)?) ?(.*)$/i.exec(written.trim()) ?? [];
  const zone = rest === "" ? fileZone : readZone(rest);
  if (clock === "")
    throw new Unreadable(`${JSON.stringify(written.slice(0, 40))} is no time; write yyyy-MM-dd HH:mm:ss`);
  if (zone === undefined)
    throw new Unreadable(
      "has no time zone; add +0100 or a zone to it, or a first line Parameters:TimeZone=...",
    );
  for (const layout of layouts) {
    const time = DateTime.fromFormat(clock.replace("T", " "), layout, { zone });
    if (time.isValid) return firstOf(time).toISO({ suppressMilliseconds: true });
  }
  throw new Unreadable(`${JSON.stringify(written.slice(0, 40))} is no time; write yyyy-MM-dd HH:mm:ss`);
};

/** Such files have no id of their own: the platforms drop a repeat of the same click, name and time. */
export const foreignId = (format: ForeignFormat, values: Readonly<Record<string, string>>): string =>
  [
    format,
    values.gclid ?? values.gbraid ?? values.wbraid ?? values.msclkid ?? "",
    values.conversion_name ?? "",
    values.converted_at === undefined ? "" : new Date(values.converted_at).toISOString(),
  ].join(":");
