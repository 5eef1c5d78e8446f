import type { Annotation, Figures, Overview } from "../../api/answers.ts";
import type { MorningAnswer } from "../../api/morning.ts";
import { changeOf, changeText, count, dayText, money, rangeText, times } from "../format.ts";
import { Answered } from "../parts/answered.tsx";
import { seconds } from "../parts/series.ts";
import { Card, Empty, Heading, Notice } from "../parts/words.tsx";
import { address } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { useShown } from "../state/shown.ts";
import { MorningCard } from "./morning.tsx";
import { NotesCard } from "./notes-card.tsx";
import { Trend } from "./trend.tsx";
import type { View } from "./view.ts";

type Group = Overview["groups"][number];

const Tile = ({
  label,
  text,
  now,
  before,
  better,
}: {
  readonly label: string;
  readonly text: string;
  readonly now: string | null;
  readonly before: string | null | undefined;
  readonly better: "up" | "down" | "neither";
}) => {
  const change = changeOf(now, before);
  const isGood = change === undefined || better === "neither" ? undefined : change > 0 === (better === "up");
  const tone = isGood === undefined || change === 0 ? "dim" : isGood ? "good" : "bad";
  return (
    <div class="card tile">
      <h2>{label}</h2>
      <p class="figure">{text}</p>
      <p class={`change ${tone}`}>
        {change === undefined ? "nothing to compare with" : `${changeText(change)} on the period before`}
      </p>
    </div>
  );
};

const Tiles = ({ now, before, currency }: Group) => {
  const then: Partial<Figures> = before ?? {};
  return (
    <section class="tiles" aria-label={currency === null ? "Key figures" : `Key figures in ${currency}`}>
      <Tile
        label="Cost per conversion"
        text={money(now.cost_per_conversion, currency)}
        now={now.cost_per_conversion}
        before={then.cost_per_conversion}
        better="down"
      />
      <Tile
        label="Spend"
        text={money(now.spend, currency)}
        now={now.spend}
        before={then.spend}
        better="neither"
      />
      <Tile
        label="Conversions"
        text={count(now.conversions)}
        now={now.conversions}
        before={then.conversions}
        better="up"
      />
      <Tile
        label="Return on ad spend"
        text={times(now.return_on_ad_spend)}
        now={now.return_on_ad_spend}
        before={then.return_on_ad_spend}
        better="up"
      />
    </section>
  );
};

const AnnotationList = ({ annotations }: { readonly annotations: readonly Annotation[] }) =>
  annotations.length === 0 ? null : (
    <Card title="What happened">
      <ul class="events">
        {annotations.map(({ date, text }) => (
          <li key={`${date} ${text}`}>
            <time dateTime={date}>{dayText(date)}</time>
            {text}
          </li>
        ))}
      </ul>
    </Card>
  );

const Gaps = ({ gaps }: Pick<Overview, "gaps">) =>
  gaps === 0 ? null : (
    <Notice>
      {count(String(gaps))} account-{gaps === 1 ? "day" : "days"} of this range {gaps === 1 ? "is" : "are"}{" "}
      missing, failed or apart from the platform’s own total. <a href={address("/health", {})}>See health</a>
    </Notice>
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
  const { range, before, groups, grain, gaps } = answer;
  const isYoung = groups.some(({ periods }) => periods.some(({ is_final }) => !is_final));
  const marks = annotations.map(({ date }) => seconds(date));
  return (
    <>
      <MorningCard answer={morning} />
      <Heading title="Overview">
        {rangeText(range)}, against {rangeText(before)}
      </Heading>
      {groups.length === 0 ? (
        <Empty title="No figures in these days">
          Choose a longer range, or fetch the days with <code>costper sync</code>.
        </Empty>
      ) : (
        <>
          <Gaps gaps={gaps} />
          {groups.length > 1 && (
            <Notice>
              Accounts spend in several currencies and no reporting currency is set: each is shown apart.
            </Notice>
          )}
          {isYoung && (
            <p class="dim small">
              Shaded days are not final: their conversions still come in. Dashed lines are what they are
              expected to become.
            </p>
          )}
          {groups.map((group) => (
            <div class="group" key={group.currency}>
              {groups.length > 1 && (
                <h2 class="group-title">Accounts in {group.currency ?? "no currency"}</h2>
              )}
              <Tiles {...group} />
              <Trend group={group} grain={grain} marks={marks} />
            </div>
          ))}
          <AnnotationList annotations={annotations} />
          <NotesCard />
        </>
      )}
    </>
  );
};

const Content = () => {
  const overview = useAnswer<Overview>(apiPath("overview", ["range", "from", "to", "platform", "currency"]));
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

/** Cost per conversion by platform over time, against the period before. */
export const overviewView: View = {
  title: "Overview",
  filters: ["range", "platform", "currency"],
  Content,
};
