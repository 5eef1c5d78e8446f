import { DateTime } from "luxon";
import { configuredPlatforms } from "../connectors/registry.ts";
import { namesAccount } from "../connectors/account-ids.ts";
import type { Platform } from "../domain/platform.ts";
import { type CampaignDayHistory, campaignDayHistory, type Change } from "../metrics/history.ts";
import { migrate } from "../warehouse/migrate.ts";
import { parseDay } from "./dates.ts";
import { UsageError } from "./errors.ts";
import { examples, type Frame, type Register } from "./frame.ts";
import { textChart } from "./text-chart.ts";
import { formatDecimal, formatMoney, type Output } from "./output.ts";

interface HistoryOptions {
  readonly campaign: string;
  readonly date: string;
  readonly platform?: string;
  readonly account?: string;
}

/** Columns of a chart at most: a day beyond them is left out from the old end, where little moves. */
const widest = 60;

/** What a change moved, in words. */
const whatMoved = (before: Change | undefined, now: Change): string => {
  if (!before) return "first seen";
  if (now.spend === null) return "vanished";
  if (before.spend === null) return "came back";
  const figures = [
    "spend",
    "impressions",
    "clicks",
    "conversions",
    "conversion_value",
    "organic_conversions",
  ];
  return figures
    .filter((name) => before[name as keyof Change] !== now[name as keyof Change])
    .join(", ")
    .replaceAll("_", " ");
};

/** The figure day by day, as it stood at the end of each; unknown days before the first known one are left out. */
const series = (changes: readonly Change[], figure: "conversions" | "cost_per_conversion"): number[] => {
  const last = changes.at(-1)?.age_days ?? 0;
  const first = changes[0]?.age_days ?? 0;
  const points: number[] = [];
  for (let age = first; age <= Math.min(last, first + widest - 1); age += 1) {
    const known = changes.findLast((change) => change.age_days <= age)?.[figure];
    if (known !== null && known !== undefined) points.push(Number(known));
  }
  return points;
};

const printChart = (
  out: Output,
  { changes, currency }: CampaignDayHistory,
  figure: "conversions" | "cost_per_conversion",
): void => {
  const points = series(changes, figure);
  if (points.length < 2 || Math.min(...points) === Math.max(...points)) return;
  const label = (value: number): string => value.toFixed(2).padStart(10);
  out.text(
    `\n${figure === "conversions" ? "conversions" : `cost per conversion, ${currency}`}, from age ${String(changes[0]?.age_days ?? 0)} days on`,
  );
  out.text(textChart(points, { height: 6, label }));
};

const print = (out: Output, history: CampaignDayHistory): void => {
  const { platform, account_id, campaign_id, campaign_name, currency, date, time_zone, changes } = history;
  const state =
    history.is_final === null ? "no longer reported" : history.is_final ? "final" : "may still move";
  out.text(
    `${platform} ${account_id}, campaign ${[campaign_id, campaign_name].filter(Boolean).join(" ")}, ${date}: ${state}\n`,
  );
  out.table(
    [
      { title: "seen" },
      ...["age", "spend", "clicks", "conversions", "cost per conversion"].map((title) => ({
        title,
        right: true,
      })),
      { title: "what moved" },
    ],
    changes.map((change, index) => [
      DateTime.fromJSDate(change.observed_at, { zone: time_zone }).toFormat("yyyy-MM-dd HH:mm"),
      `${String(change.age_days)} d`,
      formatMoney(change.spend, currency),
      formatDecimal(change.clicks, 0),
      formatDecimal(change.conversions, 2),
      formatMoney(change.cost_per_conversion, currency),
      whatMoved(changes[index - 1], change),
    ]),
  );
  printChart(out, history, "conversions");
  printChart(out, history, "cost_per_conversion");
};

const askedPlatforms = (
  configured: readonly Platform[],
  platform: string | undefined,
): readonly Platform[] => {
  if (platform === undefined) return configured;
  if (configured.includes(platform)) return [platform];
  throw new UsageError(`--platform ${platform} is not in the config`, `configured: ${configured.join(", ")}`);
};

const showHistory = async (frame: Frame, options: HistoryOptions): Promise<number> => {
  const { globals, out, loadConfig, openApp } = frame;
  const config = await loadConfig();
  const platforms = askedPlatforms(configuredPlatforms(config.connectors), options.platform);
  const { database } = await openApp();
  await migrate(database);
  const { account, campaign: campaignId, date } = options;
  const found = (await campaignDayHistory(database.db, { campaignId, date, platforms })).filter(
    (history) => account === undefined || namesAccount(history.platform, account, history.account_id),
  );
  if (globals.json) out.json({ history: found });
  else if (found.length === 0)
    out.text(`nothing was ever known of campaign ${options.campaign} on ${options.date}`);
  found.forEach((history, index) => {
    if (globals.json) return;
    if (index > 0) out.text("");
    print(out, history);
  });
  return 0;
};

export const register: Register = (command, act) => {
  command
    .requiredOption(
      "--campaign <id>",
      "the platform's id of the campaign; '' for spend of none that it names",
    )
    .requiredOption("--date <day>", "the reporting day, YYYY-MM-DD", parseDay)
    .option("--platform <platform>", "where the id could be of several")
    .option("--account <id>", "the account, in any of its written forms")
    .addHelpText(
      "after",
      examples(
        ["costper history --campaign 2001 --date 2026-11-16", "when its figures changed, and what moved"],
        ["costper history --campaign 2001 --date 2026-11-16 --json", "the same for a program"],
      ),
    )
    .action(act<HistoryOptions>(showHistory));
};
