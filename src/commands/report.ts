import { type Command, InvalidArgumentError, Option } from "commander";
import { addDays, dayAt, type DayRange } from "../domain/day.ts";
import type { Kysely } from "kysely";
import type { Config } from "../config.ts";
import { configuredAccounts } from "../connectors/registry.ts";
import type { Platform } from "../domain/platform.ts";
import { type BreakdownName, breakdownKeys, isBreakdown } from "../domain/breakdown.ts";
import {
  type BreakdownCoverage,
  type RangeCoverage,
  readBreakdownCoverage,
  readCoverage,
} from "../metrics/coverage.ts";
import { scheduleOf } from "../domain/schedule.ts";
import { type Missing, readMissing } from "../metrics/missing.ts";
import { reading } from "../warehouse/reading.ts";
import type { DB } from "../warehouse/schema.ts";
import { type KpiKey, type KpiRow, kpiIds, kpiKeys, readKpis } from "../metrics/kpi/read.ts";
import {
  breakdownOf,
  report,
  reportColumns,
  type ReportKey,
  reportKeys,
  type ReportRow,
} from "../metrics/report.ts";
import { migrate } from "../warehouse/migrate.ts";
import { platforms } from "../connectors/registry.ts";
import { offer } from "./completion/offer.ts";
import { addRangeOptions, checkRange } from "./dates.ts";
import { UsageError } from "./errors.ts";
import { examples, type Register } from "./frame.ts";
import { formatDecimal, formatMoney, type Output } from "./output.ts";
import { collect, selectedPlatforms, type SelectionOptions } from "./selection.ts";

interface ReportCommandOptions extends SelectionOptions {
  readonly by: readonly ReportKey[];
  readonly format?: "table" | "csv" | "json";
  readonly metric?: readonly string[];
}

/** Whether the rows of a split know their ad group. */
const splitsAdGroups = (split: string | undefined): boolean =>
  split !== undefined && isBreakdown(split) && breakdownKeys[split].length > 1;

const parseKeys = (text: string): readonly ReportKey[] => {
  const keys = [...new Set(text.split(",").map((key) => key.trim().toLowerCase()))];
  for (const key of keys) {
    if (key === "cpc" || !(reportKeys as readonly string[]).includes(key))
      throw new InvalidArgumentError(`There is no key ${key}; there are ${reportKeys.join(", ")}.`);
  }
  const splits = keys.filter((key) => key === "network" || key === "action" || isBreakdown(key));
  const [split, other] = splits;
  if (split !== undefined && other !== undefined)
    throw new InvalidArgumentError(
      `${split} and ${other} cannot be combined: no platform reports both at once.`,
    );
  const below = keys.find((key) => key === "ad" || (key === "ad_group" && !splitsAdGroups(split)));
  if (below !== undefined && split !== undefined)
    throw new InvalidArgumentError(
      `${split} and ${below} cannot be combined: it is known by ${splitsAdGroups(split) ? "ad group" : "campaign"}. ` +
        `Say --by ${splitsAdGroups(split) ? "ad_group" : "campaign"},${split}.`,
    );
  return keys as ReportKey[];
};

const parseMetrics = (text: string): readonly string[] => {
  const ids = [...new Set(text.split(",").map((id) => id.trim().toLowerCase()))];
  for (const id of ids) {
    if (id === "cpc")
      throw new InvalidArgumentError("cpc has two meanings; say cost_per_conversion or cost_per_click.");
    if (!kpiIds.includes(id))
      throw new InvalidArgumentError(`There is no metric ${id}; there are ${kpiIds.join(", ")}.`);
  }
  return ids;
};

const money = ["spend", "conversion_value", "cost_per_conversion", "cost_per_click"];
const shown = ["spend", "impressions", "clicks", "conversions", "cost_per_conversion", "return_on_ad_spend"];

