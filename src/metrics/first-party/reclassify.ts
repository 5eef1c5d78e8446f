import type { PoolClient } from "pg";
import { qualified } from "../../warehouse/columns.ts";
import { channels, trafficOf } from "../../domain/channel.ts";
import type { ClassifyOptions } from "../channels/classify.ts";
import { loadSourceLists, type SourceLists } from "../channels/lists.ts";
import { sortedColumns, sortVisit } from "./visit.ts";

/** To be raised with every change of the rules or lists that stored rows should feel. */
const rulesVersion = 1;

const setting = "visit_classification";

const sorted = (hosts: ReadonlySet<string> | undefined): string[] => [...(hosts ?? [])].sort();

/** The choices that a visit's channel depends on, besides its own tags. */
const fingerprintOf = ({ ownHosts, unwantedReferrers, affiliatesArePaid }: ClassifyOptions): string =>
  JSON.stringify([rulesVersion, sorted(ownHosts), sorted(unwantedReferrers), affiliatesArePaid === true]);

interface VisitRow {
  readonly id: string;
  readonly source: string | null;
  readonly medium: string | null;
  readonly campaign: string | null;
  readonly campaign_id: string | null;
  readonly referrer_host: string | null;
  readonly gclid: string | null;
  readonly click_ids: Readonly<Record<string, string>>;
  readonly reported_channel: string | null;
}

const pageRows = 20_000;

const names = Object.keys(sortedColumns) as (keyof typeof sortedColumns)[];

/** Sorts every visit of a table anew, page by page; rows that come out the same stay untouched. */
const reclassifyTable = async (
  client: PoolClient,
  { table, key, where = "true" }: { readonly table: string; readonly key: string; readonly where?: string },
  lists: SourceLists,
  options: ClassifyOptions,
): Promise<void> => {
  for (let after: string | undefined; ;) {
    const { rows } = await client.query<VisitRow>(
      `select ${key} as id, source, medium, campaign, campaign_id, referrer_host, gclid, click_ids, reported_channel
       from ${table} where (${where}) and ($1::text is null or ${key} > $1) order by ${key} limit ${String(pageRows)}`,
      [after ?? null],
    );
    const visits = rows.map(({ click_ids, campaign_id, referrer_host, reported_channel, ...row }) =>
      sortVisit(
        {
          ...click_ids,
          gclid: row.gclid,
          source: row.source,
          medium: row.medium,
          campaign: row.campaign,
          campaignId: campaign_id,
          referrerHost: referrer_host,
          reportedChannel: reported_channel,
        },
        lists,
        options,
      ),
    );
    await client.query(
      `update ${table} t set ${names.map((name) => `${name} = r.${name}`).join(", ")}
       from unnest($1::text[], ${names.map((name, index) => `$${String(index + 2)}::${sortedColumns[name]}[]`).join(", ")})
         as r (id, ${names.join(", ")})
       where t.${key} = r.id and (${qualified("t", names)}) is distinct from (${qualified("r", names)})`,
      [rows.map(({ id }) => id), ...names.map((name) => visits.map((visit) => visit[name] ?? null))],
    );
    after = rows.at(-1)?.id;
    if (rows.length < pageRows) return;
  }
};

/**
 * Sorts stored visits anew where the settings are others than those they were sorted by: nothing has to be imported
 * again. Tags, click ids and referrers are stored as they came.
 */
export const reclassify = async (client: PoolClient, options: ClassifyOptions): Promise<void> => {
  const fingerprint = fingerprintOf(options);
  const { rowCount } = await client.query("select from ops.rollup_setting where name = $1 and value = $2", [
    setting,
    fingerprint,
  ]);
  if (rowCount === 1) return;
  const lists = await loadSourceLists();
  // What a deleted lead's visit was is not kept; its channel stays as it was found.
  const leads = { table: "warehouse.lead", key: "lead_id", where: "deleted_at is null" };
  await reclassifyTable(client, leads, lists, options);
  const conversions = { table: "warehouse.first_party_conversion", key: "conversion_id" };
  await reclassifyTable(client, conversions, lists, options);
  // GA4 names the channel itself; only what counts as paid is a choice.
  for (const table of ["warehouse.ga4_session_daily", "warehouse.ga4_key_event_daily"])
    await client.query(
      `update ${table} t set traffic = r.traffic from unnest($1::text[], $2::text[]) as r (channel, traffic)
       where t.channel = r.channel and t.traffic <> r.traffic`,
      [channels, channels.map((channel) => trafficOf(channel, options))],
    );
  await client.query(
    `insert into ops.rollup_setting (name, value) values ($1, $2)
     on conflict (name) do update set value = excluded.value`,
    [setting, fingerprint],
  );
};
