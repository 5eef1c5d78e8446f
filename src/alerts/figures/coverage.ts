import { type Kysely, sql } from "kysely";
import { addDays, countDays, type Day, dayAt, type DayRange, eachDay, endOfDay } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";

/** An account as the rules see it: whose days, which currency, how far its figures can be trusted. */
export interface CoveredAccount {
  /** Absent where the configuration names an account that discovery has never found. */
  readonly accountKey: number | null;
  readonly platform: string;
  readonly accountId: string;
  readonly name: string | null;
  readonly currency: string | null;
  readonly timeZone: string;
  /** False once the platform says that it is closed: nothing more is expected of it. */
  readonly active: boolean;
  /** A person paused it: that it is behind is no news. */
  readonly paused: boolean;
  /** How old its first day with figures is, 0 is the youngest; null where it has none. */
  readonly begunAge: number | null;
  /** Last day whose figures came in whole, and the first that was ever asked for. */
  readonly lastGood: Day | null;
  readonly firstAsked: Day | null;
  /** Before this day the account had another currency or time zone: those days are none of its series. */
  readonly seriesFrom: Day | null;
  /** The youngest whole day at the moment of evaluation. */
  readonly youngest: Day;
}

export interface Coverage {
  readonly accounts: readonly CoveredAccount[];
  /** Why the account's figures of these days cannot be judged, or undefined where they can. */
  blindness(account: CoveredAccount, days: DayRange): string | undefined;
}

/** How far a day is off, where rounding does not explain it; its rows hold residual spend too. */
export const dayDifference = sql<string>`case when ops.differs(d) then abs(d.difference) else 0 end`;

const readAccounts = async (db: Kysely<DB>, until: Day | undefined) => {
  const { rows } = await sql<Omit<CoveredAccount, "begunAge" | "youngest">>`
    select a.account_key as "accountKey", k.platform, k.account_id as "accountId", a.name, a.currency,
           coalesce(a.time_zone, 'UTC') as "timeZone", coalesce(a.is_active, true) as active,
           p.platform is not null as paused, a.series_from as "seriesFrom", k.last_good as "lastGood",
           k.first_asked as "firstAsked"
    from (
      select platform, account_id, min(date) as first_asked,
             max(date) filter (where state in ('complete', 'no_spend')) as last_good
      from (
        select platform, account_id, date, state from ops.account_day
        where ${until ?? null}::date is null or date <= ${until ?? null}::date
        union all
        select platform, account_id, null, null from warehouse.account where series_to is null
      ) day
      group by platform, account_id
    ) k
    left join (select * from warehouse.account where series_to is null) a using (platform, account_id)
    left join ops.account_pause p using (platform, account_id)
    order by platform, account_id`.execute(db);
  return rows;
};

/** The first day of each account that has figures. */
const readBegun = async (db: Kysely<DB>): Promise<ReadonlyMap<number | null, Day>> => {
  const { rows } = await sql<{ key: number; day: Day }>`
    select account_key as key, min(date) as day from marts.cost_per_conversion_by_account_daily
    group by account_key`.execute(db);
  return new Map(rows.map(({ key, day }) => [key, day]));
};

const blank = "not fetched";

/** Days on end that are alike: well, which is the empty text, or with the same fault. */
interface Run extends DayRange {
  readonly fault: string;
}

/** The days of each account from `from` on, as runs: an account that is well has one, however far the rules look. */
const readRuns = async (db: Kysely<DB>, from: Day): Promise<ReadonlyMap<string, readonly Run[]>> => {
  const { rows } = await sql<Run & { account: string }>`
    select account, fault, min(date) as "from", max(date) as "to"
    from (
      select account, fault, date,
             date - (row_number() over (partition by account, fault order by date))::int as run
      from (
        select d.platform || '/' || d.account_id as account, d.date,
               case when d.state in ('no_spend', 'account_closed') then ''
                    when d.state = 'complete' and ops.differs(d) then 'not reconciled'
                    when d.state = 'complete' then ''
                    when d.state = 'failed' then 'failed'
                    else ${blank} end as fault
        from ops.account_day d
        where d.date >= ${from}
      ) day
    ) day
    group by account, fault, run`.execute(db);
  const runs = new Map<string, Run[]>();
  for (const { account, ...run } of rows) {
    const found = runs.get(account);
    if (found === undefined) runs.set(account, [run]);
    else found.push(run);
  }
  return runs;
};

/**
 * @param asOf evaluates as of the end of that day, in each account's zone; else as of `now`
 * @param reachDays how many days back the rules look
 */
export const readCoverage = async (options: {
  readonly db: Kysely<DB>;
  readonly now: Date;
  readonly asOf: Day | undefined;
  readonly reachDays: number;
}): Promise<Coverage> => {
  const rows = await readAccounts(options.db, options.asOf);
  const begun = await readBegun(options.db);
  const accounts = rows
    .map((row) => {
      const youngest = options.asOf ?? addDays(dayAt(options.now, row.timeZone), -1);
      const first = begun.get(row.accountKey);
      return {
        ...row,
        youngest,
        begunAge: first === undefined ? null : countDays({ from: first, to: youngest }) - 1,
      };
    })
    // An account without figures that was never pulled is none of ours.
    .filter(({ begunAge, firstAsked }) => begunAge !== null || firstAsked !== null);
  const oldest = accounts.reduce((day, { youngest }) => (youngest < day ? youngest : day), "9999-12-31");
  const runs =
    accounts.length === 0
      ? new Map<string, readonly Run[]>()
      : await readRuns(options.db, addDays(oldest, -options.reachDays));
  const known = new Map<string, string>();
  return {
    accounts,
    blindness: (account, days) => {
      if (!account.active) return undefined;
      if (account.seriesFrom !== null && days.from < account.seriesFrom)
        return `held back: ${account.platform}/${account.accountId} has another currency or time zone since ${account.seriesFrom}`;
      const name = `${account.platform}/${account.accountId}`;
      const own = runs.get(name) ?? [];
      if (own.some(({ fault, from, to }) => fault === "" && from <= days.from && to >= days.to))
        return undefined;
      const key = `${name}/${days.from}/${days.to}`;
      const fault = known.get(key) ?? faultOf(name, days, own);
      if (fault === undefined) return undefined;
      known.set(key, fault);
      return account.paused ? `${fault}; the account is paused` : fault;
    },
  };
};

const faultOf = (account: string, days: DayRange, runs: readonly Run[]): string | undefined => {
  const bad = eachDay(days)
    .map((day) => ({ day, fault: runs.find(({ from, to }) => from <= day && to >= day)?.fault ?? blank }))
    .filter(({ fault }) => fault !== "");
  const [first] = bad;
  if (first === undefined) return undefined;
  const others = bad.length === 1 ? "" : ` and ${String(bad.length - 1)} more`;
  return `held back: ${account} is without whole figures (${first.day} ${first.fault}${others})`;
};

/** The moment at which an account's day ends. */
export const endOf = (account: CoveredAccount, day: Day): Date => endOfDay(day, account.timeZone);
