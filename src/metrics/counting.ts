import type pg from "pg";
import { type ConnectorSettings, profileOf } from "../connectors/registry.ts";
import type { Platform } from "../domain/platform.ts";

/**
 * Stores the rule of every account of the platform, with names of actions turned into ids. An account whose rule
 * changed is marked to be rolled up again as a whole; nothing is fetched for that.
 */
export const storeCountingRules = async (
  pool: pg.Pool,
  platform: Platform,
  settings: ConnectorSettings,
): Promise<void> => {
  const rule = profileOf(platform).countingRule(settings[platform] ?? {});
  await pool.query(
    `with wanted as (
       select a.account_key,
              case when $3::text[] is null then null
                   else array(select unnest($3::text[]) union
                              select n.conversion_action_id from warehouse.conversion_action n
                              where n.account_key = a.account_key and lower(n.name) = any (
                                select lower(x) from unnest($3::text[]) x)
                              order by 1) end as actions
       from warehouse.account a where a.platform = $1
     ),
     changed as (
       insert into ops.counting_rule as r (account_key, measure, actions, excluded_actions, attributions)
       select account_key, $2, actions, $4, $5 from wanted
       on conflict (account_key) do update
       set measure = excluded.measure, actions = excluded.actions,
           excluded_actions = excluded.excluded_actions, attributions = excluded.attributions,
           changed_at = now()
       where (r.measure, r.actions, r.excluded_actions, r.attributions)
             is distinct from (excluded.measure, excluded.actions, excluded.excluded_actions, excluded.attributions)
       returning account_key
     )
     insert into ops.touched_day (account_key, date)
     select distinct f.account_key, f.date from warehouse.conversion_daily f join changed using (account_key)
     on conflict do nothing`,
    [platform, rule.measure, rule.actions, rule.excluded, rule.attributions],
  );
};
