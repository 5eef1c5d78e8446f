import type pg from "pg";
import type { Logger } from "pino";
import type { Connector } from "../connectors/connector.ts";
import { addDays, addMonths, type Day, type DayRange, dayAt, earlierDay, laterDay } from "../domain/day.ts";
import type { Account } from "../domain/facts.ts";
import type { StoredAccount } from "../warehouse/accounts.ts";

/** Which days are asked of a platform's accounts. */
export interface RangeOptions {
  readonly pool: pg.Pool;
  readonly connector: Connector;
  readonly log: Logger;
  readonly now: Date;
  /** Open ends are filled with the lookback and with yesterday. */
  readonly range: { readonly from?: Day | undefined; readonly to?: Day | undefined };
  /** In place of the platform's own restatement window. */
  readonly lookbackDays: number | undefined;
}

/** A little inside the platform's limit, so that its clock and ours may differ. */
const firstAnswerableDay = (connector: Connector, today: Day): Day =>
  addDays(addMonths(today, -connector.historyMonths), 3);

/** Days of an account's window by the account's id. */
type Windows = ReadonlyMap<string, DayRange>;

const columnsOf = (windows: Windows) => [
  [...windows.keys()],
  [...windows.values()].map(({ from }) => from),
  [...windows.values()].map(({ to }) => to),
];

/**
 * Days before each window that were asked for once and have no good figures: they are asked for again without being
 * named.
 */
const gapsBefore = async (
  { pool, connector }: RangeOptions,
  windows: Windows,
): Promise<ReadonlyMap<string, readonly DayRange[]>> => {
  const { rows } = await pool.query<DayRange & { readonly account_id: string }>(
    `select account_id, min(date) as from, max(date) as to
     from (select w.account_id, d.date,
                  d.date - (row_number() over (partition by w.account_id order by d.date))::integer as island
           from unnest($2::text[], $3::date[], $4::date[]) as w (account_id, first, last)
           join ops.account_day d
             on d.platform = $1 and d.account_id = w.account_id and d.state in ('not_fetched', 'failed')
                and d.date < w.first and d.date <= w.last) gaps
     group by account_id, island order by 1, 2`,
    [connector.platform, ...columnsOf(windows)],
  );
  const gaps = new Map<string, DayRange[]>();
  for (const { account_id, from, to } of rows)
    gaps.set(account_id, [...(gaps.get(account_id) ?? []), { from, to }]);
  return gaps;
};

/**
 * The accounts that a slice has reached back so far of in the last week: the deeper look back is a weekly one. Slices of
 * a run that was cut off do not count, so that the run that continues it plans the same.
 */
const pulledDeep = async (
  { pool, connector }: RangeOptions,
  windows: Windows,
): Promise<ReadonlySet<string>> => {
  const { rows } = await pool.query<{ account_id: string }>(
    `select w.account_id from unnest($2::text[], $3::date[]) as w (account_id, first)
     where exists (
       select from ops.slice s
       left join ops.run r using (run_id)
       where s.platform = $1 and s.account_id = w.account_id and s.outcome = 'done' and s.from_date <= w.first + 7
         and s.started_at > now() - interval '6 days 12 hours'
         and (s.run_id is null or r.outcome in ('done', 'failed')))`,
    [connector.platform, ...columnsOf(windows).slice(0, 2)],
  );
  return new Set(rows.map(({ account_id }) => account_id));
};

/** An account that is stored, and what is asked of it. */
export interface AskedAccount {
  readonly account: Account;
  readonly accountKey: number;
  /** First and last day that can be pulled. */
  readonly limits: DayRange;
  readonly main: DayRange;
  /** In place of it where the weekly, deeper look back is due; undefined where none ever is. */
  readonly deep: DayRange | undefined;
  /** Whether no range was asked for: then days without figures are pulled again too. */
  readonly isUsual: boolean;
}

export const askOf = (
  options: RangeOptions,
  account: Account,
  { accountKey, known, seriesFrom }: StoredAccount,
): AskedAccount => {
  const { connector, range } = options;
  const today = dayAt(options.now, account.timeZone);
  const answerable = firstAnswerableDay(connector, today);
  const yesterday = addDays(today, -1);
  // A range that begins today includes today.
  const to = range.to ?? (range.from !== undefined && range.from > yesterday ? today : yesterday);
  if (range.from !== undefined && seriesFrom !== undefined && range.from < seriesFrom)
    options.log.warn(
      { platform: account.platform, account: account.id, from: range.from, seriesFrom },
      "before that day the account had another currency or time zone: those days stay as they are",
    );
  if (range.from !== undefined && range.from < answerable)
    options.log.warn(
      { platform: account.platform, account: account.id, from: range.from, oldest: answerable },
      "the platform keeps no daily figures that old: earlier days are left out",
    );
  const { nightlyDays, finalAfterDays } = connector.restatement(known);
  const nightly = addDays(to, 1 - (options.lookbackDays ?? nightlyDays));
  const deep = addDays(to, 1 - finalAfterDays);
  const isUsual = range.from === undefined && range.to === undefined;
  return {
    account,
    accountKey,
    limits: { from: laterDay(answerable, seriesFrom ?? answerable), to: today },
    main: { from: range.from ?? nightly, to },
    deep: isUsual && options.lookbackDays === undefined && deep < nightly ? { from: deep, to } : undefined,
    isUsual,
  };
};

/** What is pulled of each account, by its id. */
export const rangesOf = async (
  options: RangeOptions,
  asked: readonly AskedAccount[],
): Promise<ReadonlyMap<string, readonly DayRange[]>> => {
  const deep = new Map(asked.flatMap(({ account, deep }) => (deep ? [[account.id, deep] as const] : [])));
  const shallow = deep.size === 0 ? new Set() : await pulledDeep(options, deep);
  const mainOf = ({ account, main, deep }: AskedAccount): DayRange =>
    deep && !shallow.has(account.id) ? deep : main;
  const usual = new Map(asked.filter(({ isUsual }) => isUsual).map((one) => [one.account.id, mainOf(one)]));
  const gaps = usual.size === 0 ? undefined : await gapsBefore(options, usual);
  return new Map(
    asked.map((one) => [
      one.account.id,
      [...(gaps?.get(one.account.id) ?? []), mainOf(one)]
        .map(({ from, to }) => ({ from: laterDay(from, one.limits.from), to: earlierDay(to, one.limits.to) }))
        .filter(({ from, to }) => from <= to),
    ]),
  );
};
