import type { BreakdownName } from "../../domain/breakdown.ts";
import type { BreakdownDay } from "../../domain/facts.ts";
import type { KnownWindows, OpenConnector, Pull, Restatement } from "../connector.ts";
import { addedUp } from "../part-sums.ts";
import { createActionReader, seeActions, type SeenActions } from "./actions.ts";
import * as breakdowns from "./breakdowns.ts";
import { createGoogleClient } from "./client.ts";
import { discover } from "./discovery.ts";
import * as normalize from "./normalize.ts";
import { google } from "./platform.ts";
import * as queries from "./queries.ts";
import type { GoogleSettings } from "./settings.ts";

/** Google credits conversions to their click for 30 days unless an action says otherwise, 90 at the most. */
const restatement = ({ clickWindowDays, viewWindowDays }: KnownWindows): Restatement => {
  const longest = Math.max(30, ...clickWindowDays, ...viewWindowDays);
  // Uploads and data-driven attribution lag some days behind the window.
  const days = Math.min(90, longest) + 3;
  return { nightlyDays: days, finalAfterDays: days };
};

/** The click report reaches back 90 days. */
const clickReportDays = 90;

const openGoogle: OpenConnector<GoogleSettings> = (settings, context) => {
  const client = createGoogleClient(settings, context);
  const readActions = createActionReader(client, context.log);
  const loginCustomerId =
    settings.loginCustomerId === undefined ? undefined : google.accountId.bare(settings.loginCustomerId);

  const rows = ({ account, signal }: Pull, name: string, gaql: string) =>
    client.rows({ name, gaql, customerId: account.id, loginCustomerId: account.via, signal });

  const seen = new WeakMap<Pull, SeenActions>();

  const keywords = new WeakMap<Pull, breakdowns.SeenKeywords>();

  async function* read(pull: Pull, breakdown: BreakdownName): AsyncGenerator<readonly BreakdownDay[]> {
    const day = normalize.dayReader(pull);
    const seenHere: breakdowns.SeenKeywords = new Map();
    if (breakdown === "keyword") keywords.set(pull, seenHere);
    for await (const batch of rows(
      pull,
      `delivery by ${breakdown}`,
      queries.breakdownQuery(breakdown, pull),
    )) {
      if (breakdown === "keyword") breakdowns.seeKeywords(seenHere, batch);
      yield breakdowns.breakdownDeliveries(breakdown, batch, day);
    }
    const { primary } = await readActions(pull);
    for await (const batch of rows(
      pull,
      `conversions by ${breakdown}`,
      queries.breakdownConversionsQuery(breakdown, pull),
    )) {
      if (breakdown === "keyword") breakdowns.seeKeywords(seenHere, batch);
      yield breakdowns.breakdownConversions(breakdown, batch, day, primary);
    }
  }

  const byBreakdown = (breakdown: BreakdownName) => (pull: Pull) =>
    addedUp(read(pull, breakdown), (row) => breakdowns.mayComeAgain(breakdown, row));

  const clicks = async function* (pull: Pull) {
    for await (const batch of rows(pull, "clicks", queries.clicksQuery(pull)))
      yield normalize.adClicks(batch);
  };

  return {
    platform: "google",
    windowDays: 31,
    historyMonths: 37,
    networkSplit: "exact",
    concurrency: { platform: 5, account: 2 },
    restatement,
    accounts: (signal) => discover(client, context.log, loginCustomerId, signal),

    async *entities(pull) {
      for await (const batch of rows(pull, "campaigns", queries.campaignsQuery))
        yield normalize.campaignEntities(batch);
      for await (const batch of rows(pull, "ad groups", queries.adGroupsQuery))
        yield normalize.adGroupEntities(batch);
      for await (const batch of rows(pull, "ads", queries.adEntitiesQuery)) yield normalize.adEntities(batch);
      const { entities } = await readActions(pull);
      if (entities.length > 0) yield entities;
    },

    async *learnt(pull) {
      yield [...(seen.get(pull)?.values() ?? [])];
      yield [...(keywords.get(pull)?.values() ?? [])];
    },

    async *performance(pull) {
      const day = normalize.dayReader(pull);
      for await (const batch of rows(pull, "performance", queries.adsQuery(pull)))
        yield normalize.adDays(batch, day);
    },

    async *networks(pull) {
      const day = normalize.dayReader(pull);
      for await (const batch of rows(pull, "networks", queries.networksQuery(pull)))
        yield normalize.networkDeliveries(batch, day);
      const { primary } = await readActions(pull);
      const actions: SeenActions = new Map();
      seen.set(pull, actions);
      for await (const batch of rows(pull, "network conversions", queries.networkConversionsQuery(pull))) {
        seeActions(actions, batch);
        yield normalize.networkConversions(batch, day, primary);
      }
    },

    async *conversions(pull) {
      const day = normalize.dayReader(pull);
      const { primary } = await readActions(pull);
      for await (const batch of rows(pull, "conversions", queries.adConversionsQuery(pull)))
        yield normalize.conversionDays(batch, day, primary);
    },

    async *totals(pull) {
      const day = normalize.dayReader(pull);
      for await (const batch of rows(pull, "totals", queries.totalsQuery(pull)))
        yield normalize.accountDays(batch, day);
    },

    breakdowns: Object.fromEntries(
      settings.breakdowns.map((breakdown) => [breakdown, byBreakdown(breakdown)]),
    ),

    ...(settings.clicks && { clicks: { keptDays: clickReportDays, day: clicks } }),
  };
};

export default openGoogle;
