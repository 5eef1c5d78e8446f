import { sql } from "kysely";
import { addDays, type DayRange } from "../../domain/day.ts";
import type { Read } from "../../warehouse/reading.ts";
import type { Expected, WholeDays } from "./accounts.ts";
import type { LeftOut, Method } from "./answer.ts";

/** Which accounts can be compared with so many days before, how, and why the others cannot. */
export interface Comparable {
  readonly accounts: readonly Expected[];
  readonly method: Method | null;
  readonly leftOut: readonly LeftOut[];
}

interface Knowledge {
  readonly account_key: number;
  /** Whether somebody looked at each day of before when it was as old as the day of now is, by today's rule. */
  readonly watched: boolean;
  /** Whether it is known, or learned, how complete each day of both is. */
  readonly projected: boolean;
}

/**
 * Age is counted on the account's own calendar, as for the maturity curves. A day was watched at an age where a slice
 * that holds it ended on that calendar day: its history then says what was known, also where nothing had changed.
 */
const readKnowledge = (
  read: Read,
  keys: readonly number[],
  { from, to }: DayRange,
  shift: number,
): Promise<readonly Knowledge[]> =>
  read(sql`
    with days as (
      select a.account_key, a.platform, a.account_id, a.time_zone, t.today, ops.first_open_day(t.today, a.restatement_days) as first_open, g.day::date as date,
             g.day::date - ${shift}::int as before,
             (d.fetched_at at time zone a.time_zone)::date - ${shift}::int as night,
             case when isfinite(r.changed_at) then (r.changed_at at time zone a.time_zone)::date
                  else '-infinity' end as rule_day
      from warehouse.account a
      cross join generate_series(${from}::date, ${to}::date, interval '1 day') g (day)
      join ops.account_day d
        on d.platform = a.platform and d.account_id = a.account_id and d.date = g.day::date
      left join ops.rollup_day t on t.account_key = a.account_key
      left join ops.counting_rule r on r.account_key = a.account_key
      where a.account_key = any (${[...keys]}::int[])
    )
    select d.account_key,
           coalesce(bool_and(d.night > d.rule_day and exists (
             select from ops.slice s
             where s.platform = d.platform and s.account_id = d.account_id and s.outcome = 'done'
               and s.started_at between ((d.night - 1)::timestamp at time zone 'UTC')
                                    and ((d.night + 2)::timestamp at time zone 'UTC')
               and d.before between s.from_date and s.to_date
               and (s.finished_at at time zone d.time_zone)::date = d.night)), false) as watched,
           coalesce(bool_and(
             (d.date < d.first_open or now_share.share > 0)
             and (d.before < d.first_open or then_share.share > 0)), false) as projected
    from days d
    left join marts.conversion_maturity now_share
      on now_share.platform = d.platform and now_share.account_id = d.account_id
     and now_share.age_days = d.today - d.date
    left join marts.conversion_maturity then_share
      on then_share.platform = d.platform and then_share.account_id = d.account_id
     and then_share.age_days = d.today - d.before
    group by d.account_key`);

const isNew = ({ first_asked }: Expected, { from }: DayRange): boolean =>
  first_asked === null || first_asked > from;

/** Why an account has nothing to be compared with; undefined where it has. */
const obstacle = (account: Expected, before: DayRange, whole: WholeDays): string | undefined => {
  if (account.series_from !== null && account.series_from > before.from)
    return `has another currency or time zone since ${account.series_from}`;
  const lacking = whole.lacking(account, before);
  if (lacking === undefined) return undefined;
  if (lacking.day === undefined && isNew(account, before))
    return `has no history: its first day is ${account.first_asked ?? "not fetched yet"}`;
  return `was not fetched whole on ${lacking.date}`;
};

/** One method for all, so that figures that are added up are of one kind: equal age where everything was watched. */
export const comparable = async (options: {
  readonly read: Read;
  /** Those that have every day of the period. */
  readonly accounts: readonly Expected[];
  readonly period: DayRange;
  readonly shift: number;
  readonly whole: WholeDays;
}): Promise<Comparable> => {
  const { read, accounts, period, shift, whole } = options;
  const before = { from: addDays(period.from, -shift), to: addDays(period.to, -shift) };
  const leftOut: LeftOut[] = [];
  const leave = ({ platform, account_id, account_name }: Expected, reason: string): void =>
    void leftOut.push({ platform, account_id, account_name, reason });
  const able = accounts.filter((account) => {
    const reason = obstacle(account, before, whole);
    if (reason !== undefined) leave(account, reason);
    return reason === undefined;
  });
  const keys = able.flatMap(({ account_key }) => account_key ?? []);
  const knowledge = new Map(
    (await readKnowledge(read, keys, period, shift)).map((row) => [row.account_key, row]),
  );
  const of = ({ account_key }: Expected): Knowledge | undefined => knowledge.get(account_key ?? 0);
  if (able.length > 0 && able.every((account) => of(account)?.watched === true))
    return { accounts: able, method: "same_age", leftOut };
  const projected = able.filter((account) => {
    const can = of(account)?.projected === true;
    if (!can) leave(account, "was not watched at that age, and how its days ripen is not learned yet");
    return can;
  });
  return { accounts: projected, method: projected.length === 0 ? null : "projection", leftOut };
};