const cell = (row: ReportRow, column: string): string => {
  const value = row[column];
  if (money.includes(column)) return formatMoney(value, row["currency"] ?? "");
  if (["conversions", "organic_conversions", "return_on_ad_spend"].includes(column))
    return formatDecimal(value, 2);
  if (["impressions", "clicks"].includes(column)) return formatDecimal(value, 0);
  return value ?? "–";
};

/** Prints rows the way `--format` says; a table shows the columns that people read most. */
export const printReport = (
  out: Output,
  rows: readonly ReportRow[],
  by: readonly ReportKey[],
  format: "table" | "csv" | "json",
): void => {
  const keys = reportColumns(by);
  if (format === "json") return out.json({ rows });
  const measures = by.includes("action") ? ["conversions", "conversion_value", "cost_per_conversion"] : shown;
  if (format === "csv") {
    const columns = rows[0] ? Object.keys(rows[0]) : [...keys, "currency", ...measures];
    return out.csv(
      columns,
      rows.map((row) => columns.map((column) => row[column])),
    );
  }
  return out.table(
    [
      ...keys.map((title) => ({ title: title.replaceAll("_", " ") })),
      ...measures.map((title) => ({ title: title.replaceAll("_", " "), right: true })),
    ],
    rows.map((row) => [...keys, ...measures].map((column) => cell(row, column))),
  );
};

const kpiColumns = [
  "kpi",
  "of",
  "period",
  "platform",
  "numerator",
  "denominator",
  "value",
  "unit",
  "coverage",
] as const;

/** Prints KPIs; ratios are fractions in CSV and JSON, and rounded in a table. */
const printKpis = (out: Output, rows: readonly KpiRow[], format: "table" | "csv" | "json"): void => {
  if (format === "json") return out.json({ rows });
  if (format === "csv")
    return out.csv(
      kpiColumns,
      rows.map((row) => kpiColumns.map((column) => row[column])),
    );
  return out.table(
    kpiColumns.map((title) => ({ title, right: ["numerator", "denominator", "value"].includes(title) })),
    rows.map((row) =>
      kpiColumns.map((column) =>
        column === "value"
          ? formatDecimal(row.value, row.unit === "ratio" ? 4 : 2)
          : column === "numerator" || column === "denominator"
            ? formatDecimal(row[column], 2)
            : row[column],
      ),
    ),
  );
};

const coverageWords = ({ known, all, youngestLacking }: RangeCoverage, from: string): string => {
  if (all === 0) return "no account is known yet: costper sync";
  if (known === all) return `all ${all.toLocaleString("en")} account-days are there`;
  const rest =
    youngestLacking === null
      ? `the others were never asked for: costper sync --from ${from}`
      : `of those asked for the youngest that lacks is ${youngestLacking}: costper status`;
  return `${known.toLocaleString("en")} of ${all.toLocaleString("en")} account-days are there, ${rest}`;
};

/** What a person must know to read the table: which days, how much of them is there, and what it comes to. */
const captionOf = (
  { from, to }: DayRange,
  { known, all, youngestLacking }: RangeCoverage,
  totals: readonly ReportRow[],
): readonly string[] => [
  `${from} to ${to}; ${coverageWords({ known, all, youngestLacking }, from)}`,
  ...totals.map(
    (row) =>
      `Total: ${cell(row, "spend")} spend, ${cell(row, "conversions")} conversions, ${cell(row, "cost_per_conversion")} each`,
  ),
];

/** What is not broken down is in no row of the table: the total is of all days. */
const breakdownCaption = (
  breakdown: BreakdownName,
  { known, all }: BreakdownCoverage,
  from: string,
): string =>
  known === all
    ? `${breakdown} is known on all of them`
    : `${breakdown} is known on ${known.toLocaleString("en")} of ${all.toLocaleString("en")} account-days with figures; ` +
      "the others have no row here: add it to `breakdowns` of the connector, then costper sync " +
      `--from ${from}`;

