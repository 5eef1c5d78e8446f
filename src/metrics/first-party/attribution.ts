import { escapeLiteral } from "pg";
import { networkRules, otherwise } from "../channels/networks.ts";
import { type FirstPartyDue, dueIds, type Rows } from "./due.ts";
import { clickWindowDays } from "./settings.ts";
import { reportedClick, visitKeys } from "./visit-keys.ts";

/** The table of networks as SQL, so that a joined click and a platform's own row get the same channel. */
const networkRuleValues = (): string =>
  networkRules()
    .map(
      ({ platform, network, campaignType, channel }, position) =>
        `(${String(position)}, ${[platform, network, campaignType, channel].map(escapeLiteral).join(", ")})`,
    )
    .join(",\n    ");

const channelBy = (platform: string, network: string, type: string): string => `(
  select n.channel from network_rule n
  where n.platform = ${platform} and (n.network = '*' or lower(n.network) = lower(${network}))
    and (n.campaign_type = '*' or lower(n.campaign_type) = lower(${type}))
  order by n.position limit 1)`;

/**
 * Finds the campaign of every lead or conversion and settles its channel: by its click id in the platform's click
 * report, by a campaign, ad group or ad id, by the campaign's name as a last resort. An id that is known to a platform
 * makes an unpaid-looking visit paid: ads tagged utm_medium=social carry nothing else.
 */
const resolve = (table: string, key: string, at: string, where = "true"): string => {
  const reported = reportedClick();
  return `
  with network_rule (position, platform, network, campaign_type, channel) as (values
    ${networkRuleValues()}),
  visit as (
    select t.${key} as id, (t.${at} at time zone $1)::date as date, t.reported_channel,
           ${reported.id} as click_id, ${reported.platform} as click_platform,
           t.tag_channel, t.tag_traffic, t.tag_platform, t.tag_evidence, t.source_platform, t.campaign,
           ${visitKeys.entity()} as entity_id
    from ${table} t where ${where}
  ),
  entity as materialized (
    select distinct on (platform, entity_id) *
    from (
        select a.platform, a.account_id, c.campaign_id as entity_id, c.campaign_id, c.type, 1 as grain
        from warehouse.campaign c join warehouse.account a using (account_key)
        where c.campaign_id in (select entity_id from visit)
        union all
        select a.platform, a.account_id, g.ad_group_id, g.campaign_id, coalesce(c.type, ''), 2
        from warehouse.ad_group g join warehouse.account a using (account_key)
        left join warehouse.campaign c using (account_key, campaign_id)
        where g.ad_group_id in (select entity_id from visit)
        union all
        select distinct a.platform, a.account_id, d.ad_id, d.campaign_id, coalesce(c.type, ''), 3
        from warehouse.ad d join warehouse.account a using (account_key)
        left join warehouse.campaign c using (account_key, campaign_id)
        where d.ad_id in (select entity_id from visit)
        union all
        select distinct k.platform, k.account_id, k.campaign_id, k.campaign_id, '', 4
        from warehouse.cost k
        where k.cost_class = 'ad_spend' and k.campaign_id in (select entity_id from visit)
    ) every
    order by platform, entity_id, grain, account_id, campaign_id, type
  ),
  sole as (
    select entity_id, min(platform) as platform from entity group by entity_id having count(distinct platform) = 1
  ),
  named as materialized (
    select platform, name, min(account_id) as account_id, min(campaign_id) as campaign_id
    from (select distinct a.platform, lower(c.name) as name, a.account_id, c.campaign_id
          from warehouse.campaign c join warehouse.account a using (account_key)) c
    group by 1, 2 having count(*) = 1
  ),
  found as (
    select v.*, k.click_id is not null as has_click, v.date - k.date > ${String(clickWindowDays)} as is_expired,
           k.account_id as click_account_id, k.campaign_id as click_campaign_id, k.network, coalesce(kc.type, '') as click_type,
           e.platform as entity_platform, e.account_id as entity_account_id, e.campaign_id as entity_campaign_id, e.type as entity_type
    from (select visit.*, sole.platform as sole_platform from visit left join sole using (entity_id)) v
    left join warehouse.click k on k.platform = v.click_platform and k.click_id = v.click_id and v.reported_channel is null
    left join warehouse.account ka on ka.platform = k.platform and ka.account_id = k.account_id and ka.series_to is null
    left join warehouse.campaign kc on kc.account_key = ka.account_key and kc.campaign_id = k.campaign_id
    left join entity e on e.entity_id = v.entity_id and e.platform = coalesce(v.tag_platform, v.source_platform, v.sole_platform)
  ),
  settled as (
    select f.*,
      case when has_click and is_expired then 'expired_click'
           when has_click then 'click_join'
           when reported_channel is null and tag_traffic <> 'paid' and entity_platform is not null then 'campaign_id'
           else tag_evidence end as evidence
    from found f
  ),
  paid as (
    select s.*,
      case evidence when 'expired_click' then 'Unassigned'
        when 'click_join' then coalesce(${channelBy("s.click_platform", "s.network", "s.click_type")}, ${escapeLiteral(otherwise)})
        when 'campaign_id' then coalesce(${channelBy("s.entity_platform", "''", "s.entity_type")}, ${escapeLiteral(otherwise)})
        else tag_channel end as channel,
      case evidence when 'expired_click' then 'other' when 'click_join' then 'paid' when 'campaign_id' then 'paid'
        else tag_traffic end as traffic,
      case evidence when 'expired_click' then null when 'click_join' then click_platform when 'campaign_id' then entity_platform
        else case when tag_traffic = 'paid' then coalesce(tag_platform, entity_platform) end end as platform
    from settled s
  )
  select p.id, p.date, p.channel, p.traffic, p.platform, p.evidence,
    case when p.evidence = 'click_join' then p.click_account_id
         when p.traffic = 'paid' and p.entity_platform = p.platform then p.entity_account_id
         when p.traffic = 'paid' then coalesce(n.account_id, '') else '' end as account_id,
    case when p.evidence = 'click_join' then p.click_campaign_id
         when p.traffic = 'paid' and p.entity_platform = p.platform then p.entity_campaign_id
         when p.traffic = 'paid' then coalesce(n.campaign_id, '') else '' end as joined_campaign_id,
    case when p.evidence = 'click_join' then 'click'
         when p.traffic = 'paid' and p.entity_platform = p.platform then 'campaign_id'
         when p.traffic = 'paid' and n.campaign_id is not null then 'name' end as joined_by
  from paid p
  left join named n on n.platform = p.platform and n.name = lower(trim(p.campaign))`;
};

