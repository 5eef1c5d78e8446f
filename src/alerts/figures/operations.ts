import { type Kysely, sql } from "kysely";
import type { Day } from "../../domain/day.ts";
import { expectedDay, type Schedule } from "../../domain/schedule.ts";
import type { DB } from "../../warehouse/schema.ts";
import { exact, type Exact, one } from "../../domain/decimal.ts";
import type { AlertRule } from "../rule/rule.ts";
import { dayDifference, endOf, type Coverage, type CoveredAccount } from "./coverage.ts";
import { windowOf } from "./windows.ts";

/** A figure about costper's own work on one account. */
export interface OperationFigure {
  readonly account: CoveredAccount;
  readonly value: Exact;
  readonly note: string;
  /** Hours that a rule without any of its own bears: since the end of the day that the account should have. */
  readonly limit?: Exact;
}

interface Request {
  readonly db: Kysely<DB>;
  readonly rule: AlertRule;
  readonly coverage: Coverage;
  readonly now: Date;
  readonly asOf: Day | undefined;
  readonly schedule: Schedule;
}

const accountsOf = ({ rule, coverage }: Request): readonly CoveredAccount[] =>
  coverage.accounts.filter((account) => rule.matches.account(account));

/** Of an account that the platform has closed, or that a person paused, nothing is expected. */
const expectedOf = (request: Request): readonly CoveredAccount[] =>
  accountsOf(request).filter(({ active, paused }) => active && !paused);

/**
 * `freshness`: hours since the end of the account's last good day, in its own zone. An account that never had one
 * is as old as the first day that was asked for. Accounts that the platform has closed, or a person paused, are left out.
 */
const freshness = (request: Request): readonly OperationFigure[] =>
  expectedOf(request)
    .filter(({ lastGood, firstAsked }) => (lastGood ?? firstAsked) !== null)
    .map((account) => {
      const at = request.asOf === undefined ? request.now : endOf(account, request.asOf);
      const day = account.lastGood ?? account.firstAsked ?? account.youngest;
      const since =
        account.lastGood === null
          ? endOf(account, day).getTime() - 86_400_000
          : endOf(account, day).getTime();
      const hours = (from: number): Exact => (BigInt(Math.max(0, at.getTime() - from)) * one) / 3_600_000n;
      const value = hours(since);
      const expected = expectedDay(request.schedule, account.timeZone, at);
      const limit = hours(endOf(account, expected).getTime());
      const note = account.lastGood === null ? `no day was ever whole since ${day}` : `last whole day ${day}`;
      return { account, value, note, limit };
    });

/** `sync_failure`: how many of an account's slices have failed in a row, up to the last; 0 after one that was done. */
const syncFailure = async (request: Request): Promise<readonly OperationFigure[]> => {
  const { rows } = await sql<{ key: string; failed: string; failure: string | null }>`
    select s.platform || '/' || s.account_id as key, count(*)::text as failed,
           (array_agg(s.failure order by s.started_at desc))[1] as failure
    from ops.slice s
    where s.outcome = 'failed' and not exists (
      select from ops.slice later
      where later.platform = s.platform and later.account_id = s.account_id and later.outcome = 'done'
        and (later.started_at, later.slice_id) > (s.started_at, s.slice_id))
    group by 1`.execute(request.db);
  const failing = new Map(rows.map((row) => [row.key, row]));
  return expectedOf(request).map((account) => {
    const row = failing.get(`${account.platform}/${account.accountId}`);
    return { account, value: exact(row?.failed ?? "0"), note: row?.failure ?? "the last slice was done" };
  });
};

/** `reconciliation_difference`: the largest difference of a day in the window, in the account's currency. */
const reconciliation = async (request: Request): Promise<readonly OperationFigure[]> => {
  const accounts = accountsOf(request);
  const windows = accounts.map((account) => windowOf(account, request.rule));
  const { rows } = await sql<{ key: string; difference: string; day: Day; cause: string | null }>`
    select distinct on (1) d.platform || '/' || d.account_id as key, ${dayDifference}::text as difference,
           d.date as day, d.cause
    from ops.account_day d
    join unnest(${accounts.map(({ platform }) => platform)}::text[],
                ${accounts.map(({ accountId }) => accountId)}::text[],
                ${windows.map(({ from }) => from)}::date[], ${windows.map(({ to }) => to)}::date[])
      as w(platform, account_id, since, till)
      on w.platform = d.platform and w.account_id = d.account_id and d.date between w.since and w.till
    order by 1, ${dayDifference} desc, d.date desc`.execute(request.db);
  const worst = new Map(rows.map((row) => [row.key, row]));
  return accounts.map((account) => {
    const row = worst.get(`${account.platform}/${account.accountId}`);
    const value = exact(row?.difference ?? "0");
    const note =
      row === undefined || value === 0n
        ? "every day agrees with the platform"
        : `${row.day}${row.cause === null ? "" : `: ${row.cause}`}`;
    return { account, value, note };
  });
};

/** A figure about one source of first-party data. */
export interface SourceFigure {
  readonly source: string;
  readonly value: Exact;
  readonly note: string;
}

/** `freshness` and `sync_failure` of sources: of each the stalest stream, or the one that failed most often in a row. */
export const sourceFigures = async ({ db, rule, now }: Request): Promise<readonly SourceFigure[]> => {
  const { rows } = await sql<{
    source: string;
    hours: string;
    failures: string;
    failure: string | null;
    good: string | null;
  }>`
    select source,
           (greatest(0, extract(epoch from ${now}::timestamptz - min(coalesce(last_good_at, since)))) / 3600)::numeric(18, 6)::text as hours,
           max(failures)::text as failures,
           (array_agg(failure order by failures desc))[1] as failure,
           case when bool_and(last_good_at is not null) then to_char(min(last_good_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI') end as good
    from ops.source where is_active group by source order by source`.execute(db);
  return rows
    .filter(({ source }) => rule.source?.(source) === true)
    .map(({ source, hours, failures, failure, good }) =>
      rule.metric === "freshness"
        ? {
            source,
            value: exact(hours),
            note: good === null ? "it was never loaded whole" : `last loaded ${good} UTC`,
          }
        : { source, value: exact(failures), note: failure ?? "the last pull was done" },
    );
};

/** The figures of a rule about costper's own work, one per account. */
export const operationFigures = async (request: Request): Promise<readonly OperationFigure[]> => {
  switch (request.rule.metric) {
    case "freshness":
      return freshness(request);
    case "sync_failure":
      return syncFailure(request);
    default:
      return reconciliation(request);
  }
};
