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
  /** Whether what is summed up beforehand (marts.campaign_month, ops.part_day) has all that the scope takes. */
  readonly summed: boolean;
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
         null::text as campaign_name, null::text as part, null::text as part_id, s.currency, ${sumNames}
  from (
    select m.platform, ${currencyOf(scope.choice)} as currency, ${sums(scope.choice)}
    from ${sql.table(martFor(scope))} m where ${rowsOf(scope)} group by 1, 2
  ) s ${matching(scope.q, "s.platform")}`;

// Names are joined to the groups, not to the days: thousands rather than millions.
const byAccount = (scope: Scope): RawBuilder<unknown> => sql`
  select a.platform, a.account_id, a.name as account_name, null::text as campaign_id,
         null::text as campaign_name, null::text as part, null::text as part_id, s.currency, ${sumNames}
  from (
    select m.account_key, ${currencyOf(scope.choice)} as currency, ${sums(scope.choice)}
    from ${sql.table(martFor(scope))} m where ${rowsOf(scope)} group by 1, 2
  ) s
  join warehouse.account a on a.account_key = s.account_key
  ${matching(scope.q, "a.name", "a.account_id", "a.platform")}`;

/** The campaigns of the scope: from their running months where those stand, else from every day. */
const campaignSums = (scope: Scope): RawBuilder<unknown> =>
  scope.summed
    ? campaignMonths(scope)
    : sql`
    select m.account_key, m.campaign_id, ${currencyOf(scope.choice)} as currency, ${sums(scope.choice)}
    from ${sql.table(martFor(scope))} m where ${rowsOf(scope)} group by 1, 2, 3`;

const byCampaign = (scope: Scope): RawBuilder<unknown> => sql`
  select a.platform, a.account_id, a.name as account_name, s.campaign_id,
         ${scope.named ? sql`c.name` : sql`null::text`} as campaign_name, null::text as part, null::text as part_id, s.currency, ${sumNames}
  from (${campaignSums(scope)}) s
  join warehouse.account a on a.account_key = s.account_key
  ${scope.named ? sql`left join warehouse.campaign c on c.account_key = s.account_key and c.campaign_id = s.campaign_id` : sql``}
  ${matching(scope.q, "c.name", "s.campaign_id", "a.name")}`;

const partColumns = sql`
  n.account_key, n.date, n.campaign_id, n.platform, n.currency, n.conversions, n.conversion_value,
  n.conversion_value_reporting, n.is_final`;

/** Rows by network or action as a table `m`: added up over campaigns where that stands, else those of the mart. */
export const partRows = (scope: Scope): RawBuilder<unknown> => {
  if (scope.summed) return sql`(select * from ops.part_day where part_kind = ${sql.lit(scope.by)}) m`;
  return scope.by === "network"
    ? sql`(select ${partColumns}, n.network as part_id, n.network as part_name, n.spend, n.spend_reporting,
                  n.impressions, n.clicks, n.organic_conversions
           from marts.cost_per_conversion_by_network_daily n) m`
    : sql`(select ${partColumns}, n.conversion_action_id as part_id, n.conversion_action_name as part_name
           from marts.cost_per_conversion_by_action_daily n) m`;
};

const byNetwork = (scope: Scope): RawBuilder<unknown> => sql`
  select s.platform, null::text as account_id, null::text as account_name, null::text as campaign_id,
         null::text as campaign_name, s.part_id as part, s.part_id, s.currency, ${sumNames}
  from (
    select m.platform, m.part_id, ${currencyOf(scope.choice)} as currency, ${sums(scope.choice)}
    from ${partRows(scope)} where ${rowsOf(scope)} group by 1, 2, 3
  ) s ${matching(scope.q, "s.part_id", "s.platform")}`;

/** What the campaigns of the scope cost, by platform: actions are held against all of it. */
const spent = (scope: Scope): RawBuilder<unknown> => sql`
  select m.platform, ${currencyOf(scope.choice)} as currency, ${sums(scope.choice)}
  from ${sql.table(scope.campaign === undefined ? martOf.platform : martOf.campaign)} m
  where ${rowsOf(scope)} group by 1, 2`;

/**
 * An action is set against the whole spend of its platform in the scope, as `costper report` has it: spend is never
 * split among actions, so these rows must not be added up, and the total says what they cost together.
 */
const byAction = (scope: Scope): RawBuilder<unknown> => sql`
  select s.platform, null::text as account_id, null::text as account_name, null::text as campaign_id,
         null::text as campaign_name, coalesce(nullif(s.part_name, ''), s.part_id) as part, s.part_id, s.currency,
         c.spend, c.impressions, c.clicks, s.conversions, s.conversion_value, null::numeric as organic_conversions,
         s.is_final
  from (
    select m.platform, m.part_id, max(m.part_name) as part_name, ${currencyOf(scope.choice)} as currency,
           sum(m.conversions) as conversions, ${valueOf(scope.choice)} as conversion_value,
           bool_and(m.is_final) as is_final
    from ${partRows(scope)} where ${rowsOf(scope)} group by 1, 2, 4
  ) s
  left join (${spent(scope)}) c on c.platform = s.platform and c.currency is not distinct from s.currency
  ${matching(scope.q, "s.part_name", "s.part_id", "s.platform")}`;

/** Total of a breakdown by action: what the platforms of the shown actions cost, each once. */
const actionTotals = (scope: Scope): RawBuilder<unknown> => sql`
  select g.currency, g.count, t.spend, t.impressions, t.clicks, g.conversions, g.conversion_value,
         null::numeric as organic_conversions, g.is_final
  from (select g.currency, count(*)::int as count, ${sumsOfSums} from grouped g group by g.currency) g
  left join (
    select g.currency, ${sumsOfSums} from (${spent(scope)}) g
    where g.platform in (select platform from grouped) group by 1
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