const results = [
  "date",
  "channel",
  "traffic",
  "platform",
  "evidence",
  "account_id",
  "joined_campaign_id",
  "joined_by",
];

const update = (table: string, key: string, from: string): string => `
  update ${table} t
  set ${results.map((name) => `${name} = r.${name}`).join(", ")}
  from (${from}) r
  where t.${key} = r.id
    and (${results.map((name) => `t.${name}`).join(", ")}) is distinct from (${results.map((name) => `r.${name}`).join(", ")})`;

// Whatever brought a lead back later, the visit that made it a lead decides.
const inherited = (own: string): string => `
  select o.id, o.date, coalesce(l.channel, o.channel) as channel, coalesce(l.traffic, o.traffic) as traffic,
    case when l.lead_id is null then o.platform else l.platform end as platform,
    case when l.lead_id is null then o.evidence else 'lead' end as evidence,
    coalesce(l.account_id, o.account_id) as account_id,
    coalesce(l.joined_campaign_id, o.joined_campaign_id) as joined_campaign_id,
    case when l.lead_id is null then o.joined_by else l.joined_by end as joined_by
  from (${own}) o
  join warehouse.first_party_conversion c on c.conversion_id = o.id
  left join warehouse.lead l on l.lead_id = c.lead_id and l.withdrawn_at is null and c.reported_channel is null`;

const conversions = "warehouse.first_party_conversion";
/** The rows that `$2` names, or all of them. */
const among = (key: string): string => `($2::text[] is null or t.${key} = any ($2::text[]))`;

export const attributionSql = {
  lead: update(
    "warehouse.lead",
    "lead_id",
    resolve("warehouse.lead", "lead_id", "created_at", `t.deleted_at is null and ${among("lead_id")}`),
  ),
  conversion: update(
    conversions,
    "conversion_id",
    inherited(resolve(conversions, "conversion_id", "converted_at", among("conversion_id"))),
  ),
} as const;

/** Settles channel, platform and campaign of what is due; rows that stay as they are stay untouched. */
export const attribute = async (due: FirstPartyDue, rows: Rows): Promise<void> => {
  const ids = await dueIds(due, rows);
  if (ids?.length === 0) return;
  await due.client.query(attributionSql[rows], [due.settings.timeZone, ids]);
};
