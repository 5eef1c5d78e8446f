import { type RawBuilder, sql } from "kysely";
import type { DayRange } from "../../domain/day.ts";
import { firstOfYear, isAlwaysHeld, lastOfYear } from "../../metrics/rollup/year-to-date.ts";
import { type AccountSums, type Edge, type Point, pointsOf, yearsOf } from "./campaign-points.ts";
import type { Grouping } from "./grouping.ts";
import { currencyOf, whole } from "./money.ts";
import type { Read } from "./read.ts";

const list = (parts: readonly RawBuilder<unknown>[]): RawBuilder<unknown> => sql.join(parts);

/** How far the sums of a grouping's accounts go, in the snapshot of the answer. */
export const standingOf = (
  read: Read,
  range: DayRange,
  keys: readonly number[] | undefined,
): Promise<readonly AccountSums[]> => {
  const days = sql`figures.cost_per_conversion_by_account_daily m where m.account_key = d.account_key`;
  // One sub-select a year: on several machines Citus takes none below a function that gives rows.
  const lastDay = ({ from }: DayRange): RawBuilder<unknown> => sql`
    (select max(m.date)::text from ${days}
     and m.date between ${firstOfYear(from)}::date and ${lastOfYear(from)}::date)`;
  return read<AccountSums>(sql`
    select d.account_key, a.currency,
           array_remove(array[${list(yearsOf(range).map(lastDay))}], null) as last_days,
           (select min(m.date)::text from ${days}
            and m.date between greatest(ops.first_open_day(d.today, a.restatement_days), ${range.from}::date) and ${range.to}::date) as open_from
    from ops.rollup_day d
    join warehouse.account a on a.account_key = d.account_key
    ${keys === undefined ? sql`` : sql`where d.account_key = any(${[...keys]}::int[])`}`);
};

type Choice = Grouping["choice"];

const counts = ["impressions", "clicks", "conversions", "organic_conversions"] as const;

/** Of each measure: what it is called in a grouping's sums and in its currency's columns. In millionths, but for counts. */
const measures = ({ mode }: Choice): readonly (readonly [string, string])[] => {
  const suffix = mode === "reporting" ? "_reporting" : "";
  return [
    ["spend", `spend${suffix}`],
    ["conversion_value", `conversion_value${suffix}`],
    ...counts.map((name) => [name, name] as const),
  ];
};

const column = <Key extends string>(rows: readonly Readonly<Record<Key, unknown>>[], key: Key): unknown[] =>
  rows.map((row) => row[key]);

const unique: typeof column = (rows, key) => [...new Set(column(rows, key))];

const ofCampaign = ({ campaign }: Grouping): RawBuilder<unknown> =>
  campaign === undefined ? sql`` : sql`and m.campaign_id = ${campaign}`;

/** The sums at some points, each with its sign. */
const atPoints = (grouping: Grouping, points: readonly Point[]): RawBuilder<unknown> => sql`
  select m.account_key, m.campaign_id,
         ${list(measures(grouping.choice).map(([name, from]) => sql`p.sign * ${sql.ref(`m.${from}`)} as ${sql.ref(name)}`))},
         p.sign * m.days as days, p.sign * m.days_without_rate as unrated
  from unnest(${column(points, "account_key")}::int[], ${column(points, "date")}::date[], ${column(points, "sign")}::int[])
    as p (account_key, date, sign)
  join figures.campaign_year_to_date m on m.account_key = p.account_key and m.date = p.date
  -- Said twice: the planner knows how few these are, while of a join it would read the whole table.
  where m.account_key = any (${unique(points, "account_key")}::int[]) and m.date = any (${unique(points, "date")}::date[])
    ${ofCampaign(grouping)}`;

/** Days of the mart, as sums. */
const alongEdge = (grouping: Grouping, { account_keys, from, to, sign }: Edge): RawBuilder<unknown> => {
  const millionths = ([name, of]: readonly [string, string]): RawBuilder<unknown> =>
    isAlwaysHeld(name)
      ? sql`${sql.lit(sign)} * ${sql.ref(`m.${of}`)}`
      : sql`(${sql.ref(`m.${of}`)} * ${sql.lit(sign * 1_000_000)})::bigint`;
  return sql`
    select m.account_key, m.campaign_id, ${list(measures(grouping.choice).map(millionths))}, ${sql.lit(sign)},
           ${sql.lit(sign)} * (m.spend_reporting is null or m.conversion_value_reporting is null)::integer
    from figures.cost_per_conversion_daily m
    where m.account_key = any (${[...account_keys]}::int[]) and m.date between ${from}::date and ${to}::date
      ${ofCampaign(grouping)}`;
};

/**
 * Sums of each campaign over the range, in millionths of everything but impressions and clicks: from two sums a year and
 * campaign, however long the range, and from the mart for the days between them and its edges.
 */
