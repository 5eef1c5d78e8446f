import { type RawBuilder, sql } from "kysely";
import type { BreakdownBy, CurrencyChoice, Range } from "./answers.ts";
import { currencyOf, inCurrency, sums, sumsOfSums, valueOf } from "./money.ts";
import { campaignMonths } from "./campaign-months.ts";
import { containing, within } from "./query.ts";

/** The name of the campaign of a group `g`, looked up for those rows only that are shown. */
export const campaignNameOf = ({ by, named }: Scope): RawBuilder<unknown> =>
  named || by !== "campaign"
    ? sql`g.campaign_name`
    : sql`(select c.name from warehouse.campaign c join warehouse.account a using (account_key)
           where a.platform = g.platform and a.account_id = g.account_id and c.campaign_id = g.campaign_id)`;

/** What a breakdown is about: how it groups, and which rows of the mart it takes. */
export interface Scope {
  readonly by: BreakdownBy;
  readonly range: Range;
  readonly choice: CurrencyChoice;
  /** The accounts to take; undefined: all. */
  readonly keys: readonly number[] | undefined;
  readonly campaign: string | undefined;
  /** Whether marts.campaign_month has all that the scope takes; the daily mart is added up otherwise. */
  readonly monthly: boolean;
  /** Whether every campaign's name is needed, for sorting or searching by it; else those of a page are enough. */
  readonly named: boolean;
  /** Part of a name or id. */
  readonly q: string | undefined;
}

const martOf: Readonly<Record<BreakdownBy, string>> = {
  platform: "marts.cost_per_conversion_by_account_daily",
  account: "marts.cost_per_conversion_by_account_daily",
  campaign: "marts.cost_per_conversion_daily",
  network: "marts.cost_per_conversion_by_network_daily",
  action: "marts.cost_per_conversion_by_action_daily",
};

/** The mart that holds the groups of a scope: the account-days are enough unless a campaign is asked for. */
export const martFor = ({ by, campaign }: Scope): string =>
  campaign !== undefined && (by === "platform" || by === "account") ? martOf.campaign : martOf[by];

/** The name that a person knows a group `g` by. */
export const nameOf = (by: BreakdownBy): RawBuilder<unknown> =>
  by === "platform"
    ? sql`g.platform`
    : by === "account"
      ? sql`lower(coalesce(nullif(g.account_name, ''), g.account_id))`
      : by === "campaign"
        ? sql`lower(coalesce(nullif(g.campaign_name, ''), g.campaign_id))`
        : sql`lower(g.part)`;

const rowsOf = (scope: Scope): RawBuilder<unknown> =>
  sql`${within(scope.range, scope.keys, scope.campaign)} ${inCurrency(scope.choice)}`;

const matching = (q: string | undefined, ...columns: readonly string[]): RawBuilder<unknown> =>
  q === undefined
    ? sql``
    : sql`where (${sql.join(
        columns.map((column) => sql`${sql.ref(column)} ilike ${containing(q)}`),
        sql` or `,
      )})`;

const sumNames = sql`s.spend, s.impressions, s.clicks, s.conversions, s.conversion_value, s.organic_conversions, s.is_final`;

const byPlatform = (scope: Scope): RawBuilder<unknown> => sql`
  select s.platform, null::text as account_id, null::text as account_name, null::text as campaign_id,
         null::text as campaign_name, null::text as part, s.currency, ${sumNames}
  from (
    select m.platform, ${currencyOf(scope.choice)} as currency, ${sums(scope.choice)}
    from ${sql.table(martFor(scope))} m where ${rowsOf(scope)} group by 1, 2
  ) s ${matching(scope.q, "s.platform")}`;

// Names are joined to the groups, not to the days: thousands rather than millions.
const byAccount = (scope: Scope): RawBuilder<unknown> => sql`
  select a.platform, a.account_id, a.name as account_name, null::text as campaign_id,
         null::text as campaign_name, null::text as part, s.currency, ${sumNames}
  from (
    select m.account_key, ${currencyOf(scope.choice)} as currency, ${sums(scope.choice)}
    from ${sql.table(martFor(scope))} m where ${rowsOf(scope)} group by 1, 2
  ) s
  join warehouse.account a on a.account_key = s.account_key
  ${matching(scope.q, "a.name", "a.account_id", "a.platform")}`;

/** The campaigns of the scope: from their running months where those stand, else from every day. */
const campaignSums = (scope: Scope): RawBuilder<unknown> =>
  scope.monthly
    ? campaignMonths(scope)
    : sql`
    select m.account_key, m.campaign_id, ${currencyOf(scope.choice)} as currency, ${sums(scope.choice)}
    from ${sql.table(martFor(scope))} m where ${rowsOf(scope)} group by 1, 2, 3`;

