import { type RawBuilder, sql } from "kysely";
import { isBreakdown } from "../../domain/breakdown.ts";
import { martOf, type Grouping } from "./grouping.ts";

const measures = sql`n.spend, n.spend_reporting, n.impressions, n.clicks, n.organic_conversions`;

const martColumns: Readonly<Record<string, RawBuilder<unknown>>> = {
  device: sql`n.device as part_id, n.device as part_name, ${measures}`,
  country: sql`n.country as part_id, n.country as part_name, ${measures}`,
  keyword: sql`
    concat_ws('/', nullif(n.ad_group_id, ''), n.keyword_id) as part_id,
    coalesce(n.keyword || ' (' || lower(n.match_type) || ')', n.keyword_id) as part_name, ${measures}`,
  search_term: sql`n.search_term as part_id, n.search_term as part_name, ${measures}`,
  network: sql`n.network as part_id, n.network as part_name, ${measures}`,
  action: sql`n.conversion_action_id as part_id, n.conversion_action_name as part_name`,
};

const sharedColumns = sql`
  n.account_key, n.date, n.platform, n.currency, n.conversions, n.conversion_value, n.conversion_value_reporting, n.is_final`;

/** Sums know no names, and actions have no spend of their own. */
const summedColumns: Readonly<Record<string, RawBuilder<unknown>>> = {
  network: sql`n.part_id as part_name, ${measures}`,
  action: sql`c.name as part_name`,
};

const summedRows = (by: string): RawBuilder<unknown> => sql`
  select n.account_key, n.date, a.platform, n.currency, n.conversions, n.conversion_value, n.conversion_value_reporting,
         coalesce(n.date < ops.first_open_day(t.today, a.restatement_days), false) as is_final, n.part_id, ${summedColumns[by]}
  from figures.part_daily n
  join warehouse.account a on a.account_key = n.account_key
  left join ops.rollup_day t on t.account_key = n.account_key
  ${
    by === "action"
      ? sql`left join warehouse.conversion_action c on c.account_key = n.account_key and c.conversion_action_id = n.part_id`
      : sql``
  }
  where n.part_kind = ${sql.lit(by)}`;

/** Rows by network or action as a table `m`: added up over campaigns where that stands, else those of the mart. */
export const partRows = ({ by, campaign }: Grouping): RawBuilder<unknown> =>
  // Breakdowns that are asked for are summed up nowhere else.
  campaign !== undefined || isBreakdown(by)
    ? sql`(select ${sharedColumns}, n.campaign_id, ${martColumns[by]} from ${sql.table(martOf[by])} n) m`
    : sql`(${summedRows(by)}) m`;
