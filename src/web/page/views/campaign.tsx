import type { Annotation, CampaignDays, Overview } from "../../api/answers.ts";
import type { Alerts } from "../../api/health-answers.ts";
import { Answered } from "../parts/answered.tsx";
import { Tiles } from "../parts/tiles.tsx";
import { Empty, Heading } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { address, parameter } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { useShown } from "../state/shown.ts";
import { AlertCard } from "./alert-card.tsx";
import { CampaignParts } from "./campaign-parts.tsx";
import { campaignName } from "./days-table.tsx";
import { Events } from "./events.tsx";
import { ComparedDays } from "./overview.tsx";
import { RangeNotices } from "./range-notices.tsx";
import { Trend } from "./trend.tsx";
import type { View } from "./view.ts";

const Body = ({
  answer,
  days,
  alerts,
  annotations,
}: {
  readonly answer: Overview;
  readonly days: CampaignDays;
  readonly alerts: Alerts;
  readonly annotations: readonly Annotation[];
}) => {
  useShown(answer);
  const { platform, account_id, account_name } = days.campaign;
  const loud = alerts.alerts.filter(({ state }) => state === "firing" || state === "pending");
  return (
    <>
      <Heading title={campaignName(days.campaign)}>
        {platformName(platform)} ·{" "}
        <a href={address("/breakdown", { by: "campaign", account: `${platform}:${account_id}` })}>
          {account_name}
        </a>
        . <ComparedDays {...answer} />.
      </Heading>
      {answer.groups.length === 0 ? (
        <Empty title="No figures in these days">
          Choose a longer range, or another campaign in the{" "}
          <a href={address("/breakdown", { by: "campaign" })}>breakdown</a>.
        </Empty>
      ) : (
        answer.groups.map((group, index) => (
          <div class="group" key={group.currency}>
            <Tiles group={group} before={answer.before} compare={parameter("compare") ?? "previous"} />
            {index === 0 && <RangeNotices answer={answer} />}
            {loud.map((alert) => (
              <AlertCard
                key={`${alert.rule} ${alert.series}`}
                alert={alert}
                maySilence={alerts.may_silence}
              />
            ))}
            <Trend overview={answer} group={group} annotations={annotations} />
          </div>
        ))
      )}
      <Events annotations={annotations} />
      <CampaignParts days={days} />
    </>
  );
};

const Figures = () => {
  const within = ["account", "campaign"];
  const range = ["range", "from", "to"];
  const overview = useAnswer<Overview>(apiPath("overview", [...range, "compare", "currency", ...within]));
  const days = useAnswer<CampaignDays>(apiPath("campaign-days", [...range, ...within]));
  const alerts = useAnswer<Alerts>(apiPath("alerts", within));
  const events = useAnswer<{ readonly annotations: readonly Annotation[] }>(
    apiPath("annotations", [...range, ...within]),
  );
  return (
    <Answered to={{ overview, days, alerts, events }}>
      {(answers) => (
        <Body
          answer={answers.overview}
          days={answers.days}
          alerts={answers.alerts}
          annotations={answers.events.annotations}
        />
      )}
    </Answered>
  );
};

/** All about one campaign: what it costs and how that went, its alerts, and what lies below it. */
export const campaignView: View = {
  title: "Campaign",
  filters: ["range", "compare", "currency"],
  Content: () =>
    parameter("account") === undefined || parameter("campaign") === undefined ? (
      <>
        <Heading title="Campaign">The address names no campaign.</Heading>
        <Empty title="Which campaign?">
          Choose one in the <a href={address("/breakdown", { by: "campaign" })}>breakdown by campaign</a>.
        </Empty>
      </>
    ) : (
      <Figures />
    ),
};
