import { sql } from "kysely";
import * as z from "zod";
import {
  type PlatformClaim,
  claimsByCampaign,
  claimsByPlatform,
  leftOutConversions,
  type LeftOutConversions,
} from "../../metrics/first-party/claims.ts";
import { type KpiPace, monthPace } from "../../metrics/kpi/pace.ts";
import type { MonthlyTarget } from "../../metrics/kpi/targets.ts";
import type { Range } from "./answers.ts";
import { countOf, filterKeys, pageKeys } from "./query.ts";
import { rangeKeys, resolveRange } from "./ranges.ts";
import { hasRows, type Read } from "./read.ts";

export const truthQuery = z.strictObject({ ...rangeKeys, ...pageKeys, platform: filterKeys.platform });

export interface Truth {
  readonly range: Range;
  /** False: the company's own conversions were never imported, so nothing stands against the claims. */
  readonly known: boolean;
  readonly platforms: readonly PlatformClaim[];
  readonly page: number;
  readonly size: number;
  readonly count: number;
  readonly campaigns: readonly PlatformClaim[];
  /** First-party conversions that stay out of every paid cost per conversion, and why. */
  readonly left_out: readonly LeftOutConversions[];
  /** Counted as paid, but on a platform whose spend is not known: they stay out of the cost too. */
  readonly uncosted: string | null;
  /** The month of the range's last day, up to it. */
  readonly kpis: readonly KpiPace[];
}

const uncosted = async (read: Read, { from, to }: Range): Promise<string | null> => {
  const [row] = await read<{ sum: string | null }>(sql`
    select sum(value) as sum from marts.kpi_daily
    where kpi = 'uncosted_conversions' and not dimensions ? 'platform' and date between ${from}::date and ${to}::date`);
  return row?.sum ?? null;
};

/** What the platforms claim against what the company counted, and every KPI with its target and pace. */
export const truth = async (
  read: Read,
  query: z.infer<typeof truthQuery>,
  targets: readonly MonthlyTarget[],
): Promise<Truth> => {
  const range = await resolveRange(read, query);
  const { platform, page, size } = query;
  const known = await hasRows(read, "warehouse.first_party_conversion");
  const campaigns = await claimsByCampaign(read, range, platform, { page, size });
  return {
    range,
    known,
    platforms: await claimsByPlatform(read, range, platform),
    page,
    size,
    count: await countOf(page, campaigns, (first) => claimsByCampaign(read, range, platform, first)),
    campaigns: campaigns.map(({ count: _count, ...claim }) => claim),
    left_out: await leftOutConversions(read, range),
    uncosted: await uncosted(read, range),
    kpis: await monthPace(read, range.to, targets),
  };
};
