import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import pino from "pino";
import { onTestFinished } from "vitest";
import { breakdowns } from "../../../src/domain/breakdown.ts";
import { parseConfig } from "../../../src/config.ts";
import type { Database } from "../../../src/warehouse/database.ts";
import { openWeb } from "../../../src/web/server.ts";
import { range } from "./world.ts";

const root = join(import.meta.dirname, "..", "..", "..");

/** Moments of a run and its ids are no figures; a text's collation is the server's. */
const timeless = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:[\d.]+)?(Z|[+]00)?/g, "<moment>")
    .replaceAll(/as of \d\d:\d\d/g, "as of <moment>")
    .replaceAll(/"(ms|freshness_hours|age_hours)":[\d.]+/g, '"$1":"<moment>"')
    .replaceAll(/"account_key":\d+/g, '"account_key":"<key>"')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, "<id>");

const inOneOrder = (value: unknown): unknown => {
  if (Array.isArray(value))
    return value.map(inOneOrder).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inOneOrder(inner)]));
};

/** Keys are given in the order of arrival. */
const keyless = (text: string): string =>
  text.startsWith("account_key,") ? text.replaceAll(/^\d+,/gm, "<key>,") : text;

const settled = (text: string): string => {
  const plain = keyless(timeless(text));
  try {
    return JSON.stringify(inOneOrder(JSON.parse(plain)));
  } catch {
    return plain.split("\n").toSorted().join("\n");
  }
};

/** Runs a command as a person does. @returns status, and what it printed */
export const run = (folder: string, args: readonly string[]): Promise<{ status: number; printed: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), join(root, "src", "cli.ts"), ...args],
      { cwd: folder, env: { PATH: process.env["PATH"], HOME: folder }, maxBuffer: 2 ** 28 },
      (error, stdout, stderr) =>
        resolve({
          status: typeof error?.code === "number" ? error.code : error ? -1 : 0,
          printed: error ? `${stdout}${stderr}` : stdout,
        }),
    );
  });

const days = ["--from", range.from, "--to", range.to];

const reports = [
  "platform",
  "account",
  "campaign",
  "network",
  "action",
  "date",
  "week",
  "month",
  "ad",
  "ad_group",
  ...breakdowns,
  "account,network,week",
];

/** What is asked on the command line, and has to be answered alike. */
const commands: readonly (readonly string[])[] = [
  ...reports.map((by) => ["report", "--by", by, "--format", "csv", ...days]),
  ["rollup", "--json", ...days],
  ["reconcile", "--rollups", "--json"],
  ["status", "--json"],
  ["audit", "tracking", "--json", ...days],
  ["digest", "--print", "--json"],
  ["digest", "--print", "--week", "--json"],
  ["sources", "--json"],
  ["export", "marts.cost_per_conversion_daily", "-", "--format", "csv"],
  ["export", "marts.cost_per_conversion_by_ad_daily", "-", "--format", "ndjson"],
  ["export", "warehouse.exchange_rate", "-"],
  ["export", "ad_reporting__ad_report", "-"],
  ["export", "cost_per_conversion_by_network_daily", "out", "--format", "parquet", "--partition-by", "month"],
  ["accounts", "pause", "google", "1000000011"],
  ["accounts", "resume", "google", "1000000011"],
];

export const alertCommands: typeof commands = [
  ["alerts", "check", "--json"],
  ["alerts", "list", "--json"],
  ["digest", "--print", "--json"],
];

/** Commands, one after another, with what each printed. */
export const printedBy = async (
  folder: string,
  asked: typeof commands = commands,
): Promise<Readonly<Record<string, string>>> => {
  const answers: Record<string, string> = {};
  for (const args of asked) {
    const { status, printed } = await run(folder, args);
    answers[args.join(" ")] = `${String(status)} ${settled(printed.replaceAll(folder, ""))}`;
  }
  return answers;
};

