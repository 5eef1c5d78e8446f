import { stringify } from "csv-stringify/sync";
import { type RawBuilder, sql } from "kysely";
import * as z from "zod";
import type { ChannelRow, Channels, Excluded, Range } from "./answers.ts";
import { asText } from "./csv.ts";
import { accountKeys, filterKeys, type Keys, within } from "./query.ts";
import { rangeKeys, resolveRange } from "./ranges.ts";
import { hasRows, type Read } from "./read.ts";

export const channelsQuery = z.strictObject({ ...rangeKeys });

const channelFigures = sql`
  currency, sum(sessions) as sessions, sum(conversions) as conversions,
  case when count(*) filter (where conversions <> 0 and conversion_value is null) = 0
    then sum(conversion_value) end as conversion_value`;

const channelDays = (range: Range): RawBuilder<unknown> => sql`
  from marts.channel_daily where date between ${range.from}::date and ${range.to}::date`;

const channelRows = (read: Read, range: Range): Promise<readonly ChannelRow[]> =>
  read<ChannelRow>(sql`
    select channel, traffic, ${channelFigures} ${channelDays(range)}
    group by channel, traffic, currency order by conversions desc nulls last, channel, currency`);

/** First-party sessions and conversions by channel, where any were imported. */
export const channels = async (read: Read, query: z.infer<typeof channelsQuery>): Promise<Channels> => {
  const range = await resolveRange(read, query);
  if (!(await hasRows(read, "marts.channel_daily"))) return { range, known: false, rows: [], totals: [] };
  return {
    range,
    known: true,
    rows: await channelRows(read, range),
    totals: await read<Channels["totals"][number]>(sql`
      select ${channelFigures} ${channelDays(range)} group by currency order by currency nulls last`),
  };
};

const csvColumns = [
  "from",
  "to",
  "channel",
  "traffic",
  "sessions",
  "conversions",
  "conversion_value",
  "currency",
];

/** The same as CSV. */
export const channelsCsv = async (read: Read, query: z.infer<typeof channelsQuery>): Promise<string> => {
  const { range, rows } = await channels(read, query);
  return stringify(
    rows.map((row) => ({ ...range, ...row, channel: asText(row.channel) })),
    { header: true, columns: csvColumns },
  );
};

export const excludedQuery = z.strictObject({
  ...rangeKeys,
  platform: filterKeys.platform,
  account: filterKeys.account,
});

type Sources = NonNullable<Excluded["sources"]>;
type Rules = NonNullable<Excluded["rules"]>;

const sourcesOf = async (read: Read, range: Range, keys: Keys): Promise<Sources | null> => {
  const [any] = await read(sql`select from figures.part_daily where part_kind = 'organic_action' limit 1`);
  if (any === undefined) return null;
  return read<Sources[number]>(sql`
    select a.platform, a.platform || ' ' || coalesce(nullif(n.name, ''), m.part_id) as source,
           sum(m.organic_conversions) as conversions
    from figures.part_daily m
    join warehouse.account a on a.account_key = m.account_key
    left join warehouse.conversion_action n
      on n.account_key = m.account_key and n.conversion_action_id = m.part_id
    where m.part_kind = 'organic_action' and ${within(range, keys)}
    group by 1, 2 having sum(m.organic_conversions) <> 0 order by 3 desc, 1, 2 limit 200`);
};

/** The columns that say why something was left out, as far as the table has them. */
const reasons = ["traffic", "channel", "source", "medium", "rule", "reason"];

const rulesOf = async (read: Read, range: Excluded["range"]): Promise<Rules | null> => {
  if (!(await hasRows(read, "marts.excluded_conversions"))) return null;
  const found = await read<{ name: string }>(sql`
    select attname as name from pg_attribute
    where attrelid = to_regclass('marts.excluded_conversions') and attnum > 0 and not attisdropped`);
  const names = new Set(found.map(({ name }) => name));
  const kept = reasons.filter((name) => names.has(name));
  const day = ["date", "day", "occurred_on"].find((name) => names.has(name));
  if (kept.length === 0) return null;
  const counted = names.has("conversions") ? sql`sum(conversions)` : sql`count(*)`;
  return read<Rules[number]>(sql`
    select ${sql.join(kept.map((name) => sql.ref(name)))}, ${counted}::text as conversions
    from marts.excluded_conversions
    ${day === undefined ? sql`` : sql`where ${sql.ref(day)} between ${range.from}::date and ${range.to}::date`}
    group by ${sql.join(kept.map((name) => sql.ref(name)))}
    order by ${counted} desc limit 200`);
};

/** What was left out of every figure because nobody paid for it. */
export const excluded = async (read: Read, query: z.infer<typeof excludedQuery>): Promise<Excluded> => {
  const range = await resolveRange(read, query);
  const keys = await accountKeys(read, query);
  const days = await read<Excluded["days"][number]>(sql`
    select m.date, m.platform, sum(m.organic_conversions) as organic_conversions
    from marts.cost_per_conversion_by_account_daily m where ${within(range, keys)}
    group by 1, 2 order by 1, 2`);
  const accounts = await read<Excluded["accounts"][number]>(sql`
    select m.platform, m.account_id, max(m.account_name) as account_name,
           sum(m.organic_conversions) as organic_conversions, sum(m.conversions) as conversions
    from marts.cost_per_conversion_by_account_daily m where ${within(range, keys)}
    group by 1, 2 having sum(m.organic_conversions) <> 0 order by 4 desc, 1, 2 limit 100`);
  return {
    range,
    days,
    accounts,
    sources: await sourcesOf(read, range, keys),
    rules: await rulesOf(read, range),
  };
};
