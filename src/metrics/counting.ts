import type pg from "pg";
import { type ConnectorSettings, profileOf } from "../connectors/registry.ts";
import type { Platform } from "../domain/platform.ts";
import { inTransaction } from "../warehouse/transaction.ts";

/**
 * Notes which actions the configured names match today, under each account. What was noted once stays: a rule renamed
 * at the platform goes on counting.
 */
const noteMatches = async (pool: pg.Pool, platform: Platform, names: readonly string[]): Promise<void> => {
  await pool.query(
    `insert into ops.action_match (account_key, name, conversion_action_id)
     select account_key, lower(n.name), n.conversion_action_id
     from warehouse.conversion_action n join warehouse.account a using (account_key)
     where a.platform = $1 and lower(n.name) = any (select lower(x) from unnest($2::text[]) x)
     on conflict do nothing`,
    [platform, names],
  );
};

/** A configured name that no action bears today, and what to do about it. */
export interface UnmatchedAction {
  readonly platform: Platform;
  readonly name: string;
  readonly message: string;
  readonly remedy: string;
}

/**
 * Names that the configuration counts and that no action of the platform bears: misspelt, or renamed there since (which
 * still counts, by its id). Empty while no action is known at all, as before the first sync.
 */
export const unmatchedActions = async (
  pool: pg.Pool,
  platform: Platform,
  settings: ConnectorSettings,
): Promise<readonly UnmatchedAction[]> => {
  const { actions } = profileOf(platform).countingRule(settings[platform] ?? {});
  if (actions === null) return [];
  const { rows } = await pool.query<{ name: string; now: string | null }>(
    `with known as (
       select n.account_key, n.conversion_action_id as id, n.name
       from warehouse.conversion_action n join warehouse.account using (account_key) where platform = $1
     )
     select wanted.name, matched.now
     from unnest($2::text[]) with ordinality as wanted (name, place)
     left join (
       select m.name, string_agg(distinct k.name || ' (' || k.id || ')', ', ') as now
       from ops.action_match m join known k on k.account_key = m.account_key and k.id = m.conversion_action_id
       group by m.name
     ) matched on matched.name = lower(wanted.name)
     where exists (select from known)
       and wanted.name not in (select id from known)
       and lower(wanted.name) not in (select lower(name) from known where name is not null)
     order by place`,
    [platform, actions],
  );
  return rows.map(({ name, now }) => {
    const subject = `connectors.${platform}.conversions: ${JSON.stringify(name)}`;
    return now === null
      ? {
          platform,
          name,
          message: `${subject} is no conversion action of any account: it counts nothing`,
          remedy: "write the name or the id as warehouse.conversion_action has it",
        }
      : {
          platform,
          name,
          message: `${subject} is now called ${now}: it is still counted`,
          remedy: "write its id, which stays when it is renamed, or its new name beside the old one",
        };
  });
};

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
  await noteMatches(pool, platform, rule.actions ?? []);
  await inTransaction(pool, async (client) => {
    const { rows: accounts } = await client.query<{ account_key: number; action: string | null }>(
      `select a.account_key, m.conversion_action_id as action
       from warehouse.account a
       left join (
         select account_key, conversion_action_id from ops.action_match
         where name = any (select lower(x) from unnest($2::text[]) x)
       ) m on m.account_key = a.account_key
       where a.platform = $1`,
      [platform, rule.actions],
    );
    const wanted = new Map<number, string[]>();
    for (const { account_key, action } of accounts)
      wanted.set(account_key, [...(wanted.get(account_key) ?? []), ...(action === null ? [] : [action])]);
    const { rows: changed } = await client.query<{ account_key: number }>(
      `insert into ops.counting_rule as r (account_key, measure, actions, excluded_actions, attributions, changed_at)
       select w.account_key, $2::text,
              case when $3::text[] is not null
                then array(select unnest($3::text[]) union select unnest(w.matched) order by 1) end,
              $4::text[], $5::text[], now()
       from jsonb_to_recordset($1::jsonb) as w (account_key integer, matched text[])
       on conflict (account_key) do update
       set measure = excluded.measure, actions = excluded.actions,
           excluded_actions = excluded.excluded_actions, attributions = excluded.attributions,
           changed_at = excluded.changed_at
       where (r.measure, r.actions, r.excluded_actions, r.attributions)
             is distinct from (excluded.measure, excluded.actions, excluded.excluded_actions, excluded.attributions)
       returning account_key`,
      [
        JSON.stringify([...wanted].map(([account_key, matched]) => ({ account_key, matched }))),
        rule.measure,
        rule.actions,
        rule.excluded,
        rule.attributions,
      ],
    );
    if (changed.length > 0)
      await client.query(
        `insert into ops.touched_day (account_key, date)
         select distinct account_key, date from warehouse.conversion_daily where account_key = any ($1::integer[])
         on conflict do nothing`,
        [changed.map(({ account_key }) => account_key)],
      );
  });
};
