import { sql } from "kysely";
import { type BreakdownQuery, groupingOf, ordering } from "./breakdown.ts";
import { grouped, shown } from "./groups.ts";
import { figureNames, figures } from "./money.ts";
import type { Read } from "./read.ts";

const batch = 1000;

export type Row = Readonly<Record<string, unknown>>;

/** A column of a download: under which name it stands, and where its values come from. */
export interface DownloadColumn {
  readonly title: string;
  readonly key: string;
  readonly kind: "day" | "text" | "figure" | "ratio" | "yes-no";
}

const text = (key: string, title = key): DownloadColumn => ({ key, title, kind: "text" });

const named = ["account_id", "account_name", "campaign_id", "campaign_name"].map((key) => text(key));
const ofAdGroups = [...named, text("ad_group_id"), text("ad_group_name")];

const columnsOf: Readonly<Record<BreakdownQuery["by"], readonly DownloadColumn[]>> = {
  platform: named,
  account: named,
  campaign: named,
  network: [text("part", "network")],
  device: [text("part", "device")],
  country: [text("part", "country")],
  // A keyword is known within its ad group only: its id is written behind that of the ad group.
  keyword: [text("part", "keyword"), text("part_id", "ad_group_id/keyword_id")],
  search_term: [text("part", "search_term")],
  action: [text("account_id"), text("account_name"), text("part", "action"), text("part_id", "action_id")],
  ad_group: ofAdGroups,
  ad: [...ofAdGroups, text("part_id", "ad_id"), text("part", "ad_name")],
};

const ratioNames = new Set<string>([
  "cost_per_conversion",
  "cost_per_click",
  "conversion_rate",
  "return_on_ad_spend",
]);

/** The columns of a breakdown as it is downloaded. */
export const breakdownColumns = ({ by }: BreakdownQuery): readonly DownloadColumn[] => [
  { title: "from", key: "from", kind: "day" },
  { title: "to", key: "to", kind: "day" },
  text("platform"),
  ...columnsOf[by],
  text("currency"),
  ...figureNames.map((key): DownloadColumn => ({
    title: key,
    key,
    kind: ratioNames.has(key) ? "ratio" : "figure",
  })),
  { title: "is_final", key: "is_final", kind: "yes-no" },
];

/** Every row of a breakdown, not just a page, batch by batch. */
export async function* breakdownRows(read: Read, query: BreakdownQuery): AsyncGenerator<readonly Row[]> {
  const grouping = await groupingOf(read, query, true);
  await read(sql`
    declare breakdown no scroll cursor for
    with grouped as materialized (${grouped(grouping)})
    select ${grouping.range.from}::text as "from", ${grouping.range.to}::text as "to", g.platform, g.account_id,
           g.account_name, g.campaign_id, g.campaign_name, g.ad_group_id, g.ad_group_name, g.part, g.part_id, g.currency,
           ${figures}, g.is_final
    from (${shown(grouping, sql`grouped`)}) g order by ${ordering(query)}`);
  for (;;) {
    const rows = await read<Row>(sql`fetch ${sql.lit(batch)} from breakdown`);
    if (rows.length === 0) return;
    yield rows;
  }
}
