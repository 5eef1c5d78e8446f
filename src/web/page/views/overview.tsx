import type { Annotation, Overview } from "../../api/answers.ts";
import type { MorningAnswer } from "../../api/morning.ts";
import { rangeText } from "../format.ts";
import { Answered } from "../parts/answered.tsx";
import { Tiles } from "../parts/tiles.tsx";
import { Empty, Heading, Notice } from "../parts/words.tsx";
import { parameter } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { useShown } from "../state/shown.ts";
import { Events } from "./events.tsx";
import { MorningCard } from "./morning.tsx";
import { NotesCard } from "./notes-card.tsx";
import { RangeNotices } from "./range-notices.tsx";
import { Trend } from "./trend.tsx";
import type { View } from "./view.ts";

/** The days that are shown, and those that they are compared with. */
export const ComparedDays = ({ range, before }: Pick<Overview, "range" | "before">) => (
  <>
    {rangeText(range)}
    {before !== null && `, against ${rangeText(before)}`}
  </>
);

const Body = ({
  answer,
  morning,
  annotations,
}: {
  readonly answer: Overview;
  readonly morning: MorningAnswer;
  readonly annotations: readonly Annotation[];
}) => {
  useShown(answer);
  const { before, groups } = answer;
  return (
    <>
      <MorningCard answer={morning} />
      <Heading title="Overview">
        <ComparedDays {...answer} />
      </Heading>
      {groups.length === 0 ? (
        <Empty title="No figures in these days">
          Choose a longer range, or fetch the days with <code>costper sync</code>.
        </Empty>
      ) : (
        <>
          {groups.length > 1 && (
            <Notice>
              Accounts spend in several currencies and no reporting currency is set: each is shown apart.
            </Notice>
          )}
          {groups.map((group, index) => (
            <div class="group" key={group.currency}>
              {groups.length > 1 && (
                <h2 class="group-title">Accounts in {group.currency ?? "no currency"}</h2>
              )}
              <Tiles group={group} before={before} compare={parameter("compare") ?? "previous"} />
              {index === 0 && <RangeNotices answer={answer} />}
              <Trend overview={answer} group={group} annotations={annotations} />
            </div>
          ))}
          <Events annotations={annotations} />
          <NotesCard />
        </>
      )}
    </>
  );
};

const Content = () => {
  const overview = useAnswer<Overview>(
    apiPath("overview", ["range", "from", "to", "compare", "platform", "currency"]),
  );
  const morning = useAnswer<MorningAnswer>(apiPath("morning", ["platform", "currency"]));
  const events = useAnswer<{ readonly annotations: readonly Annotation[] }>(
    apiPath("annotations", ["range", "from", "to", "platform"]),
  );
  return (
    <Answered to={{ overview, events, morning }}>
      {(answers) => (
        <Body answer={answers.overview} morning={answers.morning} annotations={answers.events.annotations} />
      )}
    </Answered>
  );
};

/** Cost per conversion by platform over time, against other days. */
export const overviewView: View = {
  title: "Overview",
  filters: ["range", "compare", "platform", "currency"],
  Content,
};
