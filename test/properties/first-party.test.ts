import fc from "fast-check";
import { expect, test } from "vitest";
import { eraseLeads } from "../../src/imports/ledger/erase.ts";
import type { FirstPartySettings } from "../../src/metrics/first-party/settings.ts";
import { rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { acceptAccount } from "../../src/warehouse/accept-account.ts";
import { storeEntities } from "../../src/warehouse/dimensions.ts";
import { replaceClickDay } from "../../src/warehouse/load-clicks.ts";
import { replaceGa4Day } from "../../src/warehouse/load-ga4.ts";
import { inTransaction } from "../../src/warehouse/transaction.ts";
import { rollUp, rollUpWhole } from "../first-party/support.ts";
import { importText } from "../imports/support.ts";
import { freshDatabase } from "../support/database.ts";
import { storeRate } from "../support/rates.ts";
import {
  load,
  prepareAccount,
  scriptedAccount,
  scriptedConnector,
  type ScriptedDays,
} from "../support/scripted.ts";
import { days, window, world } from "./worlds.ts";

const runs = Number(process.env["PROPERTY_RUNS"] ?? 10);

/** What the rollup makes, without the moments at which it did, and what it says of the days that it moved. */
const made = {
  channels: "select to_jsonb(m) - 'refreshed_at' as row from marts.channel_daily m",
  paid: "select to_jsonb(m) - 'refreshed_at' as row from marts.paid_cost_per_conversion_first_party_daily m",
  excluded: "select to_jsonb(m) - 'refreshed_at' as row from marts.excluded_conversions m",
  kpis: "select to_jsonb(m) - 'refreshed_at' as row from marts.kpi_daily m",
  measures: "select to_jsonb(m) - 'refreshed_at' as row from figures.kpi_measure_daily m",
  spans: "select to_jsonb(m) as row from ops.costed_span m",
  conversions: "select to_jsonb(m) as row from warehouse.first_party_conversion m",
  leads: "select to_jsonb(m) as row from warehouse.lead m",
  changes: "select to_jsonb(m) as row from ops.source_change m",
} as const;

const day = fc.constantFrom(...days);
const moment = fc
  .tuple(day, fc.constantFrom("00:30", "12:00", "23:30"))
  .map(([date, time]) => `${date}T${time}:00Z`);
const clickId = fc.constantFrom("g1", "g2", "g3");
const leadId = fc.constantFrom("l1", "l2", "l3", "l4");
const campaignId = fc.constantFrom("c1", "c2", "c3", "c9");
const maybe = (text: fc.Arbitrary<string>) => fc.oneof(fc.constant(""), text);
const currency = fc.constantFrom("EUR", "USD", "DKK");

/** source, medium, campaign, campaign_id, gclid */
const visit = fc.oneof(
  clickId.map((gclid) => `google,cpc,,,${gclid}`),
  fc
    .tuple(fc.constantFrom("facebook", "google", "partner"), campaignId)
    .map(([source, id]) => `${source},social,,${id},`),
  fc.constantFrom("Brand", "Spring", "brand").map((name) => `facebook,paid_social,${name},,`),
  fc.constantFrom("google,cpc,Brand,,", "newsletter,email,,,", ",,,,", "partner,cpc,,,"),
);

const csv = (kind: string, header: string, line: fc.Arbitrary<string>) =>
  fc
    .array(line, { minLength: 1, maxLength: 3 })
    .map((lines) => ({ kind, text: [header, ...lines].join("\n") }));

const conversions = csv(
  "conversions",
  "conversion_id,conversion_name,converted_at,value,currency,order_id,lead_id,deleted,source,medium,campaign,campaign_id,gclid",
  fc
    .tuple(
      fc.constantFrom("s1", "s2", "s3", "s4", "s5"),
      fc.constantFrom("purchase", "signup"),
      moment,
      fc.integer({ min: 1, max: 99 }),
      currency,
      maybe(fc.constantFrom("o1", "o2")),
      maybe(leadId),
      fc.constantFrom("", "", "", "yes"),
      visit,
    )
    .map((cells) => cells.join(",")),
);

const leads = csv(
  "leads",
  "lead_id,created_at,stage,stage_at,score,score_at,lost_at,deleted,source,medium,campaign,campaign_id,gclid",
  fc
    .tuple(
      leadId,
      moment,
      fc.constantFrom("lead", "marketing_qualified", "customer"),
      maybe(moment),
      maybe(fc.constantFrom("10", "60")),
      maybe(moment),
      maybe(moment),
      fc.constantFrom("", "", "", "yes"),
      visit,
    )
    .map((cells) => cells.join(",")),
);

const costs = csv(
  "costs",
  "external_id,period_start,period_end,cost_class,amount,currency,platform,campaign_id",
  fc
    .tuple(
      fc.constantFrom("k1", "k2"),
      fc.tuple(day, day).map((both) => both.toSorted().join(",")),
      fc.constantFrom("ad_spend", "tool", "labour"),
      fc.integer({ min: 1, max: 99 }),
      currency,
      fc.constantFrom("", "meta", "tiktok"),
      maybe(campaignId),
    )
    .map((cells) => cells.join(",")),
);

const measures = csv(
  "measures",
  "date,measure,value,currency",
  fc
    .tuple(day, fc.oneof(fc.constant("visitors"), fc.constant("revenue")), fc.nat(99), currency)
    .map(
      ([date, measure, value, unit]) =>
        `${date},${measure},${String(value)},${measure === "revenue" ? unit : ""}`,
    ),
);

const campaign = fc.record({
  id: fc.constantFrom("c1", "c2", "c3"),
  name: fc.constantFrom("Brand", "Spring", "brand"),
  type: fc.constantFrom("SEARCH", "VIDEO"),
});

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("file" as const), file: conversions, corrects: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("file" as const), file: leads, corrects: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("file" as const), file: costs, corrects: fc.constant(false) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("file" as const), file: measures, corrects: fc.constant(false) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("replaceSales" as const), file: conversions, from: day }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("merge" as const), lead: leadId, into: leadId }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), lead: leadId }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("spend" as const), world, from: day }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("entities" as const),
      on: fc.nat(1),
      campaigns: fc.array(campaign, { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("clicks" as const),
      date: day,
      clicks: fc.uniqueArray(fc.tuple(clickId, campaignId), { maxLength: 2, selector: ([id]) => id }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("ga4" as const),
      date: day,
      sessions: fc.nat(3),
      events: fc.nat(2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("rate" as const),
      date: day,
      unit: fc.constantFrom("USD", "DKK"),
      rate: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("accept" as const), from: day, currency }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("lose" as const),
      table: fc.constantFrom(
        "warehouse.lead",
        "warehouse.first_party_conversion",
        "warehouse.cost",
        "warehouse.measure_daily",
        "warehouse.lead_stage",
        "warehouse.lead_score",
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("choose" as const),
      settings: fc.record({
        timeZone: fc.constantFrom("Europe/Copenhagen", "America/New_York"),
        reportingCurrency: fc.constantFrom("EUR", undefined),
        ga4KeyEvents: fc.constantFrom([], ["signup"]),
        qualifiedScore: fc.constantFrom("50", "5"),
        classify: fc.record({ affiliatesArePaid: fc.boolean() }),
      }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A warehouse whose company and platforms do what the steps say. */
const company = async () => {
  const database = await freshDatabase();
  const { pool } = database;
  let script: ScriptedDays = {};
  let settings: Partial<FirstPartySettings> = { reportingCurrency: "EUR", qualifiedScore: "50" };
  const account = scriptedAccount({ platform: "meta" });
  const connector = scriptedConnector({ account, days: () => script });
  const google = scriptedAccount({ platform: "google", id: "2", currency: "USD" });
  const keys = [
    await prepareAccount(pool, connector, account),
    await prepareAccount(
      pool,
      scriptedConnector({ platform: "google", account: google, days: () => ({}) }),
      google,
    ),
  ];
  const inOne = (work: Parameters<typeof inTransaction>[1]) => inTransaction(pool, work);
  const take = async (one: Step): Promise<void> => {
    switch (one.do) {
      case "file":
        return void (await importText(database, one.file.kind, one.file.text, {
          correct: one.corrects && one.file.kind === "leads",
        }));
      case "replaceSales":
        return void (await importText(database, "conversions", one.file.text, {
          replace: { from: one.from, to: window.to },
        }));
      case "merge":
        return void (await importText(
          database,
          "leads",
          `lead_id,created_at,merged_into\n${one.lead},,${one.into}`,
        ));
      case "forget":
        return void (await inOne((client) =>
          eraseLeads(client, {
            where: "l.lead_id = $1",
            parameters: [one.lead],
            timeZone: settings.timeZone ?? "Europe/Copenhagen",
          }),
        ));
      case "spend":
        script = one.world;
        await load(pool, connector, { account, accountKey: keys[0] ?? 0, from: one.from, to: window.to });
        return void (await rollUpTouched({ pool, reportingCurrency: null }));
      case "entities":
        return void (await inOne((client) =>
          storeEntities(
            client,
            keys[one.on] ?? 0,
            one.campaigns.map((entity) => ({ kind: "campaign" as const, status: "", ...entity })),
          ),
        ));
      case "clicks":
        return void (await replaceClickDay(
          pool,
          google,
          {
            date: one.date,
            settled: false,
            clicks: (async function* () {
              yield one.clicks.map(([id, campaignOf]) => ({
                clickId: id,
                campaignId: campaignOf,
                adGroupId: "",
                adId: "",
                network: "SEARCH",
              }));
            })(),
          },
          new AbortController().signal,
        ));
      case "ga4": {
        const row = {
          reported_channel: "Direct",
          source: "",
          medium: "",
          campaign: "",
          campaign_id: "",
          channel: "Direct",
          traffic: "direct",
        };
        return replaceGa4Day(pool, {
          property: "1",
          date: one.date,
          currency: null,
          sessions:
            one.sessions === 0
              ? []
              : [
                  {
                    ...row,
                    sessions: String(one.sessions),
                    engaged_sessions: "1",
                    key_events: "0",
                    revenue: null,
                    channel_disagrees: false,
                  },
                ],
          keyEvents:
            one.events === 0 ? [] : [{ ...row, event_name: "signup", key_events: String(one.events) }],
          state: {
            is_lossy: false,
            is_thresholded: false,
            sampled_share: null,
            revenue_hidden: false,
            empty_reason: null,
            time_zone: null,
            is_whole: true,
            tokens_left_today: null,
          },
        });
      }
      case "rate":
        return storeRate(pool, one.date, one.unit, String(one.rate));
      case "accept":
        return void (await acceptAccount(
          pool,
          { ...google, currency: one.currency },
          { from: one.from, now: new Date("2026-03-04T00:00:00Z") },
        ));
      case "lose":
        // By somebody's own statement: whatever is written to these tables marks itself.
        return void (await pool.query(
          `delete from ${one.table} where ctid = (select min(ctid) from ${one.table})`,
        ));
      case "choose":
        settings = one.settings;
    }
  };
  return {
    pool,
    take,
    rollUp: () => rollUp(database, settings),
    rollUpWhole: () => rollUpWhole(database, settings),
    made: async () => {
      const told: Record<string, readonly string[]> = {};
      for (const [name, query] of Object.entries(made)) {
        const { rows } = await pool.query<{ row: string }>(`select row::text from (${query}) r order by 1`);
        told[name] = rows.map(({ row }) => row);
      }
      return told;
    },
  };
};

test("whatever changes, making what is marked leaves what making everything leaves, and no mark", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 4, maxLength: 10 }),
      async (nights) => {
        const it = await company();
        for (const night of nights) {
          for (const one of night) await it.take(one);
          await it.rollUp();
          const marked = await it.made();
          const left = await it.pool.query("select from ops.touched_first_party");
          expect(left.rowCount).toBe(0);
          await it.rollUpWhole();
          expect(await it.made()).toEqual(marked);
        }
      },
    ),
    { numRuns: runs, endOnFailure: process.env["PROPERTY_SHRINK"] === undefined },
  );
}, 240_000);
