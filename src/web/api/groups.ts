import { type RawBuilder, sql } from "kysely";
import type { BreakdownBy } from "./answers.ts";
import { currencyOf, inCurrency, sums, sumsOfSums, valueOf, whole } from "./money.ts";
import { byCampaign, campaignTotals, shownCampaigns } from "./campaign-sums.ts";
import { containing, within } from "./query.ts";
import { partRows } from "./part-rows.ts";
import { martFor, martOf, type Grouping } from "./grouping.ts";

/** The name that a person knows a group `g` by. */
export const nameOf = (by: BreakdownBy): RawBuilder<unknown> =>
  by === "platform"
    ? sql`g.platform`
    : by === "account"
      ? sql`lower(coalesce(nullif(g.account_name, ''), g.account_id))`
      : by === "campaign"
        ? sql`lower(coalesce(nullif(g.campaign_name, ''), g.campaign_id))`
        : by === "ad_group"
          ? sql`lower(coalesce(nullif(g.ad_group_name, ''), g.ad_group_id))`
          : by === "ad"
            ? sql`lower(coalesce(nullif(g.part, ''), g.part_id))`
            : sql`lower(g.part)`;

const rowsOf = (grouping: Grouping): RawBuilder<unknown> =>
  sql`${within(grouping.range, grouping.keys, grouping.campaign)} ${inCurrency(grouping.choice)}`;

/** The same of ad groups or ads. */
export const adRowsOf = (grouping: Grouping): RawBuilder<unknown> =>
  grouping.adGroup === undefined
    ? rowsOf(grouping)
    : sql`${rowsOf(grouping)} and m.ad_group_id = ${grouping.adGroup}`;

const matching = (q: string | undefined, ...columns: readonly string[]): RawBuilder<unknown> =>
  q === undefined
    ? sql``
    : sql`where (${sql.join(
        columns.map((column) => sql`${sql.ref(column)} ~ ${containing(q)}`),
        sql` or `,
      )})`;

const noAdGroup = sql`null::text as ad_group_id, null::text as ad_group_name`;

const sumNames = sql`s.spend, s.impressions, s.clicks, s.conversions, s.conversion_value, s.organic_conversions, s.is_final`;

const byPlatform = (grouping: Grouping): RawBuilder<unknown> => sql`
  select s.platform, null::text as account_id, null::text as account_name, null::text as campaign_id,
         null::text as campaign_name, ${noAdGroup}, null::text as part, null::text as part_id, s.currency, ${sumNames}
  from (
    select m.platform, ${currencyOf(grouping.choice)} as currency, ${sums(grouping.choice)}
    from ${sql.table(martFor(grouping))} m where ${rowsOf(grouping)} group by 1, 2
  ) s ${matching(grouping.q, "s.platform")}`;

/** Whose rows `g` are: an account whose currency or time zone changed has several keys. */
const owner = sql`join warehouse.account k on k.account_key = g.account_key`;

const namedOwner = sql`
  join (select * from warehouse.account where series_to is null) a
    on a.platform = s.platform and a.account_id = s.account_id`;

// Names are joined to the groups, not to the days: thousands rather than millions.
const byAccount = (grouping: Grouping): RawBuilder<unknown> => sql`
  select s.platform, s.account_id, a.name as account_name, null::text as campaign_id,
         null::text as campaign_name, ${noAdGroup}, null::text as part, null::text as part_id, s.currency, ${sumNames}
  from (
    select k.platform, k.account_id, g.currency, ${sumsOfSums}
    from (
      select m.account_key, ${currencyOf(grouping.choice)} as currency, ${sums(grouping.choice)}
      from ${sql.table(martFor(grouping))} m where ${rowsOf(grouping)} group by 1, 2
    ) g ${owner}
    group by 1, 2, 3
  ) s ${namedOwner}
  ${matching(grouping.q, "a.name", "a.account_id", "a.platform")}`;

/** Ad groups, or ads, with all that they lie in. What the platform reports for none of them has empty ids. */
const byAd = (grouping: Grouping): RawBuilder<unknown> => {
  const isAd = grouping.by === "ad";
  return sql`
    select a.platform, a.account_id, a.name as account_name, s.campaign_id, c.name as campaign_name, s.ad_group_id,
           d.name as ad_group_name, ${isAd ? sql`ad.name` : sql`null::text`} as part, s.part_id, s.currency, ${sumNames}
    from (
      select m.account_key, m.campaign_id, m.ad_group_id, ${isAd ? sql`m.ad_id` : sql`null::text`} as part_id,
             ${currencyOf(grouping.choice)} as currency, ${sums(grouping.choice)}
      from ${sql.table(martOf[grouping.by])} m where ${adRowsOf(grouping)} group by 1, 2, 3, 4, 5
    ) s
    join warehouse.account a on a.account_key = s.account_key
    left join warehouse.campaign c on c.account_key = s.account_key and c.campaign_id = s.campaign_id
    left join warehouse.ad_group d on d.account_key = s.account_key and d.ad_group_id = s.ad_group_id
    ${isAd ? sql`left join warehouse.ad ad on ad.account_key = s.account_key and ad.ad_group_id = s.ad_group_id and ad.ad_id = s.part_id` : sql``}
    ${matching(grouping.q, ...(isAd ? ["ad.name", "s.part_id"] : ["d.name", "s.ad_group_id"]), "c.name")}`;
};

