import type pg from "pg";
import type { DayRange } from "../../src/domain/day.ts";
import {
  load,
  prepareAccount,
  scriptedAccount,
  scriptedConnector,
  type ScriptedDays,
} from "../support/scripted.ts";

/** Which staging tables rows were written to since they were emptied: their files are empty again only if nobody did. */
export const staged = async (pool: pg.Pool): Promise<readonly string[]> => {
  const { rows } = await pool.query<{ name: string }>(
    `select relname::text as name from pg_class where relnamespace = 'staging'::regnamespace and relkind = 'r'
     and pg_relation_size(oid) > 0 order by 1`,
  );
  return rows.map(({ name }) => name);
};

export const emptied = (pool: pg.Pool) =>
  pool.query(
    `do $$ declare one record; begin
       for one in select oid::regclass as name from pg_class
                  where relnamespace = 'staging'::regnamespace and relkind = 'r'
       loop execute format('truncate %s', one.name); end loop; end $$`,
  );

/** Every published row of the account and the state of its days, as text. */
export const warehouseOf = async (pool: pg.Pool, accountKey: number): Promise<string> => {
  const tables = ["ad_daily", "conversion_daily", "network_daily", "network_conversion_daily"];
  const { rows } = await pool.query<{ row: string }>(
    `${tables
      .map(
        (name) =>
          `select '${name} ' || (to_jsonb(f) - 'account_key')::text as row from warehouse.${name} f where account_key = $1`,
      )
      .join(" union all ")}
     union all
     select 'day ' || (to_jsonb(d) - '{platform,account_id,fetched_at,slice_id}'::text[])::text from ops.account_day d
     where account_id = (select account_id from warehouse.account where account_key = $1) order by 1`,
    [accountKey],
  );
  return rows.map(({ row }) => row).join("\n");
};

let accounts = 0;

/** An account with the script loaded once; `say` changes what its platform answers, `pull` loads the range again. */
export const subjectOf = async ({
  pool,
  split,
  range,
  days,
}: {
  readonly pool: pg.Pool;
  readonly split: "exact" | "estimate";
  readonly range: DayRange;
  readonly days: ScriptedDays;
}) => {
  let script = days;
  const platform = split === "exact" ? "google" : "meta";
  const account = scriptedAccount({ platform, id: String((accounts += 1)) });
  const connector = scriptedConnector({ platform, split, account, days: () => script });
  const accountKey = await prepareAccount(pool, connector, account);
  const pull = () => load(pool, connector, { account, accountKey, ...range });
  await pull();
  return { accountKey, pull, say: (next: ScriptedDays) => (script = next) };
};
