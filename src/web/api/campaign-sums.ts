import { type RawBuilder, sql } from "kysely";
import type { DayRange } from "../../domain/day.ts";
import { type AccountSums, monthOf, type Point, pointsOf } from "./campaign-points.ts";
import type { Grouping } from "./grouping.ts";
import { currencyOf, inCurrency, sumsOfSums } from "./money.ts";
import type { Read } from "./read.ts";
import { within } from "./query.ts";

/** How far the sums of a grouping's accounts stand, in the snapshot of the answer: whatever was written since is marked. */
export const standingOf = (
  read: Read,
  range: DayRange,
  keys: readonly number[] | undefined,
): Promise<readonly AccountSums[]> =>
  read<AccountSums>(sql`
    select a.account_key,
           (select max(s.month) from ops.campaign_month_sum s where s.account_key = a.account_key) as last_month,
           array(
             select t.month::text from ops.stale_campaign_month t
             where t.account_key = a.account_key and t.month between ${monthOf(range.from)}::date and ${range.to}::date
           ) as stale,
           o.date::text as first_open
    from warehouse.account a
    left join ops.first_open_day o on o.account_key = a.account_key
    ${keys === undefined ? sql`` : sql`where a.account_key = any(${[...keys]}::int[])`}`);

const counts = ["impressions", "clicks", "conversions", "organic_conversions"] as const;

/** Of each measure: what it is called in a grouping's sums and in its currency's columns. In millionths, but for counts. */
const measures = ({ mode }: Grouping["choice"]): readonly (readonly [string, string])[] => {
  const suffix = mode === "reporting" ? "_reporting" : "";
  return [
    ["spend", `spend${suffix}`],
    ["conversion_value", `conversion_value${suffix}`],
    ...counts.map((name) => [name, name] as const),
  ];
};

const list = (parts: readonly RawBuilder<unknown>[]): RawBuilder<unknown> => sql.join(parts);

const column = <Key extends string>(rows: readonly Readonly<Record<Key, unknown>>[], key: Key): unknown[] =>
  rows.map((row) => row[key]);

/** The running sums at some points, each with its sign. */
const at = (
  grouping: Grouping,
  table: string,
  day: string,
  points: readonly Point[],
): RawBuilder<unknown> => sql`
  select m.campaign_key, ${grouping.choice.mode === "reporting" ? sql`` : sql`m.currency,`}
         ${list(measures(grouping.choice).map(([name, from]) => sql`p.sign * ${sql.ref(`m.${from}`)} as ${sql.ref(name)}`))},
         p.sign * m.days as days, p.sign * m.days_without_rate as unrated, p.open * m.days as open
  from unnest(${column(points, "account_key")}::int[], ${column(points, "date")}::date[], ${column(points, "sign")}::int[],
              ${column(points, "open")}::int[]) as p (account_key, date, sign, open)
  join ${sql.table(table)} m on m.account_key = p.account_key and ${sql.ref(`m.${day}`)} = p.date
  where true ${inCurrency(grouping.choice)}
    ${
      grouping.campaign === undefined
        ? sql``
        : sql`and m.campaign_key in (select campaign_key from ops.campaign_key where campaign_id = ${grouping.campaign})`
    }`;

/** The mart's own days, as the sums of months that lag behind. */
const unsummed = (
  grouping: Grouping,
  parts: ReturnType<typeof pointsOf>["unsummed"],
): RawBuilder<unknown> => {
  const { choice } = grouping;
  const millionths = ([name, from]: readonly [string, string]): RawBuilder<unknown> =>
    name === "impressions" || name === "clicks"
      ? sql`${sql.ref(`m.${from}`)} as ${sql.ref(name)}`
      : sql`(${sql.ref(`m.${from}`)} * 1000000)::bigint as ${sql.ref(name)}`;
  return sql`
    select k.campaign_key, ${choice.mode === "reporting" ? sql`` : sql`m.currency,`}
           ${list(measures(choice).map(millionths))}, 1 as days,
           (m.spend_reporting is null or m.conversion_value_reporting is null)::integer as unrated,
           (not m.is_final)::integer as open
    from unnest(${column(parts, "account_key")}::int[], ${column(parts, "from")}::date[], ${column(parts, "to")}::date[])
      as p (account_key, first, last)
    join marts.cost_per_conversion_daily m on m.account_key = p.account_key and m.date between p.first and p.last
    join ops.campaign_key k on k.account_key = m.account_key and k.campaign_id = m.campaign_id
    where ${within(grouping.range, undefined, grouping.campaign)} ${inCurrency(choice)}`;
};

