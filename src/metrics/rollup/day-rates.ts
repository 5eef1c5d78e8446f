import type pg from "pg";
import type { MartDays } from "./replace.ts";

/** The days' rates, in their order. They live on the coordinator alone, so the rollup is handed them. */
export const ratesOf = async (
  client: pg.PoolClient,
  accountKey: number,
  days: readonly string[],
  reportingCurrency: string | null,
): Promise<readonly (string | null)[]> => {
  if (reportingCurrency === null) return days.map(() => null);
  const { rows } = await client.query<{ rate: string | null }>(
    `select warehouse.rate_on(d.date, a.currency, $3) as rate
     from unnest($2::date[]) with ordinality as d (date, place)
     left join warehouse.account a on a.account_key = $1 order by d.place`,
    [accountKey, days, reportingCurrency],
  );
  return rows.map(({ rate }) => rate);
};

/** What rows by ad are converted with when somebody asks for them: the very rates of the levels above. */
export const noteRates = async ({
  client,
  accountKey,
  days,
  reportingCurrency,
  rates,
}: MartDays): Promise<void> => {
  if (reportingCurrency === null) return;
  await client.query(
    `insert into figures.day_rate as r (account_key, date, rate)
     select $1::integer, d.date, d.rate from unnest($2::date[], $3::numeric[]) as d (date, rate)
     on conflict (account_key, date) do update set rate = excluded.rate
     where r.rate is distinct from excluded.rate`,
    [accountKey, days, rates],
  );
};