/** What the table does not tell of: figures of others must not be taken for all there is. */
const missingOf = (
  db: Kysely<DB>,
  config: Pick<Config, "connectors" | "schedule" | "timezone">,
  platforms: readonly Platform[],
): Promise<readonly Missing[]> =>
  reading(db, (read) =>
    readMissing({
      read,
      configured: configuredAccounts(config.connectors).filter(({ platform }) =>
        platforms.includes(platform),
      ),
      schedule: scheduleOf(config),
      now: new Date(),
    }),
  );

/** Where nothing is asked for; a KPI is then shown for everything. */
const usualKeys: readonly ReportKey[] = ["platform"];

const addReportOptions = (command: Command): Command =>
  addRangeOptions(command)
    .addOption(
      offer(
        new Option("--by <keys>", `what to break down by: ${reportKeys.join(", ")}`)
          .argParser(parseKeys)
          .default(usualKeys),
        reportKeys,
      ),
    )
    .addOption(
      offer(
        new Option("--platform <platform>", "this platform only; may be repeated").argParser(collect),
        platforms,
      ),
    )
    .option("--metric <ids>", "KPIs of docs/kpis.md instead, by platform, date, week or month", parseMetrics)
    .addOption(new Option("--format <format>", "how to print").choices(["table", "csv", "json"]));

export const register: Register = (command, act) => {
  addReportOptions(command)
    .addHelpText(
      "after",
      examples(
        ["costper report", "by platform, the last 30 days"],
        ["costper report --by campaign,week --format csv", "for a spreadsheet"],
        ["costper report --metric cost_per_qualified_lead --by month", "a KPI of docs/kpis.md"],
      ),
    )
    .action(
      act<ReportCommandOptions>(async ({ globals, out, log, loadConfig, openApp }, options) => {
        const now = new Date();
        checkRange(options, now);
        if (globals.json === true && (options.format ?? "json") !== "json")
          throw new UsageError(
            `--json and --format ${options.format ?? ""} contradict each other`,
            "leave one of them out",
          );
        const asked = options.metric !== undefined && options.by === usualKeys ? [] : options.by;
        const kpiBy = asked.filter((key): key is KpiKey => (kpiKeys as readonly string[]).includes(key));
        if (options.metric !== undefined && kpiBy.length < asked.length)
          throw new UsageError("--metric cannot be broken down so", `--by takes ${kpiKeys.join(", ")} then`);
        const config = await loadConfig();
        const platforms = selectedPlatforms(config, options);
        const { database } = await openApp();
        await migrate(database);
        const to = options.to ?? addDays(dayAt(now, config.timezone), -1);
        const from = options.from ?? addDays(to, -29);
        if (options.metric !== undefined) {
          const figures = await readKpis(database.db, { ids: options.metric, by: kpiBy, from, to });
          const kept = figures.filter(
            ({ platform }) =>
              platform === null || !options.platform || options.platform.includes(platform as Platform),
          );
          return printKpis(out, kept, options.format ?? (globals.json ? "json" : "table"));
        }
        const inReportingCurrency = config.reportingCurrency !== undefined;
        const question = { platforms, from, to, inReportingCurrency };
        const rows = await report(database.db, { ...question, by: options.by });
        const format = options.format ?? (globals.json ? "json" : "table");
        printReport(out, rows, options.by, format);
        if (format === "table") {
          const totals = await report(database.db, { ...question, by: [] });
          captionOf(question, await readCoverage(database.db, question), totals).forEach(out.text);
          const breakdown = breakdownOf(options.by);
          if (breakdown !== undefined)
            out.text(
              breakdownCaption(
                breakdown,
                await readBreakdownCoverage(database.db, question, breakdown),
                from,
              ),
            );
        }
        const missing = await missingOf(database.db, config, platforms);
        for (const { platform, account_id: account, text, remedy } of missing)
          if (format === "table") out.text(`Missing: ${text}; ${remedy}`);
          else log.warn({ platform, account, remedy }, text);
        return undefined;
      }),
    );
};
