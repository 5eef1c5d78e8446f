import { type Command, InvalidArgumentError, Option } from "commander";
import { addDays, dayAt } from "../domain/day.ts";
import { report, reportColumns, type ReportKey, reportKeys, type ReportRow } from "../metrics/report.ts";
import { migrate } from "../warehouse/migrate.ts";
import { checkRange } from "./dates.ts";
import { examples, type Register } from "./frame.ts";
import { formatDecimal, formatMoney, type Output } from "./output.ts";
import { addRangeOptions, selectedPlatforms, type SelectionOptions } from "./selection.ts";

interface ReportCommandOptions extends SelectionOptions {
  readonly by: readonly ReportKey[];
  readonly format?: "table" | "csv" | "json";
}

const parseKeys = (text: string): readonly ReportKey[] => {
  const keys = [...new Set(text.split(",").map((key) => key.trim().toLowerCase()))];
  for (const key of keys) {
    if (key === "cpc" || !(reportKeys as readonly string[]).includes(key))
      throw new InvalidArgumentError(`There is no key ${key}; there are ${reportKeys.join(", ")}.`);
  }
  if (keys.includes("network") && keys.includes("action"))
    throw new InvalidArgumentError(
      "network and action cannot be combined: no platform reports both at once.",
    );
  return keys as ReportKey[];
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

const addReportOptions = (command: Command): Command =>
  addRangeOptions(command)
    .option("--by <keys>", `what to break down by: ${reportKeys.join(", ")}`, parseKeys, ["platform"])
    .option("--platform <platform>", "this platform only", (text: string) => [text])
    .addOption(new Option("--format <format>", "how to print").choices(["table", "csv", "json"]));

export const register: Register = (command, act) => {
  addReportOptions(command)
    .addHelpText(
      "after",
      examples(
        ["costper report", "by platform, the last 30 days"],
        ["costper report --by campaign,week --format csv", "for a spreadsheet"],
      ),
    )
    .action(
      act<ReportCommandOptions>(async ({ globals, out, loadConfig, openApp }, options) => {
        const now = new Date();
        checkRange(options, now);
        const config = await loadConfig();
        const platforms = selectedPlatforms(config, options);
        const { database } = await openApp();
        await migrate(database);
        const to = options.to ?? addDays(dayAt(now, config.timezone), -1);
        const rows = await report(database.db, {
          by: options.by,
          platforms,
          from: options.from ?? addDays(to, -29),
          to,
          inReportingCurrency: config.reportingCurrency !== undefined,
        });
        printReport(out, rows, options.by, options.format ?? (globals.json ? "json" : "table"));
      }),
    );
};
