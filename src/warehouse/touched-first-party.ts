import type pg from "pg";
import type { Day } from "../domain/day.ts";

/*
 * What the first-party marts are to be made again for. Tables on the coordinator mark for themselves (0065); this is for
 * those that are spread over machines, which have no triggers. See docs/what-is-dirty.md.
 */

const touchIds = async (
  client: pg.ClientBase,
  what: "entity" | "name" | "account",
  ids: readonly string[],
): Promise<void> => {
  if (ids.length > 0)
    await client.query(
      "insert into ops.touched_first_party (what, id) select distinct $1, id from unnest($2::text[]) id",
      [what, ids],
    );
};

/**
 * Marks all leads and conversions where there are none yet, and says so: then nobody needs the names of what they may
 * come to name. A first one that another transaction is about to commit is found by this mark.
 */
export const touchWhereNoVisits = async (client: pg.ClientBase): Promise<boolean> => {
  const { rowCount } = await client.query(
    `insert into ops.touched_first_party (what, id)
     select 'visits', ''
     where not exists (select from warehouse.lead) and not exists (select from warehouse.first_party_conversion)`,
  );
  return rowCount === 1;
};

/** Campaigns, ad groups and ads by id, which are new, of another type or moved. */
export const touchEntities = (client: pg.ClientBase, ids: readonly string[]): Promise<void> =>
  touchIds(client, "entity", ids);

/** Names that campaigns have now, or had. */
export const touchCampaignNames = (client: pg.ClientBase, names: readonly string[]): Promise<void> =>
  touchIds(
    client,
    "name",
    names.filter((name) => name !== ""),
  );

/** An account that is new, or whose currency or series are others. */
export const touchAccount = (client: pg.ClientBase, platform: string, accountId: string): Promise<void> =>
  touchIds(client, "account", [`${platform} ${accountId}`]);

/** Days whose figures by campaign were written. */
export const touchFirstPartyDays = async (client: pg.ClientBase, days: readonly Day[]): Promise<void> => {
  await client.query(
    `insert into ops.touched_first_party (what, from_date, to_date)
     select 'days', min(date), max(date)
     from (select date, date - row_number() over (order by date)::integer as stretch
           from (select distinct d as date from unnest($1::date[]) d) touched) stretches
     group by stretch`,
    [days],
  );
};
