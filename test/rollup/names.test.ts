import { expect, test } from "vitest";
import type { Entity } from "../../src/domain/facts.ts";
import { compareRollups } from "../../src/metrics/rollup/compare.ts";
import { rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { freshDatabase } from "../support/database.ts";
import { load, prepareAccount, scriptedAccount, scriptedConnector } from "../support/scripted.ts";

const entities = (campaign: string, action: string): readonly Entity[] => [
  { kind: "campaign", id: "c1", name: campaign, status: "ACTIVE", type: "SALES" },
  {
    kind: "conversion_action",
    id: "purchase",
    name: action,
    status: "ACTIVE",
    category: "",
    origin: "",
    primary: true,
  },
];

test("a renamed account, campaign or action has its new name on all days, also those that were not pulled again, and no row is written for it", async () => {
  const { pool } = await freshDatabase();
  const conversions = [{ action: "purchase", traffic: "paid" as const, hundredths: 100, valueCents: 100 }];
  const day = { ads: [{ campaign: "c1", ad: "a1", cents: 100, impressions: 1, clicks: 1, conversions }] };
  const days = () => ({ "2026-01-15": day, "2026-03-01": day });
  const pull = async (name: string, named: readonly Entity[], from: string) => {
    const account = scriptedAccount({ name });
    const connector = scriptedConnector({ account, days, entities: named });
    const accountKey = await prepareAccount(pool, connector, account);
    await load(pool, connector, { account, accountKey, from, to: "2026-03-01" });
    return rollUpTouched({ pool, reportingCurrency: null });
  };
  const names = async () =>
    (
      await pool.query<{ names: string; refreshed: string }>(
        `select string_agg(distinct account_name || ', ' || campaign_name || ', ' || conversion_action_name, '; ') as names,
                count(distinct refreshed_at)::text as refreshed
         from marts.cost_per_conversion_by_action_daily`,
      )
    ).rows[0];
  await pull("Shop", entities("Brand", "Purchase"), "2026-01-15");
  expect(await names()).toEqual({ names: "Shop, Brand, Purchase", refreshed: "1" });
  expect(await pull("Store", entities("Brand DE", "Order"), "2026-03-01")).toBe(0);
  expect(await names()).toEqual({ names: "Store, Brand DE, Order", refreshed: "1" });
  expect(await compareRollups({ pool, reportingCurrency: null }, { from: null, to: null })).toEqual([]);
});
