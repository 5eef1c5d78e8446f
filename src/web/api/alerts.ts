import { sql } from "kysely";
import * as z from "zod";
import type { Day } from "../../domain/day.ts";
import type { AlertSettings } from "../../alerts/rule/settings.ts";
import type { Alerts } from "./health-answers.ts";
import { alertSeries } from "./alert-series.ts";
import { accountOf, filterKeys } from "./query.ts";
import { hasRows, type Read } from "./read.ts";

const shownAlerts = 200;
const shownEvents = 200;

const states = ["firing", "pending", "resolved", "no_data", "inactive"] as const;

export const alertsQuery = z.strictObject({
  state: z.enum(states, `is none of ${states.join(", ")}`).optional(),
  account: filterKeys.account,
  campaign: filterKeys.campaign,
});

/** Alerts whose figures are drawn; beyond them only the changes of their states are. */
const drawnAlerts = 20;

type Row = Omit<Alerts["alerts"][number], "daily"> & {
  readonly window_from: Day | null;
  readonly window_to: Day | null;
  readonly evaluated_at: Date;
};

const isLoud = ({ state }: Row): boolean => state === "firing" || state === "pending";

const withSeries = async (
  read: Read,
  rows: readonly Row[],
  rules: readonly AlertSettings[],
): Promise<Alerts["alerts"]> => {
  const drawn = new Set(rows.filter(isLoud).slice(0, drawnAlerts));
  const alerts: Alerts["alerts"][number][] = [];
  for (const row of rows) {
    const { window_from: _from, window_to: _to, evaluated_at: _at, ...alert } = row;
    alerts.push({ ...alert, daily: drawn.has(row) ? await alertSeries(read, rules, row) : null });
  }
  return alerts;
};

/** The labels that alerts of what is asked for carry, as JSON; none of an alert is too many. */
export const labelsOf = ({
  platform,
  account,
  campaign,
}: {
  readonly platform?: string | undefined;
  readonly account?: string | undefined;
  readonly campaign?: string | undefined;
}): string => {
  const own = account === undefined ? undefined : accountOf(account);
  return JSON.stringify({
    ...(platform !== undefined && { platform }),
    ...(own && { platform: own.platform, account_id: own.id }),
    ...(campaign !== undefined && { campaign_id: campaign }),
  });
};

/** Every alert, the loudest first, each with how its value went; and what changed lately. */
export const alerts = async (
  read: Read,
  { state, account, campaign }: z.infer<typeof alertsQuery>,
  rules: readonly AlertSettings[],
): Promise<Omit<Alerts, "may_silence">> => {
  const about = labelsOf({ account, campaign });
  if (!(await hasRows(read, "ops.alert"))) return { known: false, alerts: [], events: [] };
  const rows = await read<Row>(sql`
    select a.rule, a.series, a.labels, a.state, a.severity, a.metric, a.value, a.threshold, a.currency, a.since,
           a.last_notified, a.explanation, a.window_from, a.window_to, a.evaluated_at, s.until as silenced_until, coalesce(h.history, '[]') as history
    from ops.alert a
    left join lateral (
      select max(ends_at) as until from ops.alert_silence s
      where s.rule = a.rule and a.labels @> s.labels and now() >= s.starts_at and now() < s.ends_at
    ) s on true
    left join lateral (
      select json_agg(json_build_object('at', e.occurred_at, 'value', e.value::text, 'state', e.to_state)
                      order by e.event_id) as history
      from (select * from ops.alert_event e where e.rule = a.rule and e.series = a.series
            order by e.event_id desc limit 60) e
    ) h on true
    where (${state ?? null}::text is null or a.state = ${state ?? null}) and a.labels @> ${about}::jsonb
    order by array_position(array['firing', 'pending', 'no_data', 'resolved', 'inactive'], a.state),
             array_position(array['critical', 'warning', 'info'], a.severity), a.since desc, a.rule, a.series
    limit ${shownAlerts}`);
  const events = await read<Alerts["events"][number]>(sql`
    select rule, labels, from_state, to_state, value, explanation, occurred_at
    from ops.alert_event where labels @> ${about}::jsonb order by occurred_at desc, event_id desc limit ${shownEvents}`);
  return { known: true, alerts: await withSeries(read, rows, rules), events };
};
