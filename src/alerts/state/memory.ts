import { type Kysely, sql } from "kysely";
import type { Day } from "../../domain/day.ts";
import type { Decimal } from "../../domain/decimal.ts";
import type { DB } from "../../warehouse/schema.ts";
import type { Labels } from "../figures/series.ts";
import type { AlertMemory, AlertState } from "./state.ts";

/** Reads and writes `ops.alert` and `ops.alert_event`. */
export interface RememberedAlert {
  readonly rule: string;
  readonly series: string;
  readonly labels: Labels;
  readonly metric: string;
  readonly severity: string;
  readonly memory: AlertMemory;
}

/** A row of `ops.alert` as it will be stored, and its state before. */
export interface AlertRow extends RememberedAlert {
  readonly from: AlertState;
  readonly value: Decimal | null;
  readonly threshold: Decimal | null;
  readonly currency: string | null;
  readonly spend: Decimal | null;
  readonly conversions: Decimal | null;
  readonly windowFrom: Day | null;
  readonly windowTo: Day | null;
  readonly explanation: string;
}

export const alertKey = (rule: string, series: string): string => `${rule}\u0000${series}`;

export const readMemory = async (db: Kysely<DB>): Promise<ReadonlyMap<string, RememberedAlert>> => {
  const { rows } = await sql<
    Omit<RememberedAlert, "memory"> & AlertMemory
  >`select rule, series, labels, metric, severity, state, since, firing_since as "firingSince",
           held_days as "heldDays", last_held_day as "lastHeldDay", open, episode, told,
           last_notified as "lastNotified"
    from ops.alert`.execute(db);
  return new Map(
    rows.map(({ rule, series, labels, metric, severity, ...memory }) => [
      alertKey(rule, series),
      { rule, series, labels, metric, severity, memory },
    ]),
  );
};

const chunkSize = 5_000;

/** Rows as JSON: one parameter, whatever their number. */
const packed = (rows: readonly AlertRow[]): string =>
  JSON.stringify(
    rows.map((row) => ({
      rule: row.rule,
      series: row.series,
      labels: row.labels,
      metric: row.metric,
      severity: row.severity,
      from_state: row.from,
      state: row.memory.state,
      value: row.value,
      threshold: row.threshold,
      currency: row.currency,
      spend: row.spend,
      conversions: row.conversions,
      window_from: row.windowFrom,
      window_to: row.windowTo,
      since: row.memory.since,
      firing_since: row.memory.firingSince,
      held_days: row.memory.heldDays,
      last_held_day: row.memory.lastHeldDay,
      open: row.memory.open,
      episode: row.memory.episode,
      told: row.memory.told,
      last_notified: row.memory.lastNotified,
      explanation: row.explanation,
    })),
  );

/** Writes rows and, where the state changed, events. */
export const writeAlerts = async (db: Kysely<DB>, rows: readonly AlertRow[], at: Date): Promise<void> => {
  for (let start = 0; start < rows.length; start += chunkSize) {
    const json = packed(rows.slice(start, start + chunkSize));
    await sql`
      with given as materialized (
        select * from jsonb_to_recordset(${json}::jsonb) as g(
          rule text, series text, labels jsonb, metric text, severity text, from_state text, state text,
          value numeric, threshold numeric, currency text, spend numeric, conversions numeric,
          window_from date, window_to date, since timestamptz, firing_since timestamptz, held_days integer,
          last_held_day date, open boolean, episode integer, told text[], last_notified timestamptz,
          explanation text)
      ), event as (
        insert into ops.alert_event (rule, series, labels, from_state, to_state, value, threshold, explanation,
                                     occurred_at)
        select rule, series, labels, from_state, state, value, threshold, explanation, ${at}::timestamptz
        from given where state <> from_state order by rule, series
      )
      insert into ops.alert (rule, series, labels, metric, severity, state, value, threshold, currency, spend,
        conversions, window_from, window_to, since, firing_since, held_days, last_held_day, open, episode, told,
        last_notified, explanation, evaluated_at)
      select rule, series, labels, metric, severity, state, value, threshold, currency, spend, conversions,
        window_from, window_to, since, firing_since, held_days, last_held_day, open, episode, told, last_notified,
        explanation, ${at}::timestamptz
      from given
      on conflict (rule, series) do update set
        labels = excluded.labels, metric = excluded.metric, severity = excluded.severity,
        state = excluded.state, value = excluded.value, threshold = excluded.threshold,
        currency = excluded.currency, spend = excluded.spend, conversions = excluded.conversions,
        window_from = excluded.window_from, window_to = excluded.window_to, since = excluded.since,
        firing_since = excluded.firing_since, held_days = excluded.held_days,
        last_held_day = excluded.last_held_day, open = excluded.open, episode = excluded.episode,
        told = excluded.told, last_notified = excluded.last_notified, explanation = excluded.explanation,
        evaluated_at = excluded.evaluated_at`.execute(db);
  }
};
