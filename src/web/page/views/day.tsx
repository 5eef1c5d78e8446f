import type { CampaignDays, CampaignDayRow, HistoryRow, MaturityCurve, MovedDay } from "../../api/answers.ts";
import {
  changeOf,
  changeText,
  count,
  countColumn,
  dash,
  dayText,
  integer,
  momentText,
  money,
  rangeText,
} from "../format.ts";
import { Answered } from "../parts/answered.tsx";
import { Chart } from "../parts/chart.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Empty, Heading } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { address, here, parameter } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { useShown } from "../state/shown.ts";
import { MaturityChart } from "./maturity-chart.tsx";
import { MovedCard } from "./moved-days.tsx";
import { NotesCard } from "./notes-card.tsx";
import type { View } from "./view.ts";

const movedBy = (now: string | null, before: string | null): string => {
  const by = changeOf(now, before);
  return by === undefined ? dash : changeText(by);
};

const DaysTable = ({ rows }: { readonly rows: readonly CampaignDayRow[] }) => {
  const counts = countColumn(rows.flatMap((row) => [row.first_conversions, row.conversions]));
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
          <a href={here({ date: row.date })}>{dayText(row.date)}</a>,
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

const History = ({ date, rows }: { readonly date: string; readonly rows: readonly HistoryRow[] }) =>
  rows.length === 0 ? (
    <Empty title={`Nothing was reported for ${dayText(date)}`}>Choose another day below.</Empty>
  ) : (
    <>
      <Chart
        title={`Conversions of ${dayText(date)}, as they were reported`}
        places={rows.map(({ observed_at }) => Date.parse(observed_at) / 1000)}
        placeText={(place) => momentText(new Date(place * 1000).toISOString())}
        lines={[
          {
            label: "Conversions",
            colour: "--first",
            values: rows.map(({ conversions }) => (conversions === null ? null : Number(conversions))),
          },
        ]}
        text={(value) => count(String(value))}
        height={200}
      />
      <div class="card flush">
        <DataTable
          caption={`Every change of ${dayText(date)}`}
          columns={[
            { name: "Known since", whole: true },
            { name: "Spend", number: true },
            { name: "Clicks", number: true },
            { name: "Conversions", number: true },
            { name: "Value", number: true },
            { name: "Cost / conv.", number: true },
          ]}
          rows={rows.map((row) => [
            momentText(row.observed_at),
            money(row.spend, row.currency),
            integer(row.clicks),
            count(row.conversions),
            money(row.conversion_value, row.currency),
            money(row.cost_per_conversion, row.currency),
          ])}
        />
      </div>
    </>
  );

const campaignName = ({ campaign_name, campaign_id }: CampaignDays["campaign"]): string =>
  campaign_name ?? (campaign_id === "" ? "Not named by the platform" : campaign_id);

const CampaignBody = ({
  days,
  history,
  curves,
}: {
  readonly days: CampaignDays;
  readonly history: { readonly rows: readonly HistoryRow[] } | undefined;
  readonly curves: readonly MaturityCurve[];
}) => {
  useShown({ range: days.range });
  const { platform, account_id, account_name, campaign_id } = days.campaign;
  const within = { account: `${platform}:${account_id}`, campaign: campaign_id };
  const date = parameter("date");
  return (
    <>
      <Heading title={campaignName(days.campaign)}>
        {platformName(platform)} · {account_name}. {rangeText(days.range)}. Break down by{" "}
        <a href={address("/breakdown", { ...within, by: "network" })}>network</a> or{" "}
        <a href={address("/breakdown", { ...within, by: "action" })}>action</a>.
      </Heading>
      {date !== undefined && history !== undefined && <History date={date} rows={history.rows} />}
      {days.rows.length === 0 ? (
        <Empty title="No days with figures here">
          Choose a longer range, or another campaign in the breakdown.
        </Empty>
      ) : (
        <DaysTable rows={days.rows} />
      )}
      <NotesCard />
      <MaturityChart curves={curves} />
    </>
  );
};

interface Curves {
  readonly curves: readonly MaturityCurve[];
}

const CampaignDaysContent = () => {
  const days = useAnswer<CampaignDays>(
    apiPath("campaign-days", ["range", "from", "to", "account", "campaign"]),
  );
  const history = useAnswer<{ readonly rows: readonly HistoryRow[] } | undefined>(
    parameter("date") === undefined ? undefined : apiPath("history", ["account", "campaign", "date"]),
  );
  const maturity = useAnswer<Curves>(apiPath("maturity", ["platform", "account"]));
  return (
    <Answered to={{ days, history, maturity }}>
      {(answers) => (
        <CampaignBody days={answers.days} history={answers.history} curves={answers.maturity.curves} />
      )}
    </Answered>
  );
};

const MovedContent = () => {
  const moved = useAnswer<{ readonly rows: readonly MovedDay[] }>(apiPath("moved", ["platform", "account"]));
  const maturity = useAnswer<Curves>(apiPath("maturity", ["platform", "account"]));
  return (
    <Answered to={{ moved, maturity }}>
      {(answers) => (
        <>
          <Heading title="A day’s history">
            How figures move from the first report until they are final.
          </Heading>
          <MovedCard rows={answers.moved.rows} />
          <MaturityChart curves={answers.maturity.curves} />
        </>
      )}
    </Answered>
  );
};

const isOfCampaign = (): boolean => parameter("account") !== undefined && parameter("campaign") !== undefined;

/** How one campaign-day moved from its first report, and how days of an account come to be complete. */
export const dayView: View = {
  title: "A day’s history",
  filters: () => (isOfCampaign() ? ["range"] : ["platform"]),
  Content: () => (isOfCampaign() ? <CampaignDaysContent /> : <MovedContent />),
};
