import { type Kysely, sql } from "kysely";
import type { DB } from "../../warehouse/schema.ts";

/** A row of `ops.alert` under the names of its columns; figures are decimal text. */
export type ListedAlert = Readonly<
  { rule: string; state: string; labels: Record<string, string>; explanation: string } & Record<
    string,
    unknown
  >
>;

const order = sql`array_position(array['firing', 'pending', 'no_data', 'resolved', 'inactive'], state)`;

/** The state of every alert, the most urgent first. Reads the last evaluation; evaluates nothing. */
export const listAlerts = async (db: Kysely<DB>): Promise<readonly ListedAlert[]> => {
  const { rows } = await sql<ListedAlert>`
    select alert_id, rule, series, labels, state, severity, metric, trim_scale(value) as value,
           trim_scale(threshold) as threshold, currency, trim_scale(spend) as spend,
           trim_scale(conversions) as conversions, window_from, window_to, since, firing_since, held_days,
           last_held_day, open, episode, told, last_notified, explanation, evaluated_at
    from ops.alert
    order by ${order}, rule, series`.execute(db);
  return rows;
};
