import { addDays, countDays, type DayRange } from "../../domain/day.ts";
import type {
  AccountDay,
  AdDay,
  BreakdownDay,
  CampaignDay,
  ConversionDay,
  NetworkDay,
} from "../../domain/facts.ts";
import { asFailure } from "../../domain/failure.ts";
import type { Connector, OpenConnector, Pull } from "../connector.ts";
import { addedUp } from "../part-sums.ts";
import { readAccounts } from "./accounts.ts";
import { familyOf } from "./actions.ts";
import { metaBreakdowns } from "./breakdowns.ts";
import { createClient } from "./client.ts";
import { learntEntities, noSightings, readEntities, type Sightings, sight } from "./entities.ts";
import { TooMuchData } from "./failures.ts";
import { countedActionTypes } from "./goals.ts";
import { mergeNetworkDays, networkDaysOf, unknownNetwork } from "./networks.ts";
import { campaignRowsOf, conversionsOf, deliveryOf, type InsightsRow, readRow } from "./normalize.ts";
import { adReport, campaignReport, networkReport, totalParams } from "./queries.ts";
import { createReports } from "./report.ts";
import type { MetaSettings } from "./settings.ts";

const adKey = (row: InsightsRow) => ({
  date: row.date_start,
  campaignId: row.campaign_id ?? "",
  adGroupId: row.adset_id ?? "",
  adId: row.ad_id ?? "",
});

const openMeta: OpenConnector<MetaSettings> = (settings, context) => {
  const client = createClient(settings, context);
  const reports = createReports(client, context);
  const sightings = new WeakMap<Pull, Sightings>();
  const sightingsOf = (pull: Pull): Sightings => {
    const known = sightings.get(pull) ?? noSightings();
    sightings.set(pull, known);
    return known;
  };

  async function* performance(pull: Pull): AsyncGenerator<readonly AdDay[]> {
    for await (const rows of reports.rows(pull, adReport)) {
      for (const row of rows) sight(sightingsOf(pull), row);
      yield rows.map((row) => ({ ...adKey(row), ...deliveryOf(row) }));
    }
  }

  async function* conversions(pull: Pull): AsyncGenerator<readonly ConversionDay[]> {
    for await (const rows of reports.rows(pull, adReport)) {
      const days = rows.flatMap((row) =>
        conversionsOf(row).map((conversions) => ({ ...adKey(row), ...conversions })),
      );
      for (const { actionId } of days) sightingsOf(pull).actionTypes.add(actionId);
      if (days.length > 0) yield days;
    }
    warnOfOtherNames(pull, sightingsOf(pull).actionTypes);
  }

  /** An account may lack the name that counts and have another of the same family: nothing falls back silently. */
  const warnOfOtherNames = ({ account }: Pull, seen: ReadonlySet<string>): void => {
    for (const counted of countedActionTypes(settings.conversions)) {
      const family = familyOf(counted);
      const others = [...(family?.wholes ?? []), ...(family?.leaves ?? [])].filter((name) => seen.has(name));
      if (others.length > 0 && !seen.has(counted))
        context.log.warn(
          { platform: "meta", account: account.id, counted, reported: others },
          "the counted action type is not reported, others of its family are; check connectors.meta.conversions",
        );
    }
  };

  async function* networks(pull: Pull): AsyncGenerator<readonly NetworkDay[]> {
    const unknown: NetworkDay[] = [];
    for await (const rows of reports.rows(pull, networkReport)) {
      for (const row of rows) sight(sightingsOf(pull), row);
      const days = rows.flatMap(networkDaysOf);
      unknown.push(...days.filter(({ network }) => network === unknownNetwork));
      const known = days.filter(({ network }) => network !== unknownNetwork);
      if (known.length > 0) yield known;
    }
    if (unknown.length > 0) yield mergeNetworkDays(unknown);
  }

  /** Several of Meta's devices are one of ours, and each comes once a platform. */
  async function* broken(
    pull: Pull,
    { report, partOf }: (typeof metaBreakdowns)[keyof typeof metaBreakdowns],
  ): AsyncGenerator<readonly BreakdownDay[]> {
    for await (const rows of reports.rows(pull, report)) {
      for (const row of rows) sight(sightingsOf(pull), row);
      yield rows.flatMap((row) => campaignRowsOf(row, { part: partOf(row) }));
    }
  }

  /**
   * Campaigns contain what became of their deleted ads. Ads known from earlier runs are not asked for one by one
   * first: the campaign's own figure is enough to keep every cent.
   */
  async function* campaigns(pull: Pull): AsyncGenerator<readonly CampaignDay[]> {
    for await (const rows of reports.rows(pull, campaignReport)) {
      for (const row of rows) sight(sightingsOf(pull), row);
      yield rows.flatMap((row): CampaignDay[] => campaignRowsOf(row, {}));
    }
  }

  async function* totalsOf(pull: Pull, range: DayRange, seen: Set<string>): AsyncGenerator<AccountDay[]> {
    const call = {
      path: [`act_${pull.account.id}`, "insights"],
      params: totalParams(range),
      name: "account total",
      accountId: pull.account.id,
      signal: pull.signal,
    };
    try {
      for await (const page of client.pages(call, 200)) {
        const rows = page.map((raw) => readRow(raw, pull.account, range, "account"));
        const fresh = rows.filter(({ date_start: date }) => !seen.has(date) && seen.add(date));
        yield fresh.map((row) => ({ date: row.date_start, ...deliveryOf(row) }));
      }
    } catch (error) {
      const days = countDays(range);
      if (!(error instanceof TooMuchData) || days === 1) throw error;
      const middle = addDays(range.from, Math.floor(days / 2));
      yield* totalsOf(pull, { from: range.from, to: addDays(middle, -1) }, seen);
      yield* totalsOf(pull, { from: middle, to: range.to }, seen);
    }
  }

  return {
    platform: "meta",
    windowDays: 30,
    historyMonths: 37,
    networkSplit: "estimate",
    concurrency: { platform: 10, account: 3 },
    // Figures move for 28 days after they are reported: those days, and yesterday.
    restatement: () => ({ nightlyDays: 29, finalAfterDays: 29 }),
    accounts: (signal) => failing(readAccounts(client, settings, context, signal)),
    entities: (pull) => failing(readEntities(client, pull, sightingsOf(pull), settings.conversions)),
    learnt: (pull) => learntEntities(sightingsOf(pull)),
    performance: (pull) => failing(performance(pull)),
    networks: (pull) => failing(networks(pull)),
    conversions: (pull) => failing(conversions(pull)),
    breakdowns: Object.fromEntries(
      settings.breakdowns.map((breakdown) => [
        breakdown,
        (pull: Pull) => failing(addedUp(broken(pull, metaBreakdowns[breakdown]))),
      ]),
    ),
    campaigns: (pull) => failing(campaigns(pull)),
    totals: (pull) => failing(totalsOf(pull, pull, new Set())),
  } satisfies Connector;
};

/** Whatever is thrown on the way leaves as a Failure. */
async function* failing<T>(stream: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* stream;
  } catch (error) {
    throw asFailure(error);
  }
}

export default openMeta;
