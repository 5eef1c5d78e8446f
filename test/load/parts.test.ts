import type pg from "pg";
import { expect, test } from "vitest";
import { freshDatabase } from "../support/database.ts";
import {
  load,
  prepareAccount,
  type ScriptedAd,
  scriptedAccount,
  scriptedConnector,
  type ScriptedDays,
} from "../support/scripted.ts";

const range = { from: "2026-03-01", to: "2026-03-04" };
const paid = (hundredths: number) => [
  { action: "purchase", traffic: "paid" as const, hundredths, valueCents: 10 * hundredths },
];
const ad = (name: string, cents: number, hundredths: number): ScriptedAd => ({
  campaign: "c1",
  ad: name,
  cents,
  impressions: 10,
  clicks: 2,
  conversions: hundredths === 0 ? [] : paid(hundredths),
});

const truth: ScriptedDays = {
  "2026-03-01": { ads: [ad("a", 100, 50), ad("b", 200, 0)] },
  "2026-03-02": { ads: [ad("a", 110, 60)], campaignExtra: { c1: 7 } },
  "2026-03-03": { ads: [ad("a", 120, 0)], accountExtra: 5 },
};

/** Which staging tables rows were written to since they were emptied: their files are empty again only if nobody did. */
const staged = async (pool: pg.Pool): Promise<readonly string[]> => {
  const { rows } = await pool.query<{ name: string }>(
    `select relname::text as name from pg_class where relnamespace = 'staging'::regnamespace and relkind = 'r'
     and pg_relation_size(oid) > 0 order by 1`,
  );
  return rows.map(({ name }) => name);
};

const emptied = (pool: pg.Pool) =>
  pool.query(
    `do $$ declare one record; begin
       for one in select oid::regclass as name from pg_class
                  where relnamespace = 'staging'::regnamespace and relkind = 'r'
       loop execute format('truncate %s', one.name); end loop; end $$`,
  );

const warehouseOf = async (pool: pg.Pool, accountKey: number): Promise<string> => {
  const tables = ["ad_daily", "conversion_daily", "network_daily", "network_conversion_daily"];
  const { rows } = await pool.query<{ row: string }>(
    `${tables
      .map(
        (name) =>
          `select '${name} ' || (to_jsonb(f) - 'account_key')::text as row from warehouse.${name} f where account_key = $1`,
      )
      .join(" union all ")}
     union all
     select 'day ' || (to_jsonb(d) - '{platform,account_id,fetched_at,slice_id}'::text[])::text from ops.account_day d
     where account_id = (select account_id from warehouse.account where account_key = $1) order by 1`,
    [accountKey],
  );
  return rows.map(({ row }) => row).join("\n");
};

let accounts = 0;
const subject = async (pool: pg.Pool, split: "exact" | "estimate", days: ScriptedDays) => {
  let script = days;
  const platform = split === "exact" ? "google" : "meta";
  const account = scriptedAccount({ platform, id: String((accounts += 1)) });
  const connector = scriptedConnector({ platform, split, account, days: () => script });
  const accountKey = await prepareAccount(pool, connector, account);
  const pull = () => load(pool, connector, { account, accountKey, ...range });
  await pull();
  return { accountKey, pull, say: (next: ScriptedDays) => (script = next) };
};

/** The truth with one day otherwise. */
const but = (date: string, day: ScriptedDays[string]): ScriptedDays => ({ ...truth, [date]: day });

const changes: readonly [string, ScriptedDays, readonly string[]][] = [
  [
    "more conversions",
    but("2026-03-01", { ads: [ad("a", 100, 80), ad("b", 200, 0)] }),
    ["campaign_conversion_daily", "conversion_daily", "network_conversion_daily", "outcome_part"],
  ],
  [
    "a first conversion on a day without figures",
    but("2026-03-04", { ads: [{ ...ad("a", 0, 100), impressions: 0, clicks: 0 }] }),
    [],
  ],
  ["conversions that all went", but("2026-03-01", { ads: [ad("a", 100, 0), ad("b", 200, 0)] }), []],
  [
    "more spend",
    but("2026-03-01", { ads: [ad("a", 105, 50), ad("b", 200, 0)] }),
    ["account_daily", "ad_daily", "campaign_daily", "delivery_part", "network_daily"],
  ],
  [
    "spend that no ad has, on a day that had none",
    but("2026-03-01", { ads: [ad("a", 100, 50), ad("b", 200, 0)], campaignExtra: { c1: 30 } }),
    [],
  ],
  ["ads that are gone", but("2026-03-01", { ads: [] }), []],
];

test.each(["exact", "estimate"] as const)(
  "split %s: whatever changed alone, the warehouse is what one load of it gives, and no more is staged than that part",
  async (split) => {
    const { pool } = await freshDatabase();
    for (const [name, changed, tables] of changes) {
      const it = await subject(pool, split, truth);
      const before = await warehouseOf(pool, it.accountKey);
      it.say(changed);
      await emptied(pool);
      await it.pull();
      // Days that campaign totals complete are compared every night.
      if (tables.length > 0 && split === "exact") expect([name, await staged(pool)]).toEqual([name, tables]);
      const after = await warehouseOf(pool, it.accountKey);
      expect([name, after]).not.toEqual([name, before]);
      const fresh = await subject(pool, split, changed);
      expect([name, after]).toEqual([name, await warehouseOf(pool, fresh.accountKey)]);
      it.say(truth);
      await it.pull();
      expect([name, await warehouseOf(pool, it.accountKey)]).toEqual([name, before]);
    }
  },
  120_000,
);

test("an unchanged repeat writes no row, to staging neither", async () => {
  const { pool } = await freshDatabase();
  const it = await subject(pool, "exact", truth);
  await emptied(pool);
  const again = await it.pull();
  expect(again.rowsWritten).toBe(0);
  expect(again.rowsRead).toBeGreaterThan(5);
  expect(await staged(pool)).toEqual([]);
});
