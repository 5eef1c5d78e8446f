import type { Channels } from "../../api/answers.ts";
import { count, integer, money, rangeText } from "../format.ts";
import { Answered } from "../parts/answered.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Downloads } from "../parts/download.tsx";
import { Empty, Heading } from "../parts/words.tsx";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { useShown } from "../state/shown.ts";
import { BreakdownTabs } from "./breakdown-tabs.tsx";

const ChannelTable = ({ rows, totals }: Channels) => {
  const hasSessions = rows.some((row) => row.sessions !== null);
  const figures = (row: Channels["totals"][number]): string[] => [
    ...(hasSessions ? [integer(row.sessions)] : []),
    count(row.conversions),
    money(row.conversion_value, row.currency),
  ];
  return (
    <div class="card flush">
      <DataTable
        caption="By channel"
        columns={[
          { name: "Channel" },
          { name: "Traffic" },
          ...(hasSessions ? [{ name: "Sessions", number: true }] : []),
          { name: "Conversions", number: true },
          { name: "Value", number: true },
        ]}
        rows={rows.map((row) => [row.channel, row.traffic, ...figures(row)])}
        totals={totals.map((row) => ["Total", "", ...figures(row)])}
      />
    </div>
  );
};

const Body = ({ answer }: { readonly answer: Channels }) => {
  useShown({ range: answer.range });
  return (
    <>
      <Heading title="Breakdown">
        {rangeText(answer.range)}. First-party data: what the site itself counted.
      </Heading>
      <BreakdownTabs current="channel" />
      {answer.rows.length > 0 ? (
        <>
          <div class="tools">
            <Downloads path="channels" names={["range", "from", "to"]} stem="costper-channel" />
          </div>
          <ChannelTable {...answer} />
        </>
      ) : (
        <Empty title="No first-party figures in these days">
          {answer.known ? (
            "Choose a longer range."
          ) : (
            <>
              Bring in first-party data with <code>costper import conversions FILE.csv</code>.
            </>
          )}
        </Empty>
      )}
    </>
  );
};

/** First-party figures by channel. */
export const ChannelBreakdown = () => {
  const channels = useAnswer<Channels>(apiPath("channels", ["range", "from", "to"]));
  return <Answered to={{ channels }}>{({ channels: answer }) => <Body answer={answer} />}</Answered>;
};
