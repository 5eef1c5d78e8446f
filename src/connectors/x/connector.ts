import type { AccountDay, AdDay, ConversionDay, Entity, NetworkDay } from "../../domain/facts.ts";
import type { Connector, ConnectorContext, Pull } from "../connector.ts";
import { processMemory } from "../wire/memory.ts";
import { readAccounts } from "./accounts.ts";
import { openClient } from "./client.ts";
import { webConversionTypes } from "./conversion-types.ts";
import { openDownload } from "./download.ts";
import { conversionAction, knownActions } from "./entities.ts";
import { createFundings } from "./fundings.ts";
import {
  addConversions,
  addDelivery,
  addUp,
  conversionCells,
  conversionsOf,
  deliveryCells,
  type DeliveryCell,
  deliveryOf,
} from "./normalize.ts";
import { type Pace, usualPace } from "./pace.ts";
import { accountConcurrency, createReports, windowDays } from "./reports.ts";
import type { XSettings } from "./settings.ts";
import { knowledgeOf, type SliceKnowledge } from "./slice.ts";
import type { Report } from "./stats.ts";

const delivery = "ENGAGEMENT,BILLING";
const web = "WEB_CONVERSION";

/** Conversions are asked for apart from delivery, as X advises. */
const reports = {
  ads: { entity: "PROMOTED_TWEET", metricGroups: delivery },
  adConversions: { entity: "PROMOTED_TWEET", metricGroups: web },
  campaigns: { entity: "CAMPAIGN", metricGroups: delivery },
  campaignConversions: { entity: "CAMPAIGN", metricGroups: web },
  /** An account has no spend of its own at X: its total is that of what pays for it. */
  totals: { entity: "FUNDING_INSTRUMENT", metricGroups: delivery },
} as const satisfies Readonly<Record<string, Report>>;

/** Spend moves for 14 days, web conversions for 30: every night both are pulled again. */
const restatedDays = 30;

const entitiesAtOnce = 2_000;

function* inBatches<T>(rows: Iterable<T>): Generator<readonly T[]> {
  let batch: T[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < entitiesAtOnce) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** X Ads. A line item is an ad group, a promoted tweet an ad, a placement a network, a web conversion type an action. */
export const createX = (
  settings: XSettings,
  context: ConnectorContext,
  pace: Pace = usualPace,
): Connector => {
  const ask = openClient(settings, context, pace);
  const memory = context.memory ?? processMemory();
  const fundings = createFundings(ask, context.now);
  const download = openDownload(context, settings.timeoutSeconds * 1_000, pace);
  const figures = createReports({ ask, download, context, memory, pace, api: settings.endpoints.api });

  const known = new WeakMap<Pull, SliceKnowledge>();
  const about = (pull: Pull): SliceKnowledge => {
    let knowledge = known.get(pull);
    if (!knowledge) known.set(pull, (knowledge = knowledgeOf(ask, fundings, context, pull)));
    return knowledge;
  };
  /** Conversion types that the slice's figures name, beyond those that are documented. */
  const seen = new WeakMap<Pull, Set<string>>();
  const see = (pull: Pull, type: string): void => {
    const types = seen.get(pull) ?? new Set<string>();
    seen.set(pull, types.add(type));
  };

  const announce = async (pull: Pull, ...wanted: readonly Report[]): Promise<void> =>
    figures.announce(
      pull,
      await Promise.all(
        wanted.map(async (report) => [report, await about(pull).active(report.entity)] as const),
      ),
    );

  async function* performance(pull: Pull): AsyncGenerator<readonly AdDay[]> {
    // The first stream of a slice: what the others will read is computed meanwhile.
    await announce(pull, ...Object.values(reports));
    const { ads } = await about(pull).catalogue();
    for await (const answers of figures.answers(pull, reports.ads)) {
      const cells = answers.flatMap((answer) => [...deliveryCells(answer)]);
      const sums = addUp(cells, ({ id, date }) => `${date} ${id}`, addDelivery);
      yield [...sums.values()].map((sum) => ({
        date: sum.date,
        campaignId: ads.get(sum.id)?.campaignId ?? "",
        adGroupId: ads.get(sum.id)?.adGroupId ?? "",
        adId: sum.id,
        ...deliveryOf(sum),
      }));
    }
  }

  async function* networks(pull: Pull): AsyncGenerator<readonly NetworkDay[]> {
    await announce(pull, reports.campaigns, reports.campaignConversions);
    const row = ({ id, date, placement }: Pick<DeliveryCell, "id" | "date" | "placement">) => ({
      date,
      campaignId: id,
      network: placement,
    });
    for await (const answers of figures.answers(pull, reports.campaigns)) {
      const cells = answers.flatMap((answer) => [...deliveryCells(answer)]);
      yield cells.map((cell) => ({ kind: "delivery" as const, ...row(cell), ...deliveryOf(cell) }));
    }
    for await (const answers of figures.answers(pull, reports.campaignConversions)) {
      const cells = answers.flatMap((answer) => [...conversionCells(answer)]);
      for (const { actionId } of cells) see(pull, actionId);
      yield cells.map((cell) => ({ kind: "conversions" as const, ...row(cell), ...conversionsOf(cell) }));
    }
  }

  async function* conversions(pull: Pull): AsyncGenerator<readonly ConversionDay[]> {
    await announce(pull, reports.adConversions);
    const { ads } = await about(pull).catalogue();
    for await (const answers of figures.answers(pull, reports.adConversions)) {
      const cells = answers.flatMap((answer) => [...conversionCells(answer)]);
      const sums = addUp(
        cells,
        ({ id, date, actionId, attribution }) => `${date} ${id} ${actionId} ${attribution}`,
        addConversions,
      );
      yield [...sums.values()].map((sum) => {
        see(pull, sum.actionId);
        return {
          date: sum.date,
          campaignId: ads.get(sum.id)?.campaignId ?? "",
          adGroupId: ads.get(sum.id)?.adGroupId ?? "",
          adId: sum.id,
          ...conversionsOf(sum),
        };
      });
    }
  }

  async function* totals(pull: Pull): AsyncGenerator<readonly AccountDay[]> {
    await announce(pull, reports.totals);
    const days = new Map<string, DeliveryCell>();
    for await (const answers of figures.answers(pull, reports.totals))
      for (const answer of answers)
        for (const cell of deliveryCells(answer)) days.set(cell.date, addDelivery(days.get(cell.date), cell));
    yield* inBatches([...days.values()].map((day) => ({ date: day.date, ...deliveryOf(day) })));
    // Totals come last: what was computed for this slice is read.
    await figures.done(pull);
  }

  async function* entities(pull: Pull): AsyncGenerator<readonly Entity[]> {
    const { campaigns, adGroups, ads } = await about(pull).catalogue();
    yield* inBatches(campaigns.values());
    yield* inBatches(adGroups.values());
    yield* inBatches(ads.values());
    const documented: readonly string[] = webConversionTypes;
    const further = [...(seen.get(pull) ?? [])].filter((type) => !documented.includes(type));
    yield [...knownActions, ...further.map(conversionAction)];
  }

  return {
    platform: "x",
    windowDays,
    historyMonths: 120,
    networkSplit: "exact",
    concurrency: { platform: 10, account: accountConcurrency },
    restatement: () => ({
      nightlyDays: settings.lookbackDays ?? restatedDays,
      finalAfterDays: Math.max(settings.lookbackDays ?? 0, restatedDays),
    }),
    accounts: (signal) => readAccounts({ ask, settings, context, memory, fundings }, signal),
    entities,
    performance,
    networks,
    conversions,
    totals,
  };
};
