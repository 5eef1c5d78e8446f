import { dayAt } from "../../domain/day.ts";
import type { Connector, ConnectorContext, KnownWindows, Pull } from "../connector.ts";
import { byAccount, byCampaign, byCreative, byRule, pullReport, type AnalyticsReport } from "./analytics.ts";
import { openClient } from "./client.ts";
import {
  findCampaign,
  listAccounts,
  listCampaigns,
  listCreatives,
  listRules,
  ownActions,
} from "./entities.ts";
import { conversionDays, deliveryBy, onLinkedin, pivotId, type AnalyticsRow } from "./normalize.ts";
import { type LinkedinPace, usualPace } from "./pace.ts";
import type { LinkedinSettings } from "./settings.ts";

const nightlyDays = 8;
/** One conversion reaches back at most this far: an event may be 90 days old, its lookback 90 more. */
const longestReachDays = 180;

/** When LinkedIn ends a version: the 15th, a year after its month. */
const endOfVersion = (version: string): Date =>
  new Date(Date.UTC(Number(version.slice(0, 4)) + 1, Number(version.slice(4)) - 1, 15));

const warnOfVersion = ({ apiVersion }: LinkedinSettings, { log, now }: ConnectorContext): void => {
  const end = endOfVersion(apiVersion);
  const daysLeft = Math.floor((end.getTime() - now().getTime()) / 86_400_000);
  log.info({ apiVersion }, "LinkedIn API version");
  if (daysLeft < 60)
    log.warn(
      { platform: "linkedin", apiVersion, endsOn: dayAt(end, "utc"), daysLeft },
      "LinkedIn ends this API version soon: set connectors.linkedin.apiVersion",
    );
};

/** Answers that several streams of one slice share; the slice's Pull is their key. */
const memoized = <T>(load: (pull: Pull) => Promise<T>): ((pull: Pull) => Promise<T>) => {
  const known = new WeakMap<Pull, Promise<T>>();
  return (pull) => {
    let answer = known.get(pull);
    if (!answer) {
      answer = load(pull);
      known.set(pull, answer);
      // A failed answer is asked for anew.
      answer.catch(() => known.delete(pull));
    }
    return answer;
  };
};

/** More unknown campaigns than this are first looked for in the listing. */
const pagesForCalls = 3;

const batchOf = 2_000;

function* inBatches<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < rows.length; start += batchOf) yield rows.slice(start, start + batchOf);
}

const restatement = (settings: LinkedinSettings, known: KnownWindows) => {
  const longest = Math.max(30, ...known.clickWindowDays, ...known.viewWindowDays) + 3;
  const nightly = settings.lookbackDays ?? nightlyDays;
  return {
    nightlyDays: nightly,
    finalAfterDays: Math.max(nightly, Math.min(longest, longestReachDays)),
  };
};

/** LinkedIn Ads. A campaign here is what LinkedIn's API calls campaign (its pages: ad set), not a campaign group. */
export const createLinkedin = (
  settings: LinkedinSettings,
  context: ConnectorContext,
  pace: LinkedinPace = usualPace,
): Connector => {
  const ask = openClient(settings, context, pace);
  warnOfVersion(settings, context);

  const campaignIds = memoized(async (pull) => {
    const ids: string[] = [];
    for await (const page of listCampaigns(ask, pull)) ids.push(...page.map(({ id }) => id));
    return ids;
  });
  const report = (kind: AnalyticsReport) =>
    memoized((pull) => pullReport(ask, pull, kind, context.now(), () => campaignIds(pull)));
  const campaignReport = report(byCampaign);
  const ruleReport = report(byRule);

  /** Campaigns that a slice's figures name, for learnt() to look up those that no listing has. */
  const named = new WeakMap<Pull, Set<string>>();
  const note = (pull: Pull, rows: readonly AnalyticsRow[]): void => {
    const ids = named.get(pull) ?? new Set<string>();
    for (const row of rows) ids.add(pivotId(row, "sponsoredCampaign"));
    ids.delete("");
    named.set(pull, ids);
  };

  const campaignKey = (row: AnalyticsRow) => ({
    date: row.date,
    campaignId: pivotId(row, "sponsoredCampaign"),
  });
  const delivery = memoized(async (pull) => {
    const rows = await campaignReport(pull);
    note(pull, rows);
    return deliveryBy(rows, campaignKey);
  });
  const conversions = memoized(async (pull) => {
    const [campaigns, rules] = [await campaignReport(pull), await ruleReport(pull)];
    note(pull, campaigns);
    note(pull, rules);
    const { rows, corrected } = conversionDays(campaigns, rules);
    if (corrected > 0)
      context.log.warn(
        { platform: "linkedin", account: pull.account.id, from: pull.from, to: pull.to, corrected },
        "conversion rules exceed the campaign's total: corrected on website conversions without a rule",
      );
    return rows;
  });

  const connector: Connector = {
    platform: "linkedin",
    windowDays: 90,
    historyMonths: 120,
    networkSplit: "exact",
    concurrency: { platform: 4, account: 2 },
    restatement: (known) => restatement(settings, known),
    accounts: (signal) => listAccounts(ask, signal),
    async *entities(pull) {
      yield* listCampaigns(ask, pull);
      yield ownActions;
      yield* listRules(ask, pull, context);
      if (settings.creatives) yield* listCreatives(ask, pull, context);
    },
    async *learnt(pull, unknownOf) {
      const unknown = new Set(await unknownOf("campaign", [...(named.get(pull) ?? [])]));
      // Before the account's first listing has been stored, that is every one: a few pages say what single calls would.
      if (unknown.size > pagesForCalls)
        for await (const page of listCampaigns(ask, pull)) {
          yield page.filter(({ id }) => unknown.has(id));
          for (const { id } of page) unknown.delete(id);
        }
      for (const id of unknown) {
        const found = await findCampaign(ask, pull, id);
        if (found) yield [found];
      }
    },
    async *performance(pull) {
      if (!settings.creatives) {
        for (const rows of inBatches(await delivery(pull)))
          yield rows.map((row) => ({ ...row, adGroupId: "", adId: "" }));
        return;
      }
      const rows = await pullReport(ask, pull, byCreative, context.now(), () => campaignIds(pull));
      note(pull, rows);
      yield* inBatches(
        deliveryBy(rows, (row) => ({
          ...campaignKey(row),
          adGroupId: "",
          adId: pivotId(row, "sponsoredCreative", 1),
        })),
      );
    },
    async *networks(pull) {
      yield* inBatches(onLinkedin(await delivery(pull), await conversions(pull)));
    },
    async *conversions(pull) {
      for (const rows of inBatches(await conversions(pull)))
        yield rows.map((row) => ({ ...row, adGroupId: "", adId: "" }));
    },
    async *totals(pull) {
      const rows = await pullReport(ask, pull, byAccount, context.now(), async () => []);
      yield* inBatches(deliveryBy(rows, ({ date }) => ({ date })));
    },
  };
  return connector;
};