const byNetwork = (grouping: Grouping): RawBuilder<unknown> => sql`
  select s.platform, null::text as account_id, null::text as account_name, null::text as campaign_id,
         null::text as campaign_name, ${noAdGroup}, s.part_id as part, s.part_id, s.currency, ${sumNames}
  from (
    select m.platform, m.part_id, ${currencyOf(grouping.choice)} as currency, ${sums(grouping.choice)}
    from ${partRows(grouping)} where ${rowsOf(grouping)} group by 1, 2, 3
  ) s ${matching(grouping.q, "s.part_id", "s.platform")}`;

const byBrought = (grouping: Grouping): RawBuilder<unknown> => sql`
  select s.platform, null::text as account_id, null::text as account_name, null::text as campaign_id,
         null::text as campaign_name, ${noAdGroup}, s.part_name as part, s.part_id, s.currency, ${sumNames}
  from (
    select m.platform, m.part_id, max(m.part_name collate "C") as part_name,
           ${currencyOf(grouping.choice)} as currency, ${sums(grouping.choice)}
    from ${partRows(grouping)} where ${rowsOf(grouping)} group by 1, 2, 4
  ) s ${matching(grouping.q, "s.part_name", "s.part_id", "s.platform")}`;

/** What the campaigns of the grouping cost, by account: its actions are held against all of it. */
const spent = (grouping: Grouping): RawBuilder<unknown> => sql`
  select k.platform, k.account_id, g.currency, ${sumsOfSums}
  from (
    select m.account_key, ${currencyOf(grouping.choice)} as currency, ${sums(grouping.choice)}
    from ${sql.table(grouping.campaign === undefined ? martOf.platform : martOf.campaign)} m
    where ${rowsOf(grouping)} group by 1, 2
  ) g ${owner}
  group by 1, 2, 3`;

/**
 * An action is set against the whole spend of its account in the grouping, as `costper report --by account,action` has
 * it: no other account can bring its conversions. Spend is never split among actions, so these rows must not be added
 * up, and the total says what they cost together.
 */
const byAction = (grouping: Grouping): RawBuilder<unknown> => sql`
  select s.platform, s.account_id, a.name as account_name, null::text as campaign_id,
         null::text as campaign_name, ${noAdGroup}, coalesce(nullif(s.part_name, ''), s.part_id) as part, s.part_id, s.currency,
         c.spend, c.impressions, c.clicks, s.conversions, s.conversion_value, null::numeric as organic_conversions,
         s.is_final
  from (
    select k.platform, k.account_id, g.part_id, max(g.part_name collate "C") as part_name, g.currency,
           sum(g.conversions) as conversions, ${whole("g.conversion_value")} as conversion_value,
           bool_and(g.is_final) as is_final
    from (
      select m.account_key, m.part_id, max(m.part_name collate "C") as part_name, ${currencyOf(grouping.choice)} as currency,
             sum(m.conversions) as conversions, ${valueOf(grouping.choice)} as conversion_value,
             bool_and(m.is_final) as is_final
      from ${partRows(grouping)} where ${rowsOf(grouping)} group by 1, 2, 4
    ) g ${owner}
    group by 1, 2, 3, 5
  ) s ${namedOwner}
  left join (${spent(grouping)}) c
    on c.platform = s.platform and c.account_id = s.account_id and c.currency is not distinct from s.currency
  ${matching(grouping.q, "s.part_name", "s.part_id", "a.platform", "a.name", "a.account_id")}`;

/** Total of a breakdown by action: what the accounts of the shown actions cost, each once. */
const actionTotals = sql`
  select g.currency, g.count, t.spend, t.impressions, t.clicks, g.conversions, g.conversion_value,
         null::numeric as organic_conversions, g.is_final
  from (select g.currency, count(*)::int as count, ${sumsOfSums} from grouped g group by g.currency) g
  left join (
    select g.currency, ${sumsOfSums} from (
      select distinct platform, account_id, currency, spend, impressions, clicks, 0 as conversions, 0 as conversion_value,
                      0 as organic_conversions, true as is_final
      from grouped
    ) g group by 1
  ) t on t.currency is not distinct from g.currency`;

/** The totals over the common table `grouped`, one row a currency, with how many groups it has. */
export const totalsOf = (grouping: Grouping): RawBuilder<unknown> =>
  grouping.by === "action"
    ? actionTotals
    : grouping.by === "campaign"
      ? campaignTotals(grouping)
      : sql`select g.currency, count(*)::int as count, ${sumsOfSums} from grouped g group by g.currency`;

const statements: Readonly<Record<BreakdownBy, (grouping: Grouping) => RawBuilder<unknown>>> = {
  platform: byPlatform,
  account: byAccount,
  campaign: (grouping) => byCampaign(grouping, matching(grouping.q, "c.name", "s.campaign_id", "a.name")),
  ad_group: byAd,
  ad: byAd,
  network: byNetwork,
  action: byAction,
  device: byBrought,
  country: byBrought,
  keyword: byBrought,
  search_term: byBrought,
};

/** Every group of the grouping with its sums: one row a group and currency. For a common table `grouped`. */
export const grouped = (grouping: Grouping): RawBuilder<unknown> => statements[grouping.by](grouping);

/** Rows of `grouped` with all that is shown of a group, the same columns whatever the grouping. */
export const shown = (grouping: Grouping, some: RawBuilder<unknown>): RawBuilder<unknown> =>
  grouping.by === "campaign" ? shownCampaigns(grouping, some) : sql`select g.* from ${some} g`;
