import { type Device, unknownPart } from "../../domain/breakdown.ts";
import { countryOfCode } from "../../domain/country.ts";
import type { InsightsRow } from "./normalize.ts";
import { countryReport, deviceReport, type InsightsReport } from "./queries.ts";

/** Where an ad was seen, by the kind of device; ads in apps of televisions come as other. */
const devices: Readonly<Record<string, Device>> = {
  desktop: "desktop",
  iphone: "mobile",
  ipod: "mobile",
  android_smartphone: "mobile",
  ipad: "tablet",
  android_tablet: "tablet",
  other: "other",
};

/** What Meta can split campaign-days by, conversions off its own pages too. */
export const metaBreakdowns = {
  device: {
    report: deviceReport,
    partOf: (row) => devices[row.impression_device ?? ""] ?? unknownPart,
  },
  country: { report: countryReport, partOf: (row) => countryOfCode(row.country ?? "") ?? unknownPart },
} as const satisfies Readonly<
  Record<string, { readonly report: InsightsReport; readonly partOf: (row: InsightsRow) => string }>
>;
