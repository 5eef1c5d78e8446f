import { replacedRows } from "./compare-days.ts";
import { adDaily, type ComparedTable, conversionDaily } from "./fact-tables.ts";
import { parameters, type StagedWindow } from "./staged-window.ts";

/** In SQL: the sums of this slice by campaign-day, and by action. Parameters: slice, account. */
export const deliveryParts = "(select * from staging.delivery_part where slice_id = $1 and account_key = $2)";
export const outcomeParts = "(select * from staging.outcome_part where slice_id = $1 and account_key = $2)";

export const outcomeKey = "date, campaign_id, conversion_action_id, attribution, traffic";

/**
 * Ad and conversion rows of this slice, wherever they were copied, each with the number of rows that it stands for. Of a day
 * that was compared they are the staged ones and all that is published, less what of it is replaced. The fifth parameter:
 * the days that were compared.
 */
const rowsOf = ({ direct, compared }: StagedWindow, table: ComparedTable): string => {
  const columns = [...table.key, ...table.figures].join(", ");
  const published = `select ${columns}, 1 as row_count from warehouse.${table.name}
                     where account_key = $2 and date between $3 and $4`;
  if (direct) return `(${published})`;
  const staged = `select ${columns}, 1 as row_count from staging.${table.name}
                  where slice_id = $1 and account_key = $2 and date between $3 and $4`;
  const less = [...table.key, ...table.figures.map((figure) => `-${figure}`)].join(", ");
  return compared.get(table)?.length
    ? `(${staged}
        union all ${published} and date = any ($5::date[])
        union all select ${less}, -1 from ${replacedRows(table)} replaced where date = any ($5::date[]))`
    : `(${staged})`;
};

/** Those of `rowsOf`. */
const rowParameters = (staged: StagedWindow, table: ComparedTable) => {
  const compared = staged.compared.get(table) ?? [];
  return compared.length === 0 ? parameters(staged) : [...parameters(staged), compared];
};

/** Sums the slice's rows once by campaign-day; everything after this reads the sums. */
export const sumDelivery = async (staged: StagedWindow): Promise<void> => {
  await staged.client.query(
    `insert into staging.delivery_part
       (slice_id, account_key, date, campaign_id, spend, impressions, clicks, row_count, is_residual)
     select $1::bigint, $2::integer, date, campaign_id, sum(spend), sum(impressions), sum(clicks), sum(row_count), false
     from ${rowsOf(staged, adDaily)} r group by date, campaign_id having sum(row_count) > 0`,
    rowParameters(staged, adDaily),
  );
};

/** The same of conversions. */
export const sumOutcome = async (staged: StagedWindow): Promise<void> => {
  const { figures } = conversionDaily;
  await staged.client.query(
    `insert into staging.outcome_part (slice_id, account_key, ${outcomeKey}, ${figures.join(", ")}, row_count, is_residual)
     select $1::bigint, $2::integer, ${outcomeKey}, ${figures.map((figure) => `sum(${figure})`).join(", ")}, sum(row_count), false
     from ${rowsOf(staged, conversionDaily)} r group by ${outcomeKey} having sum(row_count) > 0`,
    rowParameters(staged, conversionDaily),
  );
};
