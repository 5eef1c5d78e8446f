import type pg from "pg";
import type { Day } from "../domain/day.ts";
import { inTransaction } from "./transaction.ts";

/** A session row with the channel it was sorted into. */
export interface Ga4SessionRow {
  readonly reported_channel: string;
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  readonly campaign_id: string;
  readonly sessions: string;
  readonly engaged_sessions: string;
  readonly key_events: string;
  readonly revenue: string | null;
  readonly channel: string;
  readonly traffic: string;
  readonly channel_disagrees: boolean;
}

export interface Ga4KeyEventRow {
  readonly reported_channel: string;
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  readonly campaign_id: string;
  readonly event_name: string;
  readonly key_events: string;
  readonly channel: string;
  readonly traffic: string;
}

export interface Ga4DayState {
  readonly is_lossy: boolean;
  readonly is_thresholded: boolean;
  readonly sampled_share: number | null;
  readonly revenue_hidden: boolean;
  readonly empty_reason: string | null;
  readonly time_zone: string | null;
  /** Whether the day had ended in that zone when it was asked for. */
  readonly is_whole: boolean;
  readonly tokens_left_today: number | null;
}

const key = "property_id, date, reported_channel, source, medium, campaign, campaign_id";

/** Replaces one property's day, rows and state, in one transaction. */
export const replaceGa4Day = (
  pool: pg.Pool,
  day: {
    readonly property: string;
    readonly date: Day;
    readonly currency: string | null;
    readonly sessions: readonly Ga4SessionRow[];
    readonly keyEvents: readonly Ga4KeyEventRow[];
    readonly state: Ga4DayState;
  },
): Promise<void> =>
  inTransaction(pool, async (client) => {
    const place = [day.property, day.date];
    await client.query("delete from warehouse.ga4_session_daily where property_id = $1 and date = $2", place);
    await client.query(
      "delete from warehouse.ga4_key_event_daily where property_id = $1 and date = $2",
      place,
    );
    await client.query(
      `insert into warehouse.ga4_session_daily (${key}, sessions, engaged_sessions, key_events, revenue, currency,
         channel, traffic, channel_disagrees)
       select distinct on (r.reported_channel, r.source, r.medium, r.campaign, r.campaign_id)
         $1, $2, r.reported_channel, r.source, r.medium, r.campaign, r.campaign_id, r.sessions, r.engaged_sessions,
         r.key_events, r.revenue, $3, r.channel, r.traffic, r.channel_disagrees
       from jsonb_to_recordset($4::jsonb) as r (reported_channel text, source text, medium text, campaign text,
         campaign_id text, sessions bigint, engaged_sessions bigint, key_events numeric, revenue numeric, channel text,
         traffic text, channel_disagrees boolean)`,
      [...place, day.currency, JSON.stringify(day.sessions)],
    );
    await client.query(
      `insert into warehouse.ga4_key_event_daily (${key}, event_name, key_events, channel, traffic)
       select distinct on (r.reported_channel, r.source, r.medium, r.campaign, r.campaign_id, r.event_name)
         $1, $2, r.reported_channel, r.source, r.medium, r.campaign, r.campaign_id, r.event_name, r.key_events,
         r.channel, r.traffic
       from jsonb_to_recordset($3::jsonb) as r (reported_channel text, source text, medium text, campaign text,
         campaign_id text, event_name text, key_events numeric, channel text, traffic text)`,
      [...place, JSON.stringify(day.keyEvents)],
    );
    await client.query(
      `insert into ops.ga4_day (property_id, date, is_lossy, is_thresholded, sampled_share, overflow_share,
         disagreement_share, revenue_hidden, empty_reason, time_zone, is_whole, tokens_left_today, fetched_at)
       select $1, $2, r.is_lossy, r.is_thresholded, r.sampled_share, s.overflow, s.disagreement, r.revenue_hidden,
         r.empty_reason, r.time_zone, r.is_whole, r.tokens_left_today, now()
       from jsonb_to_record($3::jsonb) as r (is_lossy boolean, is_thresholded boolean, sampled_share numeric,
         revenue_hidden boolean, empty_reason text, time_zone text, is_whole boolean, tokens_left_today integer),
         (select sum(sessions) filter (where '(other)' in (reported_channel, source, medium, campaign)) / nullif(sum(sessions), 0) as overflow,
                 sum(sessions) filter (where channel_disagrees) / nullif(sum(sessions), 0) as disagreement
          from warehouse.ga4_session_daily where property_id = $1 and date = $2) s
       on conflict (property_id, date) do update set
         is_lossy = excluded.is_lossy, is_thresholded = excluded.is_thresholded, sampled_share = excluded.sampled_share,
         overflow_share = excluded.overflow_share, disagreement_share = excluded.disagreement_share,
         revenue_hidden = excluded.revenue_hidden, empty_reason = excluded.empty_reason, time_zone = excluded.time_zone, is_whole = excluded.is_whole,
         tokens_left_today = excluded.tokens_left_today, fetched_at = excluded.fetched_at`,
      [...place, JSON.stringify(day.state)],
    );
  });

/** Days before the window that were asked for before they had ended. */
export const openGa4Days = async (pool: pg.Pool, property: string, before: Day): Promise<readonly Day[]> => {
  const { rows } = await pool.query<{ date: Day }>(
    "select date from ops.ga4_day where property_id = $1 and date < $2 and not is_whole order by date",
    [property, before],
  );
  return rows.map(({ date }) => date);
};