/**
 * Sums of each campaign over the range, with its key and in millionths of everything but impressions and clicks: from
 * at most six running sums a campaign, however long the range, and from the mart for the months whose sums lag behind.
 */
const campaignSums = (grouping: Grouping): RawBuilder<unknown> => {
  const isReporting = grouping.choice.mode === "reporting";
  const points = pointsOf(grouping.range, grouping.standing);
  const parts = [
    at(grouping, "ops.campaign_month_sum", "month", points.months),
    at(grouping, "ops.campaign_day_sum", "date", points.days),
    ...(points.unsummed.length === 0 ? [] : [unsummed(grouping, points.unsummed)]),
  ];
  const known = (name: string): RawBuilder<unknown> =>
    isReporting && (name === "spend" || name === "conversion_value")
      ? sql`case when sum(p.unrated) = 0 then ops.add_up(p.${sql.ref(name)}) end as ${sql.ref(name)}`
      : sql`ops.add_up(p.${sql.ref(name)}) as ${sql.ref(name)}`;
  return sql`
    select p.campaign_key, ${isReporting ? currencyOf(grouping.choice) : sql`p.currency`} as currency,
           ${list(measures(grouping.choice).map(([name]) => known(name)))}, sum(p.open) = 0 as is_final
    from (${sql.join(parts, sql` union all `)}) p
    group by p.campaign_key ${isReporting ? sql`` : sql`, p.currency`}
    having sum(p.days) > 0`;
};

const nameJoins = sql`
  join warehouse.account a on a.account_key = k.account_key
  left join warehouse.campaign c on c.account_key = k.account_key and c.campaign_id = k.campaign_id`;

/**
 * The campaigns of a grouping as `campaignSums` has them; named, too, where it sorts or searches by name: else the names
 * of those that are shown are enough. Names are read whole, which "offset 0" sees to: to look ten thousand up one by one
 * takes three times as long.
 */
export const byCampaign = (grouping: Grouping, matching: RawBuilder<unknown>): RawBuilder<unknown> =>
  grouping.named
    ? sql`
        select s.*, n.campaign_id, n.campaign_name
        from (${campaignSums(grouping)}) s
        join (
          select k.campaign_key, k.campaign_id, c.name as campaign_name
          from ops.campaign_key k ${nameJoins} ${matching} offset 0
        ) n on n.campaign_key = s.campaign_key`
    : campaignSums(grouping);

const wholeUnits = sql`
  g.spend * 0.000001 as spend, g.impressions, g.clicks, g.conversions * 0.000001 as conversions,
  g.conversion_value * 0.000001 as conversion_value, g.organic_conversions * 0.000001 as organic_conversions, g.is_final`;

/** Campaigns of the common table `grouped`, or of some of it, as they are shown: in whole units and named. */
export const shownCampaigns = (some: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  select g.campaign_key, g.currency, ${wholeUnits}, a.platform, a.account_id, a.name as account_name, k.campaign_id,
         c.name as campaign_name, null::text as ad_group_id, null::text as ad_group_name, null::text as part, null::text as part_id
  from ${some} g
  join ops.campaign_key k on k.campaign_key = g.campaign_key ${nameJoins}`;

/** What all of them add up to. */
export const campaignTotals = sql`
  select g.currency, g.count, ${wholeUnits}
  from (select g.currency, count(*)::int as count, ${sumsOfSums} from grouped g group by g.currency) g`;
