import type { CampaignDays, HistoryRow, MaturityCurve, MovedDay } from "../../api/answers.ts";
import { count, dayText, integer, momentText, money, rangeText } from "../format.ts";
import { Answered } from "../parts/answered.tsx";
import { Chart } from "../parts/chart.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Empty, Heading } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { address, parameter } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { useShown } from "../state/shown.ts";
import { campaignName, DaysTable } from "./days-table.tsx";
import { MaturityChart } from "./maturity-chart.tsx";
import { MovedCard } from "./moved-days.tsx";
import { NotesCard } from "./notes-card.tsx";
import type { View } from "./view.ts";

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
        {platformName(platform)} · {account_name}. {rangeText(days.range)}.{" "}
        <a href={address("/campaign", within)}>All about this campaign</a>
      </Heading>
      {date !== undefined && history !== undefined && <History date={date} rows={history.rows} />}
      <DaysTable {...days} />
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