const campaignSums = (grouping: Grouping): RawBuilder<unknown> => {
  const { choice } = grouping;
  const accounts = grouping.standing.filter(
    ({ currency }) => choice.mode !== "account" || currency === choice.code,
  );
  const { points, edges } = pointsOf(grouping.range, accounts);
  const parts = [atPoints(grouping, points), ...edges.map((edge) => alongEdge(grouping, edge))];
  const known = (name: string): RawBuilder<unknown> => {
    const sum = isAlwaysHeld(name) ? sql`sum(p.${sql.ref(name)})` : whole(`p.${name}`);
    return choice.mode === "reporting" && (name === "spend" || name === "conversion_value")
      ? sql`case when sum(p.unrated) = 0 then ${sum} end as ${sql.ref(name)}`
      : sql`${sum} as ${sql.ref(name)}`;
  };
  return sql`
    select s.*, ${choice.mode === "reporting" ? currencyOf(choice) : sql`m.currency`} as currency
    from (
      select p.account_key, p.campaign_id, ${list(measures(choice).map(([name]) => known(name)))}
      from (${sql.join(parts, sql` union all `)}) p
      group by p.account_key, p.campaign_id
      having sum(p.days) > 0
    ) s
    join warehouse.account m on m.account_key = s.account_key`;
};

/**
 * The campaigns of a grouping as `campaignSums` has them; named, too, where it sorts or searches by name: else the names
 * of those that are shown are enough. Names are read whole, which "offset 0" sees to: to look ten thousand up one by one
 * takes three times as long.
 */
export const byCampaign = (grouping: Grouping, matching: RawBuilder<unknown>): RawBuilder<unknown> =>
  grouping.named
    ? sql`
        select s.*, c.name as campaign_name
        from (${campaignSums(grouping)}) s
        join warehouse.account a on a.account_key = s.account_key
        left join (select account_key, campaign_id, name from warehouse.campaign offset 0) c
          on c.account_key = s.account_key and c.campaign_id = s.campaign_id ${matching}`
    : campaignSums(grouping);

const wholeUnits = sql`
  g.spend * 0.000001 as spend, g.impressions, g.clicks, g.conversions * 0.000001 as conversions,
  g.conversion_value * 0.000001 as conversion_value, g.organic_conversions * 0.000001 as organic_conversions`;

/** Days of some campaigns that are not final. Each is looked up by its key. */
const openDays = ({ standing, range }: Grouping, some: RawBuilder<unknown>): RawBuilder<unknown> => {
  const open = standing.flatMap(({ account_key, open_from }) =>
    open_from === null ? [] : [{ account_key, open_from }],
  );
  return sql`
    ${some} g
    join unnest(${column(open, "account_key")}::int[], ${column(open, "open_from")}::date[]) as o (account_key, first)
      on o.account_key = g.account_key
    cross join generate_series(o.first, ${range.to}::date, interval '1 day') as d (day)
    join figures.cost_per_conversion_daily m
      on m.account_key = g.account_key and m.date = d.day::date and m.campaign_id = g.campaign_id
     and m.date between ${open.map(({ open_from }) => open_from).toSorted()[0] ?? range.to}::date and ${range.to}::date`;
};

/** Campaigns of the common table `grouped`, or of some of it, as they are shown: in whole units and named. */
export const shownCampaigns = (grouping: Grouping, some: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  select g.account_key, g.currency, ${wholeUnits}, f.account_key is null as is_final, a.platform, a.account_id,
         a.name as account_name, g.campaign_id, c.name as campaign_name, null::text as ad_group_id,
         null::text as ad_group_name, null::text as part, null::text as part_id
  from ${some} g
  join warehouse.account a on a.account_key = g.account_key
  left join warehouse.campaign c on c.account_key = g.account_key and c.campaign_id = g.campaign_id
  left join (select distinct m.account_key, m.campaign_id from ${openDays(grouping, some)}) f
    on f.account_key = g.account_key and f.campaign_id = g.campaign_id`;

/** The currencies in which anything of a grouping is not final. Of all campaigns the accounts' own days tell it. */
const openCurrencies = (grouping: Grouping): RawBuilder<unknown> => {
  const { standing, choice, campaign, q } = grouping;
  if (campaign !== undefined || q !== undefined)
    return sql`array(select distinct g.currency from ${openDays(grouping, sql`grouped`)})`;
  const open = standing.filter(({ open_from }) => open_from !== null);
  const currencies = open.map(({ currency }) => (choice.mode === "reporting" ? choice.code : currency));
  return sql`${[...new Set(currencies)]}::text[]`;
};

/** What all of them add up to. */
export const campaignTotals = (grouping: Grouping): RawBuilder<unknown> => sql`
  select g.currency, g.count, ${wholeUnits}, g.currency <> all (${openCurrencies(grouping)}) as is_final
  from (
    select g.currency, count(*)::int as count, ${list(
      measures(grouping.choice).map(([name]) => sql`${whole(`g.${name}`)} as ${sql.ref(name)}`),
    )}
    from grouped g group by g.currency
  ) g`;
