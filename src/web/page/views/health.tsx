import type { Health } from "../../api/health-answers.ts";
import { dash, integer, momentText, rangeText } from "../format.ts";
import { Answered } from "../parts/answered.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Pager } from "../parts/pager.tsx";
import { Card, Empty, Heading, Notice } from "../parts/words.tsx";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { useShown } from "../state/shown.ts";
import { AccountDays } from "./account-days.tsx";
import { FailedJobs } from "./failed-jobs.tsx";
import { Freshness } from "./freshness.tsx";
import { LastRun } from "./last-run.tsx";
import { CredentialsCard, PausesCard, UsageCard } from "./limits.tsx";
import { NightCard } from "./night-card.tsx";
import type { View } from "./view.ts";

const wholeColumns = (...names: readonly string[]) => names.map((name) => ({ name, whole: true }));

const Sources = ({ sources }: Pick<Health, "sources">) =>
  sources.length === 0 ? null : (
    <Card title="Sources">
      <DataTable
        caption="Sources of first-party data"
        columns={wholeColumns("Source", "Stream", "Last loaded", "Last pull", "Rows", "Failure")}
        rows={sources.map(({ source, stream, last_good_at, outcome, rows_read, failure, remedy }) => [
          source,
          stream,
          last_good_at === null ? "never" : momentText(last_good_at),
          outcome,
          integer(rows_read),
          failure === null ? dash : [failure, remedy].filter((part) => part).join(": "),
        ])}
      />
    </Card>
  );

const FailedSlices = ({ night }: Pick<Health, "night">) => {
  const failed = night.filter(({ outcome, closed }) => outcome === "failed" && !closed).length;
  return failed === 0 ? null : (
    <Notice>
      {integer(failed)} {failed === 1 ? "slice" : "slices"} of the last run failed. Remove the cause given
      below and run <code>costper sync</code>.
    </Notice>
  );
};

const Body = ({ answer }: { readonly answer: Health }) => {
  useShown({ range: answer.range });
  const { accounts, jobs, sources, night } = answer;
  const top = <Heading title="Health">{rangeText(answer.range)}</Heading>;
  if (accounts.length === 0)
    return (
      <>
        {top}
        <NightCard />
        <FailedJobs jobs={jobs} />
        <Sources sources={sources} />
        <Empty title="No account was ever fetched">
          Start with <code>costper sync</code>, or see what is wrong with <code>costper doctor</code>.
        </Empty>
      </>
    );
  return (
    <>
      {top}
      <NightCard />
      <FailedSlices night={night} />
      <FailedJobs jobs={jobs} />
      <AccountDays range={answer.range} accounts={accounts} />
      <Pager page={answer.page} size={answer.size} count={answer.count} of="accounts" />
      <Freshness accounts={accounts} />
      <Sources sources={sources} />
      <LastRun night={night} />
      <UsageCard usage={answer.usage} />
      <PausesCard pauses={answer.pauses} />
      <CredentialsCard credentials={answer.credentials} />
    </>
  );
};

const Content = () => {
  const health = useAnswer<Health>(apiPath("health", ["range", "from", "to", "platform", "page"]));
  return <Answered to={{ health }}>{({ health: answer }) => <Body answer={answer} />}</Answered>;
};

/** Which account-days can be trusted, and how the last run went. */
export const healthView: View = { title: "Health", filters: ["range", "platform"], Content };
