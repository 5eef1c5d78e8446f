import { breakdowns as broughtBreakdowns } from "../../../domain/breakdown.ts";
import { type Breakdown, breakdowns, type CampaignDays } from "../../api/answers.ts";
import { words } from "../format.ts";
import { Answered } from "../parts/answered.tsx";
import { Downloads } from "../parts/download.tsx";
import { Pager } from "../parts/pager.tsx";
import { Empty, Hidden } from "../parts/words.tsx";
import { here, parameter } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { BreakdownTable } from "./breakdown-table.tsx";
import { DaysTable } from "./days-table.tsx";

const above: ReadonlySet<string> = new Set(["platform", "account", "campaign"]);

/** All that the API breaks down and that lies within a campaign; its days come last. */
const tabs = [...breakdowns.filter((by) => !above.has(by)), ...broughtBreakdowns, "days"];

/** "Search terms"; a country is told of many. */
const tabName = (tab: string): string =>
  tab === "days" ? "Days" : tab === "country" ? "Countries" : `${words(tab)}s`;

const names = ["range", "from", "to", "currency", "account", "campaign", "ad_group", "sort", "order", "page"];

const reset = { sort: undefined, order: undefined, page: undefined };

const Tabs = ({ current }: { readonly current: string }) => (
  <nav class="tabs" aria-label="Parts of the campaign">
    {tabs.map((tab) => (
      <a
        key={tab}
        href={here({ ...reset, tab, ad_group: undefined })}
        aria-current={tab === current ? "page" : undefined}
      >
        {tabName(tab)}
      </a>
    ))}
  </nav>
);

/** The ad group whose ads are shown alone. */
const OfAdGroup = ({ answer }: { readonly answer: Breakdown }) => {
  const adGroup = parameter("ad_group");
  return adGroup === undefined ? null : (
    <p class="crumbs">
      <a class="chip" href={here({ ...reset, ad_group: undefined })}>
        Ad group {answer.rows[0]?.ad_group_name ?? adGroup}
        <span aria-hidden="true"> ×</span>
        <Hidden>, show the ads of all</Hidden>
      </a>
    </p>
  );
};

const Part = ({ by }: { readonly by: string }) => {
  const breakdown = useAnswer<Breakdown>(apiPath("breakdown", names, { by }));
  return (
    <Answered to={{ breakdown }}>
      {({ breakdown: answer }) => (
        <>
          <OfAdGroup answer={answer} />
          {answer.rows.length === 0 ? (
            <Empty title={`No ${words(by).toLowerCase()} has figures here`}>
              The platform reports none, the settings do not ask for it, or the days were fetched before they
              did: fetch them again with <code>costper sync --from</code>.
            </Empty>
          ) : (
            <BreakdownTable answer={answer} />
          )}
          <div class="tools">
            <Pager page={answer.page} size={answer.size} count={answer.count} of="rows" />
            <Downloads path="breakdown" names={names} extra={{ by }} stem={`costper-${by}`} />
          </div>
        </>
      )}
    </Answered>
  );
};

/** What lies below a campaign, by one of its parts at a time, and its days one by one. */
export const CampaignParts = ({ days }: { readonly days: CampaignDays }) => {
  const asked = parameter("tab") ?? "";
  const tab = tabs.includes(asked) ? asked : "ad_group";
  return (
    <section class="group" aria-label="Below the campaign">
      <Tabs current={tab} />
      {tab === "days" ? <DaysTable {...days} /> : <Part by={tab} />}
    </section>
  );
};