const byCampaign = (scope: Scope): RawBuilder<unknown> => sql`
  select a.platform, a.account_id, a.name as account_name, s.campaign_id,
         ${scope.named ? sql`c.name` : sql`null::text`} as campaign_name, null::text as part, s.currency, ${sumNames}
  from (${campaignSums(scope)}) s
  join warehouse.account a on a.account_key = s.account_key
  ${scope.named ? sql`left join warehouse.campaign c on c.account_key = s.account_key and c.campaign_id = s.campaign_id` : sql``}
  ${matching(scope.q, "c.name", "s.campaign_id", "a.name")}`;

const byNetwork = (scope: Scope): RawBuilder<unknown> => sql`
  select s.platform, null::text as account_id, null::text as account_name, null::text as campaign_id,
         null::text as campaign_name, s.part, s.currency, ${sumNames}
  from (
    select m.platform, m.network as part, ${currencyOf(scope.choice)} as currency, ${sums(scope.choice)}
    from ${sql.table(martFor(scope))} m where ${rowsOf(scope)} group by 1, 2, 3
  ) s ${matching(scope.q, "s.part", "s.platform")}`;

/**
 * An action is set against the whole spend, in the range, of the campaigns that recorded it: spend is never split among
 * actions, so these rows must not be added up, and the total says what they cost together.
 */
const byAction = (scope: Scope): RawBuilder<unknown> => sql`
  select s.platform, null::text as account_id, null::text as account_name, null::text as campaign_id,
         null::text as campaign_name, s.part, s.currency,
         c.spend, c.impressions, c.clicks, s.conversions, s.conversion_value, null::numeric as organic_conversions, s.is_final
  from (
    select m.platform, coalesce(m.conversion_action_name, m.conversion_action_id) as part,
           ${currencyOf(scope.choice)} as currency, sum(m.conversions) as conversions,
           ${valueOf(scope.choice)} as conversion_value, bool_and(m.is_final) as is_final
    from ${sql.table(martFor(scope))} m where ${rowsOf(scope)} group by 1, 2, 3
  ) s
  join (
    select r.part, r.platform, c.currency,
           case when count(*) = count(c.spend) then sum(c.spend) end as spend,
           sum(c.impressions) as impressions, sum(c.clicks) as clicks
    from (
      select distinct m.account_key, m.campaign_id, m.platform,
             coalesce(m.conversion_action_name, m.conversion_action_id) as part
      from ${sql.table(martFor(scope))} m where ${rowsOf(scope)}
    ) r
    join (
      select m.account_key, m.campaign_id, ${currencyOf(scope.choice)} as currency, ${sums(scope.choice)}
      from ${sql.table(martOf.campaign)} m where ${rowsOf(scope)} group by 1, 2, 3
    ) c on c.account_key = r.account_key and c.campaign_id = r.campaign_id
    group by 1, 2, 3
  ) c on c.part = s.part and c.platform = s.platform and c.currency is not distinct from s.currency
  ${matching(scope.q, "s.part", "s.platform")}`;

/** Total of a breakdown by action: what all campaigns behind the shown actions spent, each once. */
const actionTotals = (scope: Scope): RawBuilder<unknown> => sql`
  select g.currency, g.count, t.spend, t.impressions, t.clicks, g.conversions, g.conversion_value,
         null::numeric as organic_conversions, g.is_final
  from (select g.currency, count(*)::int as count, ${sumsOfSums} from grouped g group by g.currency) g
  join (
    select ${currencyOf(scope.choice)} as currency, ${sums(scope.choice)}
    from ${sql.table(martOf.campaign)} m
    where ${rowsOf(scope)} and (m.account_key, m.campaign_id) in (
      select n.account_key, n.campaign_id from marts.cost_per_conversion_by_action_daily n
      join grouped g on g.platform = n.platform
        and g.part = coalesce(n.conversion_action_name, n.conversion_action_id)
      where n.date between ${scope.range.from}::date and ${scope.range.to}::date)
    group by 1
  ) t on t.currency is not distinct from g.currency`;

/** The totals over the common table `grouped`, one row a currency, with how many groups it has. */
export const totalsOf = (scope: Scope): RawBuilder<unknown> =>
  scope.by === "action"
    ? actionTotals(scope)
    : sql`select g.currency, count(*)::int as count, ${sumsOfSums} from grouped g group by g.currency`;

const statements: Readonly<Record<BreakdownBy, (scope: Scope) => RawBuilder<unknown>>> = {
  platform: byPlatform,
  account: byAccount,
  campaign: byCampaign,
  network: byNetwork,
  action: byAction,
};

/** Every group of the scope with its sums: one row a group and currency, the same columns whatever the grouping. */
export const grouped = (scope: Scope): RawBuilder<unknown> => statements[scope.by](scope);
