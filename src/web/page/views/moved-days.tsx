import type { MovedDay } from "../../api/answers.ts";
import { changeOf, changeText, count, dash, dayText, momentText, money } from "../format.ts";
import { DataTable } from "../parts/data-table.tsx";
import { Card, Empty } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { address } from "../state/address.ts";

const ByCampaign = () => <a href={address("/breakdown", { by: "campaign" })}>breakdown by campaign</a>;

const fromTo = (before: string, now: string): string => (before === now ? now : `${before} → ${now}`);

const cellsOf = (row: MovedDay) => {
  const by = changeOf(row.conversions, row.conversions_before);
  const name = row.campaign_name ?? (row.campaign_id === "" ? "Not named" : row.campaign_id);
  const to = address("/day", {
    account: `${row.platform}:${row.account_id}`,
    campaign: row.campaign_id,
    date: row.date,
  });
  return [
    <a href={to}>
      {name}, {dayText(row.date)}
    </a>,
    `${platformName(row.platform)} · ${row.account_name ?? row.account_id}`,
    fromTo(count(row.conversions_before), count(row.conversions)),
    by === undefined ? dash : changeText(by),
    fromTo(money(row.spend_before, row.currency), money(row.spend, row.currency)),
    momentText(row.observed_at),
  ];
};

/** The way in: what changed last, each leading to its own history. */
export const MovedCard = ({ rows }: { readonly rows: readonly MovedDay[] }) =>
  rows.length === 0 ? (
    <Empty title="No day moved in the last rollup">
      Each campaign in the <ByCampaign /> leads to its days and their histories.
    </Empty>
  ) : (
    <Card
      title="Moved most lately"
      about={
        <>
          Campaign-days that the platforms restated in the last day of changes. Any other is found through the{" "}
          <ByCampaign />.
        </>
      }
    >
      <DataTable
        caption="Campaign-days that moved most lately"
        columns={[
          { name: "Campaign and day" },
          { name: "Account", whole: true },
          { name: "Conversions", number: true },
          { name: "Moved by", number: true },
          { name: "Spend", number: true },
          { name: "Seen", whole: true },
        ]}
        rows={rows.map(cellsOf)}
      />
    </Card>
  );
