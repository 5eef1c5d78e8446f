import type { PlatformClaim, LeftOutConversions } from "../../../metrics/first-party/claims.ts";
import type { KpiPace } from "../../../metrics/kpi/pace.ts";
import type { Truth } from "../../api/truth.ts";
import { count, dash, money, percent, rangeText, times, words } from "../format.ts";
import { Answered } from "../parts/answered.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Card, Empty, Heading, sentence } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { address } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { useShown } from "../state/shown.ts";
import type { View } from "./view.ts";

const columns = [
  { name: "Spend", number: true },
  { name: "Claimed", number: true },
  { name: "Counted", number: true },
  { name: "Cost by claim", number: true },
  { name: "Cost by count", number: true },
  { name: "Factor", number: true },
] as const;

const cells = (claim: PlatformClaim) => [
  money(claim.spend, claim.currency),
  count(claim.claimed),
  count(claim.counted),
  money(claim.claimed_cost_per_conversion, claim.currency),
  money(claim.cost_per_conversion, claim.currency),
  times(claim.factor),
];

const CampaignName = ({ claim }: { readonly claim: PlatformClaim }) =>
  claim.campaign_id === null || claim.campaign_id === "" ? (
    <span class="dim">no campaign found</span>
  ) : (
    <a
      href={address("/campaign", {
        account: `${claim.platform}:${claim.account_id ?? ""}`,
        campaign: claim.campaign_id,
      })}
    >
      {claim.campaign_name ?? claim.campaign_id}
    </a>
  );

const LeftOut = ({ rows }: { readonly rows: readonly LeftOutConversions[] }) =>
  rows.length === 0 ? null : (
    <Card title="Left out, and why" about="Conversions of the company that no paid cost counts.">
      <DataTable
        caption="Conversions that were left out, by rule"
        columns={[
          { name: "Rule", whole: true },
          { name: "Conversions", number: true },
          { name: "Value", number: true },
          { name: "Why", long: true },
        ]}
        rows={rows.map(({ rule, conversions, value, currency, detail }) => [
          words(rule),
          count(conversions),
          money(value, currency),
          sentence(detail),
        ])}
      />
    </Card>
  );

const figureOf = (value: string | null, unit: string): string =>
  unit === "ratio" ? percent(value) : /^[A-Z]{3}$/.test(unit) ? money(value, unit) : count(value);

const paceWords = ({ on_track: onTrack }: KpiPace) =>
  onTrack === null ? (
    dash
  ) : (
    <span class={onTrack ? "good" : "bad"}>{onTrack ? "on track" : "off track"}</span>
  );

const Kpis = ({ kpis }: Pick<Truth, "kpis">) =>
  kpis.length === 0 ? null : (
    <Card
      title="KPIs of the month"
      about="Sums are carried on to the month’s end at their pace; ratios stand as they are. Targets come from the config."
    >
      <DataTable
        caption="KPIs of the month with targets"
        columns={[
          { name: "KPI", long: true },
          { name: "So far", number: true },
          { name: "At this pace", number: true },
          { name: "Target", number: true },
          { name: "Track", whole: true },
          { name: "Formula", long: true },
        ]}
        rows={kpis.map((kpi) => [
          [kpi.name, kpi.of && words(kpi.of).toLowerCase(), kpi.platform && platformName(kpi.platform)]
            .filter(Boolean)
            .join(", "),
          figureOf(kpi.value, kpi.unit),
          figureOf(kpi.month, kpi.unit),
          figureOf(kpi.target, kpi.unit),
          paceWords(kpi),
          kpi.formula,
        ])}
      />
    </Card>
  );

const Claims = ({ answer }: { readonly answer: Truth }) => {
  const { platforms, campaigns, count: all, uncosted } = answer;
  return (
    <>
      <Card
        title="By platform"
        about="What each platform claims, against what the company counted. A factor above 1 is claimed and not found."
      >
        <DataTable
          caption="Claims by platform"
          columns={[{ name: "Platform", whole: true }, ...columns]}
          rows={platforms.map((claim) => [platformName(claim.platform), ...cells(claim)])}
        />
        {uncosted !== null && /[1-9]/.test(uncosted) && (
          <p class="dim">
            {count(uncosted)} paid conversions came by platforms whose spend is not known: they are in no
            cost.
          </p>
        )}
      </Card>
      <Card title="By campaign" about={`The ${String(campaigns.length)} with most spend of ${String(all)}.`}>
        <DataTable
          caption="Claims by campaign"
          columns={[{ name: "Campaign", long: true }, { name: "Platform", whole: true }, ...columns]}
          rows={campaigns.map((claim) => [
            <CampaignName claim={claim} />,
            platformName(claim.platform),
            ...cells(claim),
          ])}
        />
      </Card>
    </>
  );
};

const Body = ({ answer }: { readonly answer: Truth }) => {
  useShown({ range: answer.range });
  return (
    <>
      <Heading title="Claim and truth">
        {rangeText(answer.range)}: what platforms claim against what the company counted
      </Heading>
      {answer.known ? (
        <Claims answer={answer} />
      ) : (
        <Empty title="No conversions of the company yet">
          Import them with <code>costper import conversions</code>, or set up a source: then each platform’s
          claim stands against them.
        </Empty>
      )}
      <LeftOut rows={answer.left_out} />
      <Kpis kpis={answer.kpis} />
    </>
  );
};

const Content = () => {
  const truth = useAnswer<Truth>(apiPath("truth", ["range", "from", "to", "platform"]));
  return <Answered to={{ truth }}>{(answers) => <Body answer={answers.truth} />}</Answered>;
};

/** Each platform's claim against the company's own conversions, and the KPIs of the month. */
export const truthView: View = { title: "Claim and truth", filters: ["range", "platform"], Content };
