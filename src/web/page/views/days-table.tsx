import type { CampaignDayRow, CampaignDays } from "../../api/answers.ts";
import { changeOf, changeText, countColumn, dash, dayText, integer, money } from "../format.ts";
import { DataTable } from "../parts/data-table.tsx";
import { Empty } from "../parts/words.tsx";
import { address } from "../state/address.ts";

const movedBy = (now: string | null, before: string | null): string => {
  const by = changeOf(now, before);
  return by === undefined ? dash : changeText(by);
};

/** The days of a campaign, and how each moved since it was first reported; each leads to its history. */
export const DaysTable = ({ campaign, rows }: Pick<CampaignDays, "campaign" | "rows">) => {
  if (rows.length === 0)
    return (
      <Empty title="No days with figures here">
        Choose a longer range, or another campaign in the breakdown.
      </Empty>
    );
  const counts = countColumn(rows.flatMap((row) => [row.first_conversions, row.conversions]));
  const historyOf = ({ date }: CampaignDayRow): string =>
    address("/day", {
      account: `${campaign.platform}:${campaign.account_id}`,
      campaign: campaign.campaign_id,
      date,
    });
  return (
    <div class="card flush">
      <DataTable
        caption="Days of the campaign"
        columns={[
          { name: "Day", whole: true },
          { name: "First reported", number: true },
          { name: "Conversions now", number: true },
          { name: "Moved by", number: true },
          { name: "Expected", number: true },
          { name: "Spend", number: true },
          { name: "Cost / conv.", number: true },
          { name: "Changes", number: true },
          { name: "State" },
        ]}
        rows={rows.map((row) => [
          <a href={historyOf(row)}>{dayText(row.date)}</a>,
          counts(row.first_conversions),
          counts(row.conversions),
          movedBy(row.conversions, row.first_conversions),
          counts(row.projected_conversions),
          money(row.spend, row.currency),
          money(row.cost_per_conversion, row.currency),
          integer(row.changes),
          row.is_final ? "final" : "not final",
        ])}
      />
    </div>
  );
};

/** The name of a campaign for people. */
export const campaignName = ({ campaign_name, campaign_id }: CampaignDays["campaign"]): string =>
  campaign_name ?? (campaign_id === "" ? "Not named by the platform" : campaign_id);
