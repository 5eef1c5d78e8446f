import { kpis, targetProgress } from "./catalogue.ts";
import type { Kpi } from "./kpi.ts";
import { importedMeasures } from "./measures.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

const units: Readonly<Record<Kpi["unit"], string>> = {
  currency: "currency",
  ratio: "ratio",
  score: "score",
  count: "count",
};

const nullRule = ({ numerator, denominator }: Kpi): string => {
  const strict = numerator.filter(({ missing }) => missing === "day").map(({ measure }) => measure);
  const reasons = [
    ...(denominator.length > 0 ? ["the divisor is not above 0"] : []),
    ...(strict.length > 0 ? [`${strict.join(" or ")} is not known for the day`] : []),
    "a part was never seen or has no rate into one currency",
  ];
  return reasons.join("; ");
};

const row = (kpi: Kpi): string =>
  `| \`${kpi.id}\`${kpi.conversionSource === undefined ? "" : ` (${kpi.conversionSource})`} | ${cell(kpi.formula)} | ${
    units[kpi.unit]
  } | ${kpi.grain === "all" ? "day" : "day, platform"} | ${cell(kpi.source)} | ${nullRule(kpi)} | ${cell(kpi.note ?? "")} |`;

/** docs/kpis.md, made from the catalogue. */
export const kpiDocs = (): string =>
  [
    "# KPIs",
    "",
    "Made by `npm run docs:kpis` from `src/metrics/kpi/catalogue.ts`; do not edit.",
    "",
    "Every figure is a row of `marts.kpi_daily`: date, kpi, dimensions, numerator, denominator, value, unit. `costper report --metric ID` sums",
    "them over a range: the sum of numerators divided by the sum of denominators, never an average of ratios. Money is in `reportingCurrency` at the",
    "day's rate, or in its own currency where only one occurs. Ratios are fractions (0.05 is 5 %). An unknown figure is NULL, never 0.",
    "",
    "`platform` and `first_party` in brackets say who counted the conversions (dimension `conversion_source`): two measurements of the same",
    "happening, never added together. Organic is left out on both sides: no organic conversion below the line, no cost of organic activity (SEO,",
    "redesign, blog and guest posts, profiles, forum posts) above it.",
    "",
    "| KPI | formula | unit | grain | source | NULL where | note |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...kpis.map(row),
    `| \`${targetProgress.id}\` | ${targetProgress.formula} | ${targetProgress.unit} | day, target | ${targetProgress.source} | target equals baseline | ${targetProgress.note} |`,
    "",
    "## Measures that come by file",
    "",
    "`costper import measures FILE.csv` with the columns `date, measure, value` and, where they apply, `currency, platform, label`.",
    "",
    "| measure | unit |",
    "| --- | --- |",
    ...Object.entries(importedMeasures).map(([name, unit]) => `| \`${name}\` | ${unit} |`),
    "",
  ].join("\n");