/** The rows of the Parquet files that were exported, in one order. */
export const exportedRows = async (folder: string): Promise<readonly string[]> => {
  const names = await readdir(join(folder, "out"), { recursive: true });
  const rows: string[] = [];
  for (const name of names.filter((file) => file.endsWith(".parquet"))) {
    const found = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, "out", name)) });
    for (const { account_key: _key, refreshed_at: _at, ...row } of found)
      rows.push(
        `${name} ${JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}`,
      );
  }
  return rows.toSorted();
};

const byCampaign = async ({ pool }: Database): Promise<string> => {
  const { rows } = await pool.query<{ filter: string }>(
    `select format('account=%s:%s&campaign=%s', platform, account_id, campaign_id) as filter
     from marts.cost_per_conversion_by_ad_daily where ad_id <> '' order by platform, account_id, campaign_id limit 1`,
  );
  return rows[0]?.filter ?? "";
};

const ofRange = `from=${range.from}&to=${range.to}`;

/** Every question that the page asks. */
const questions = (campaign: string): readonly string[] => [
  "morning",
  "morning?days=7",
  "missing",
  "truth",
  "overview",
  "channels",
  "excluded",
  "moved",
  "maturity",
  "session",
  "notes",
  "alerts",
  "silences",
  "rules",
  "dictionary",
  "health",
  ...["overview", "truth", "channels", "channels.csv", "excluded", "notes", "annotations"].map(
    (name) => `${name}?${ofRange}`,
  ),
  "moved?platform=google",
  "overview?range=90d&platform=google",
  ...["platform", "account", "campaign", "network", "action", ...breakdowns].flatMap((by) => [
    `breakdown?by=${by}&${ofRange}`,
    `breakdown?by=${by}&range=90d&platform=google`,
    `breakdown?by=${by}&${ofRange}&sort=name`,
    `breakdown.csv?by=${by}&${ofRange}`,
  ]),
  ...["ad", "ad_group"].flatMap((by) => [
    `breakdown?by=${by}&${ofRange}&${campaign}`,
    `breakdown.csv?by=${by}&${ofRange}&${campaign}`,
  ]),
  `campaign-days?${campaign}&${ofRange}`,
  `history?${campaign}&date=${range.to}`,
  `annotations?${ofRange}&${campaign}`,
];

/** The dashboard's answers, with their status. */
export const answersOf = async (
  database: Database,
  configText: string,
): Promise<Readonly<Record<string, string>>> => {
  const config = parseConfig(configText, "costper.yaml", {});
  const web = await openWeb({
    config: { ...config, web: { host: "127.0.0.1", port: 0 } },
    db: database.db,
    log: pino({ level: "silent" }),
  });
  onTestFinished(() => web.close());
  const answers: Record<string, string> = {};
  for (const question of questions(await byCampaign(database))) {
    const response = await fetch(`${web.url}/api/${question}`);
    answers[question] = `${String(response.status)} ${settled(await response.text())}`;
  }
  return answers;
};

/** What is answered otherwise, with the first line that is another. */
export const differences = (
  these: Readonly<Record<string, string>>,
  those: Readonly<Record<string, string>>,
): readonly string[] =>
  Object.entries(these).flatMap(([question, answer]) => {
    const other = those[question] ?? "";
    if (answer === other) return [];
    const [lines, others] = [answer.split("\n"), other.split("\n")];
    const at = lines.findIndex((line, index) => line !== others[index]);
    const [line = "", otherLine = ""] = [lines[at], others[at]];
    const from = Math.max(0, line.split("").findIndex((letter, index) => letter !== otherLine[index]) - 60);
    return [`${question}: ${line.slice(from, from + 200)} <> ${otherLine.slice(from, from + 200)}`];
  });

/** Whether all were answered: what both refuse would be alike, too. */
export const refused = (answers: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(answers).flatMap(([question, answer]) =>
    /^(0|200) /.test(answer) ? [] : [`${question}: ${answer.slice(0, 300)}`],
  );
