import type pg from "pg";
import { type ConnectorSettings, profileOf } from "../connectors/registry.ts";
import type { Platform } from "../domain/platform.ts";
import { conversionTables } from "../warehouse/load/fact-tables.ts";
import { touchDaysOf } from "../warehouse/touched-days.ts";
import { inTransaction, lockAccount } from "../warehouse/transaction.ts";

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

/** Those of the ids that stored conversions bear. A figure waits for no listing, so an id may count and have no name. */
const countedUnlisted = async (
  pool: pg.Pool,
  platform: Platform,
  ids: readonly string[],
): Promise<ReadonlySet<string>> => {
  // Looks through every fact, so only where something is amiss.
  if (ids.length === 0) return new Set();
  const { rows } = await pool.query<{ id: string }>(
    `select wanted.id from unnest($2::text[]) as wanted (id)
     where exists (
       select from warehouse.conversion_daily f join warehouse.account a using (account_key)
       where a.platform = $1 and f.conversion_action_id = wanted.id)`,
    [platform, ids],
  );
  return new Set(rows.map(({ id }) => id));
};

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
  const unknown = rows.flatMap(({ name, now }) => (now === null ? [name] : []));
  const unlisted = await countedUnlisted(pool, platform, unknown);
  return rows.flatMap(({ name, now }) => {
    if (unlisted.has(name)) return [];
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

/** Accounts whose stored rule, which may be none, is not the configured one; and the actions that the names mean. */
const differing = `
  with named as (
    select a.account_key, n.id
    from warehouse.account a cross join unnest($3::text[]) n (id)
    where a.platform = $1
    union
    select m.account_key, m.conversion_action_id
    from ops.action_match m join warehouse.account a using (account_key)
    where a.platform = $1 and m.name = any (select lower(x) from unnest($3::text[]) x)
  ),
  meant as (select account_key, array_agg(id order by id) as actions from named group by account_key),
  wanted as (
    select a.account_key, case when $3::text[] is not null then coalesce(m.actions, '{}') end as actions
    from warehouse.account a left join meant m using (account_key)
    where a.platform = $1
  )
  select w.account_key, w.actions, to_jsonb(r) as stored
  from wanted w left join ops.counting_rule r using (account_key)
  where r.account_key is null
     or (r.measure, r.actions, r.excluded_actions, r.attributions)
        is distinct from ($2::text, w.actions, $4::text[], $5::text[])
  order by w.account_key`;

/**
 * The days of account `$1` on which a conversion is counted otherwise than by the rule `$2`; every day with
 * conversions where there was none, or counts by another figure now.
 */
const countedOtherwise = conversionTables
  .map(
    ({ name }) => `
      select c.account_key, c.date
      from warehouse.${name} c
      join ops.counting_rule now on now.account_key = c.account_key
      left join jsonb_populate_record(null::ops.counting_rule, $2::jsonb) before on before.account_key = c.account_key
      where c.account_key = $1::integer
        and (before.measure is distinct from now.measure
             or ops.counts(before.actions, before.excluded_actions, before.attributions, c.conversion_action_id, c.attribution)
                <> ops.counts(now.actions, now.excluded_actions, now.attributions, c.conversion_action_id, c.attribution))`,
  )
  .join(" union ");

/**
 * Stores the rule of every account of the platform, with names of actions turned into ids. Where a rule changed, the
 * days are marked on which it counts otherwise; nothing is fetched for that.
 */
export const storeCountingRules = async (
  pool: pg.Pool,
  platform: Platform,
  settings: ConnectorSettings,
): Promise<void> => {
  const rule = profileOf(platform).countingRule(settings[platform] ?? {});
  await noteMatches(pool, platform, rule.actions ?? []);
  const wanted = [platform, rule.measure, rule.actions, rule.excluded, rule.attributions];
  const { rowCount } = await pool.query(differing, wanted);
  if (rowCount === 0) return;
  const store = async (client: pg.PoolClient): Promise<void> => {
    // Two that store rules of a platform at once go one after the other.
    await client.query("select ops.hold('costper.counting')");
    const { rows } = await client.query<{ account_key: number; actions: string[] | null; stored: unknown }>(
      differing,
      wanted,
    );
    for (const { account_key, actions, stored } of rows) {
      await lockAccount(client, "rollup", account_key);
      await client.query(
        `insert into ops.counting_rule (account_key, measure, actions, excluded_actions, attributions, changed_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (account_key) do update
         set measure = excluded.measure, actions = excluded.actions, excluded_actions = excluded.excluded_actions,
             attributions = excluded.attributions, changed_at = excluded.changed_at`,
        [
          account_key,
          rule.measure,
          actions,
          rule.excluded,
          rule.attributions,
          stored === null ? "-infinity" : new Date(),
        ],
      );
      await touchDaysOf(client, countedOtherwise, [account_key, JSON.stringify(stored ?? {})]);
    }
  };
  await inTransaction(pool, store, undefined, { repeats: true });
};
