import type pg from "pg";
import { inTransaction, lockAccount } from "../../warehouse/transaction.ts";
import { marts } from "./fresh.ts";

/** Accounts whose names, or those of their campaigns and actions, are not those that the marts were given last. */
const renamed = `
  select account_key, names
  from (
    select a.account_key,
           md5(concat_ws(E'\\n', a.name,
             (select string_agg(campaign_id || E'\\t' || name, E'\\n' order by campaign_id)
              from warehouse.campaign c where c.account_key = a.account_key),
             (select string_agg(conversion_action_id || E'\\t' || name, E'\\n' order by conversion_action_id)
              from warehouse.conversion_action n where n.account_key = a.account_key))) as names
    from warehouse.account a where $1::integer is null or a.account_key = $1
  ) now_is
  left join ops.rollup_setting s on s.name = 'names of ' || account_key
  where s.value is distinct from names
  order by account_key`;

const every = [marts.daily, marts.byNetwork, marts.byAction].map(({ name }) => `marts.${name}`);

const statements = [
  ...every.map(
    (mart) => `
    update ${mart} m set account_name = a.name from warehouse.account a
    where m.account_key = $1 and a.account_key = $1 and m.account_name is distinct from a.name`,
  ),
  ...every.map(
    (mart) => `
    update ${mart} m set campaign_name = c.name from warehouse.campaign c
    where m.account_key = $1 and c.account_key = $1 and m.campaign_id = c.campaign_id
      and m.campaign_name is distinct from c.name`,
  ),
  `update marts.${marts.byAction.name} m set conversion_action_name = n.name from warehouse.conversion_action n
   where m.account_key = $1 and n.account_key = $1 and m.conversion_action_id = n.conversion_action_id
     and m.conversion_action_name is distinct from n.name`,
];

/**
 * Gives the marts the names of today on all of their days, where something of the account was renamed; what did not
 * change is not written, and refreshed_at stays. The number of rows written.
 */
export const refreshNames = async (pool: pg.Pool, accountKey: number | null): Promise<number> => {
  const { rows } = await pool.query<{ account_key: number; names: string }>(renamed, [accountKey]);
  let written = 0;
  for (const { account_key, names } of rows)
    written += await inTransaction(pool, async (client) => {
      await lockAccount(client, "rollup", account_key);
      let count = 0;
      for (const statement of statements)
        count += (await client.query(statement, [account_key])).rowCount ?? 0;
      await client.query(
        `insert into ops.rollup_setting (name, value) values ('names of ' || $1::integer, $2)
         on conflict (name) do update set value = excluded.value`,
        [account_key, names],
      );
      return count;
    });
  return written;
};
