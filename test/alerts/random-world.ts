import { addDays } from "../../src/domain/day.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { seedAccountDays } from "./seed.ts";

export const lastDay = "2026-03-14";

export interface WorldAccount {
  readonly platform: string;
  readonly id: string;
  readonly currency: string;
}

/** A row of the daily mart; amounts and counts in millionths. */
export interface WorldRow {
  readonly account: WorldAccount;
  readonly campaign: string;
  /** Days before the last one. */
  readonly age: number;
  readonly spend: bigint;
  readonly clicks: bigint;
  readonly conversions: bigint;
  readonly value: bigint;
}

export interface World {
  readonly accounts: readonly WorldAccount[];
  readonly rows: readonly WorldRow[];
  /** What a unit of a currency is worth in DKK, in millionths, by currency and age; absent: not known. */
  readonly rates: ReadonlyMap<string, bigint>;
  /** Days without whole figures, by account and age. */
  readonly lacking: ReadonlySet<string>;
}

export const rateKey = (currency: string, age: number): string => `${currency} ${String(age)}`;
export const dayKey = ({ id }: WorldAccount, age: number): string => `${id} ${String(age)}`;

const reach = 100;

/** Accounts of two platforms and currencies, some young, with holes, days without spend and days that did not come. */
export const randomWorld = (random: () => number): World => {
  const upTo = (most: number): number => Math.floor(random() * most);
  const accounts = Array.from({ length: 6 }, (_, index) => ({
    platform: ["google", "meta"][index % 2] ?? "",
    id: String(100 + index),
    currency: ["EUR", "USD"][upTo(2)] ?? "",
  }));
  const rows = accounts.flatMap((account, index) => {
    const begun = index % 3 === 0 ? 30 + upTo(40) : reach;
    return ["a", "b", "b_2", ""].flatMap((campaign) =>
      Array.from({ length: begun }, (_, age) => age)
        .filter(() => random() < 0.8)
        .map((age): WorldRow => ({
          account,
          campaign,
          age,
          spend: random() < 0.1 ? 0n : BigInt(upTo(90_000_000)),
          clicks: BigInt(upTo(30)) * 1_000_000n,
          conversions: random() < 0.3 ? 0n : BigInt(upTo(4_000_000)),
          value: BigInt(upTo(200_000_000)),
        })),
    );
  });
  const rates = new Map<string, bigint>();
  for (const currency of ["EUR", "USD"])
    for (let age = 0; age < reach; age += 1)
      rates.set(rateKey(currency, age), BigInt(6_000_000 + upTo(2_000_000)));
  const lacking = accounts.flatMap((account) =>
    random() < 0.5 ? [dayKey(account, upTo(12)), dayKey(account, 15 + upTo(40))] : [],
  );
  return { accounts, rows, rates, lacking: new Set(lacking) };
};

const dayOf = (age: number): string => addDays(lastDay, -age);

const decimal = (millionths: bigint): string => `${String(millionths)}e-6`;

/** Writes a world to a fresh warehouse. */
export const writeWorld = async (
  { pool }: Database,
  { accounts, rows, rates, lacking }: World,
): Promise<void> => {
  const keys = new Map<WorldAccount, number>();
  for (const account of accounts) {
    const { rows: made } = await pool.query<{ account_key: number }>(
      `insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
       values ($1, $2, $2, $3, 'Europe/Copenhagen', 'ACTIVE', true, 28) returning account_key`,
      [account.platform, account.id, account.currency],
    );
    keys.set(account, made[0]?.account_key ?? 0);
    await pool.query(
      `insert into ops.account_day (platform, account_id, date, state, difference)
       select $1, $2, $3::date - n, case when n = any ($4::int[]) then 'failed' else 'complete' end, 0
       from generate_series(0, $5::int) n`,
      [
        account.platform,
        account.id,
        lastDay,
        Array.from({ length: reach }, (_, age) => age).filter((age) => lacking.has(dayKey(account, age))),
        reach,
      ],
    );
  }
  for (const month of new Set(Array.from({ length: reach + 1 }, (_, age) => `${dayOf(age).slice(0, 7)}-01`)))
    await pool.query("select warehouse.ensure_partition('figures.cost_per_conversion_daily', $1)", [month]);
  await pool.query(
    `insert into figures.cost_per_conversion_daily (account_key, date, campaign_id, currency, spend, impressions, clicks,
       conversions, conversion_value, organic_conversions, refreshed_at)
     select a.account_key, r.date, r.campaign, a.currency, r.spend, 0, r.clicks, r.conversions, r.value, 7, now()
     from unnest($1::int[], $2::date[], $3::text[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[])
       as r(account_key, date, campaign, spend, clicks, conversions, value)
     join warehouse.account a using (account_key)`,
    [
      rows.map(({ account }) => keys.get(account)),
      rows.map(({ age }) => dayOf(age)),
      rows.map(({ campaign }) => campaign),
      rows.map(({ spend }) => decimal(spend)),
      rows.map(({ clicks }) => decimal(clicks)),
      rows.map(({ conversions }) => decimal(conversions)),
      rows.map(({ value }) => decimal(value)),
    ],
  );
  await pool.query(
    `insert into warehouse.campaign (account_key, campaign_id, name, status, type)
     select distinct account_key, campaign_id, 'Campaign ' || campaign_id, 'ACTIVE', ''
     from figures.cost_per_conversion_daily where campaign_id <> ''`,
  );
  await seedAccountDays(pool);
  await pool.query(
    `insert into warehouse.exchange_rate (rate_date, base, quote, rate, source)
     select date, base, 'DKK', rate, 'test' from unnest($1::date[], $2::text[], $3::numeric[]) as r(date, base, rate)`,
    [
      [...rates.keys()].map((key) => dayOf(Number(key.split(" ")[1]))),
      [...rates.keys()].map((key) => key.split(" ")[0]),
      [...rates.values()].map(decimal),
    ],
  );
};
