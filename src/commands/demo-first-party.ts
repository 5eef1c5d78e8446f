import type { App } from "../app.ts";
import type { DayRange } from "../domain/day.ts";
import { importFile } from "../imports/import-file.ts";
import { importKinds } from "../imports/kinds/index.ts";
import { describeProblem } from "../imports/problem.ts";
import { readKpis } from "../metrics/kpi/read.ts";
import { loadSourceLists } from "../metrics/channels/lists.ts";
import { classifyOptions, firstPartySettings } from "../metrics/first-party/config.ts";
import { formatDecimal } from "./output.ts";
import { rollUpFirstParty } from "../metrics/first-party.ts";
import { type ShopCampaign, shopFiles } from "../../sandbox/first-party.ts";

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** The campaigns that spent in the days, as the shop's visits may come from them. */
export const demoCampaigns = async (
  { database }: Pick<App, "database">,
  range: DayRange,
): Promise<readonly ShopCampaign[]> => {
  const { rows } = await database.pool.query<{ platform: string; id: string; name: string; weight: string }>(
    `select m.platform, m.campaign_id as id, coalesce(min(c.name), '') as name, sum(m.spend_reporting) as weight
     from marts.cost_per_conversion_daily m
     left join warehouse.campaign c using (account_key, campaign_id)
     where m.date between $1 and $2 and m.campaign_id <> '' group by 1, 2 having sum(m.spend_reporting) > 0 order by 1, 2`,
    [range.from, range.to],
  );
  return rows.map(({ weight, ...campaign }) => ({ ...campaign, weight: Number(weight) }));
};

/** Imports a made-up shop's own sales and costs of the days, as `costper import` would, and rolls them up. */
export const importDemoFiles = async (
  { database, config, signal }: Pick<App, "database" | "config" | "signal">,
  range: DayRange,
  campaigns: readonly ShopCampaign[],
): Promise<void> => {
  const files = shopFiles(range, campaigns);
  const context = {
    lists: await loadSourceLists(),
    classify: classifyOptions(config),
    timeZone: config.timezone,
  };
  for (const [name, text] of Object.entries(files)) {
    const kind = importKinds[name];
    if (!kind) throw new RangeError(`there is no import of ${name}`);
    await importFile({
      database,
      kind,
      bytes: bytesOf(text),
      source: `demo-${name}.csv`,
      context,
      onProblem: (problem) => {
        throw new Error(`demo-${name}.csv: ${describeProblem(problem)}`);
      },
      onWarning: () => undefined,
      signal,
    });
  }
  await rollUpFirstParty({ database, settings: firstPartySettings(config) });
};

const kpiWords: readonly (readonly [kpi: string, words: string])[] = [
  ["cost_per_lead", "a lead"],
  ["cost_per_qualified_lead", "a qualified lead"],
  ["customer_acquisition_cost", "a customer"],
  ["cost_per_call_inbound", "a call"],
];

/** What a lead, a qualified lead, a customer and a call cost, in a line; leads, deals and calls come from the sources. */
export const costLine = async ({ database }: Pick<App, "database">, range: DayRange): Promise<string> => {
  const rows = await readKpis(database.db, { ...range, ids: kpiWords.map(([kpi]) => kpi), by: [] });
  const parts = kpiWords.map(([kpi, words]) => {
    const row = rows.find((one) => one.kpi === kpi && one.value !== null);
    return `${words} ${row?.value == null ? "-" : `${formatDecimal(row.value, 2)} ${row.unit}`}`;
  });
  return `From the CRM and the help desk: ${parts.join(", ")}.`;
};

const ruleWords: Readonly<Record<string, string>> = {
  retracted: "taken back",
  duplicate_order: "repeated orders",
  uncosted: "paid where spend is unknown",
  other: "e-mail and other",
};

/** What the shop's books say of paid against organic, in two lines. */
export const firstPartyLines = async (
  { database }: Pick<App, "database">,
  { from, to }: DayRange,
): Promise<readonly string[]> => {
  const { rows } = await database.pool.query<{ rule: string | null; conversions: string }>(
    `select e.rule, sum(c.quantity)::numeric(18, 0) as conversions
     from warehouse.first_party_conversion c left join marts.excluded_conversions e using (conversion_id)
     where c.date between $1 and $2 group by e.rule order by 2 desc`,
    [from, to],
  );
  const figure = (text: string): string => Number(text).toLocaleString("en");
  const paid = rows.find(({ rule }) => rule === null)?.conversions ?? "0";
  const left = rows.flatMap(({ rule, conversions }) =>
    rule === null ? [] : [`${figure(conversions)} ${ruleWords[rule] ?? rule.replaceAll("_", " ")}`],
  );
  return [
    `The shop's own books: ${figure(paid)} conversions from paid clicks count.`,
    `Left out: ${left.join(", ")}.`,
  ];
};
