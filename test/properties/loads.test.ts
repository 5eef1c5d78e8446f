import fc from "fast-check";
import type pg from "pg";
import { expect, test } from "vitest";
import type { Platform } from "../../src/domain/platform.ts";
import { compareRollups } from "../../src/metrics/rollup/compare.ts";
import { rollUpAccount } from "../../src/metrics/rollup/rollup.ts";
import { freshDatabase } from "../support/database.ts";
import {
  load,
  prepareAccount,
  scriptedAccount,
  scriptedConnector,
  type ScriptedDays,
  totalCents,
} from "../support/scripted.ts";
import { days, slices, sync, window, world } from "./worlds.ts";

const runs = Number(process.env["PROPERTY_RUNS"] ?? 10);
/** A failure tells its seed; with PROPERTY_SHRINK set it is made smaller, which takes minutes. */
const bounded = { numRuns: runs, endOnFailure: process.env["PROPERTY_SHRINK"] === undefined } as const;
const counted = ["purchase", "lead"];

/** An account of its own in the database: how its script is synced, and what the marts say of it. */
const subject = async (pool: pg.Pool, platform: Platform, id: string) => {
  let script: ScriptedDays = {};
  let upcoming: ScriptedDays | undefined;
  const split = platform === "google" ? "exact" : "estimate";
  const account = scriptedAccount({ platform, id });
  const connector = scriptedConnector({
    platform,
    split,
    account,
    days: () => script,
    // The platform's figures may change between two calls of one slice.
    onStream: (name) => {
      if (name === "networks" && upcoming) [script, upcoming] = [upcoming, undefined];
    },
  });
  const accountKey = await prepareAccount(pool, connector, account, counted);
  return {
    accountKey,
    say: (days: ScriptedDays) => (script = days),
    sayWhileLoading: (days: ScriptedDays) => (upcoming = days),
    pull: async (ranges: readonly { from: string; to: string }[]) => {
      for (const range of ranges) {
        await load(pool, connector, { account, accountKey, ...range });
        await rollUpAccount({ pool, reportingCurrency: null }, accountKey);
      }
    },
    marts: async () => {
      const told: Record<string, unknown[]> = {};
      for (const mart of ["daily", "by_network_daily", "by_action_daily"]) {
        const { rows } = await pool.query<{ row: object }>(
          `select to_jsonb(m) - '{account_key,account_id,refreshed_at,projected_conversions,projected_cost_per_conversion}'::text[] as row
           from marts.cost_per_conversion_${mart} m where account_key = $1 order by 1`,
          [accountKey],
        );
        told[mart] = rows.map(({ row }) => row);
      }
      return told;
    },
  };
};

let accounts = 0;

test.each<Platform>(["google", "meta"])(
  "%s: any order of slices, repeated, side by side, over any restatement, gives what one clean load of the final truth gives",
  async (platform) => {
    const { pool } = await freshDatabase();
    await fc.assert(
      fc.asyncProperty(
        fc.array(sync, { maxLength: 2 }),
        world,
        slices,
        slices,
        fc.boolean(),
        async (before, final, first, second, sideBySide) => {
          const restated = await subject(pool, platform, String((accounts += 1)));
          for (const night of before) {
            if (night.sideBySide) restated.sayWhileLoading(night.world);
            else restated.say(night.world);
            const other = restated.pull(night.sideBySide ? night.second : []);
            await Promise.all([restated.pull(night.first), other]);
          }
          restated.sayWhileLoading(final);
          restated.say(final);
          await Promise.all([restated.pull(first), restated.pull(sideBySide ? second : [])]);

          const clean = await subject(pool, platform, String((accounts += 1)));
          clean.say(final);
          await clean.pull([window]);
          expect(await restated.marts()).toEqual(await clean.marts());
        },
      ),
      bounded,
    );
    expect(await compareRollups({ pool, reportingCurrency: null }, { from: null, to: null })).toEqual([]);
  },
  240_000,
);

test.each<Platform>(["google", "meta"])(
  "%s: every grouping of a day adds up to what the platform says of it",
  async (platform) => {
    const { pool } = await freshDatabase();
    await fc.assert(
      fc.asyncProperty(world, slices, async (truth, cut) => {
        const it = await subject(pool, platform, String((accounts += 1)));
        it.say(truth);
        await it.pull(cut);
        const { rows } = await pool.query<Record<string, string>>(
          `select d.date,
                  round(100 * coalesce((select sum(spend) from warehouse.ad_daily where account_key = $1 and date = d.date), 0)) as ads,
                  round(100 * coalesce((select sum(spend) from marts.cost_per_conversion_daily where account_key = $1 and date = d.date), 0)) as campaigns,
                  round(100 * coalesce((select sum(spend) from marts.cost_per_conversion_by_network_daily where account_key = $1 and date = d.date), 0)) as networks,
                  round(100 * coalesce((select sum(conversions) from marts.cost_per_conversion_daily where account_key = $1 and date = d.date), 0)) as paid,
                  round(100 * coalesce((select sum(conversions) from marts.cost_per_conversion_by_network_daily where account_key = $1 and date = d.date), 0)) as paid_by_network,
                  round(100 * coalesce((select sum(conversions) from marts.cost_per_conversion_by_action_daily where account_key = $1 and date = d.date), 0)) as paid_by_action,
                  round(100 * coalesce((select sum(organic_conversions) from marts.cost_per_conversion_daily where account_key = $1 and date = d.date), 0)) as organic,
                  round(100 * coalesce((select sum(x.conversions) from marts.organic_excluded_daily x join warehouse.account a using (platform, account_id)
                                        where a.account_key = $1 and x.date = d.date), 0)) as organic_shown
           from unnest($2::date[]) d (date) order by d.date`,
          [it.accountKey, days],
        );
        const expected = days.map((date) => {
          const day = truth[date] ?? { ads: [] };
          const of = (traffic: string) =>
            String(
              day.ads
                .flatMap(({ conversions }) => conversions)
                .filter((one) => one.traffic === traffic && counted.includes(one.action))
                .reduce((total, { hundredths }) => total + hundredths, 0),
            );
          const spend = String(totalCents(day));
          return {
            date,
            ads: spend,
            campaigns: spend,
            networks: spend,
            paid: of("paid"),
            paid_by_network: of("paid"),
            paid_by_action: of("paid"),
            organic: of("organic"),
            organic_shown: of("organic"),
          };
        });
        expect(rows).toEqual(expected);
        const bad = await pool.query(
          "select from ops.account_day where account_id = $1 and (state not in ('complete', 'no_spend') or difference <> 0)",
          [String(accounts)],
        );
        expect(bad.rowCount).toBe(0);
      }),
      bounded,
    );
  },
  240_000,
);

test("as-of at any past moment is what a replay up to that moment gives", async () => {
  const { pool } = await freshDatabase();
  await fc.assert(
    fc.asyncProperty(fc.array(sync, { minLength: 1, maxLength: 3 }), async (nights) => {
      const id = String((accounts += 1));
      const it = await subject(pool, "meta", id);
      const columns =
        "date, campaign_id, currency, spend, impressions, clicks, conversions, conversion_value, organic_conversions, cost_per_conversion, cost_per_click, conversion_rate, return_on_ad_spend, refreshed_at is not null as dated";
      const seen: { moment: string; rows: unknown[] }[] = [];
      for (const night of nights) {
        it.say(night.world);
        await Promise.all([it.pull(night.first), it.pull(night.sideBySide ? night.second : [])]);
        const { rows } = await pool.query(
          `select ${columns} from marts.cost_per_conversion_daily where account_id = $1 order by 1, 2`,
          [id],
        );
        const clock = await pool.query<{ moment: string }>("select clock_timestamp()::text as moment");
        seen.push({ moment: clock.rows[0]?.moment ?? "", rows });
      }
      for (const { moment, rows } of seen) {
        const then = await pool.query(
          `select ${columns} from marts.cost_per_conversion_as_of($1) where account_id = $2 order by 1, 2`,
          [moment, id],
        );
        expect(then.rows).toEqual(rows);
      }
      const before = await pool.query(
        "select from marts.cost_per_conversion_as_of('2000-01-01') where account_id = $1",
        [id],
      );
      expect(before.rowCount).toBe(0);
      const repeats = await pool.query(
        `select from (
           select spend, impressions, clicks, conversions, conversion_value, organic_conversions,
                  lag((spend, impressions, clicks, conversions, conversion_value, organic_conversions))
                    over (partition by date, campaign_id order by observed_at) as before
           from marts.cost_per_conversion_history where account_id = $1) h
         where (spend, impressions, clicks, conversions, conversion_value, organic_conversions) = before`,
        [id],
      );
      expect(repeats.rowCount).toBe(0);
    }),
    bounded,
  );
}, 240_000);

test("a slice that was overtaken by a newer one does not put old figures back", async () => {
  const { pool } = await freshDatabase();
  const account = scriptedAccount({ id: "overtaken" });
  const ad = { campaign: "c1", ad: "a1", impressions: 1, clicks: 1, conversions: [] };
  const date = window.from;
  let cents = 100;
  let meanwhile: (() => Promise<unknown>) | undefined;
  const connector = scriptedConnector({
    account,
    days: () => ({ [date]: { ads: [{ ...ad, cents }] } }),
    onStream: async (name) => {
      const work = name === "entities" ? meanwhile : undefined;
      if (work) meanwhile = undefined;
      await work?.();
    },
  });
  const accountKey = await prepareAccount(pool, connector, account);
  const pull = () => load(pool, connector, { account, accountKey, ...window });
  await pull();
  // All of its rows are read when the platform's figure changes and another sync publishes it.
  meanwhile = async () => {
    cents = 300;
    await pull();
  };
  cents = 200;
  expect((await pull()).outcome).toBe("done");
  const { rows } = await pool.query(
    "select sum(spend)::float8 as spend from warehouse.ad_daily where account_key = $1",
    [accountKey],
  );
  expect(rows).toEqual([{ spend: 3 }]);
});

test("rows that went straight into an empty range are taken out again where another slice filled it meanwhile", async () => {
  const { pool } = await freshDatabase();
  const account = scriptedAccount({ id: "filled" });
  const date = window.from;
  let name = "a1";
  let meanwhile: (() => Promise<unknown>) | undefined;
  const connector = scriptedConnector({
    account,
    days: () => ({
      [date]: {
        ads: [{ campaign: "c1", ad: name, cents: 100, impressions: 1, clicks: 1, conversions: [] }],
      },
    }),
    onStream: async (stream) => {
      const work = stream === "entities" ? meanwhile : undefined;
      if (work) meanwhile = undefined;
      await work?.();
    },
  });
  const accountKey = await prepareAccount(pool, connector, account);
  const pull = () => load(pool, connector, { account, accountKey, ...window });
  // The key of the other slice's row is another one, so that nothing collides.
  meanwhile = async () => {
    name = "a2";
    await pull();
  };
  expect((await pull()).outcome).toBe("done");
  const { rows } = await pool.query("select ad_id from warehouse.ad_daily where account_key = $1", [
    accountKey,
  ]);
  expect(rows).toEqual([{ ad_id: "a2" }]);
});
