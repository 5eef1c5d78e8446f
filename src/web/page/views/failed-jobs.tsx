import type { FailedJob, Health } from "../../api/health-answers.ts";
import { integer, momentText, rangeText, words } from "../format.ts";
import { DataTable } from "../parts/data-table.tsx";
import { SendingProblem } from "../parts/sending-problem.tsx";
import { Hidden } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { useSending } from "../state/sending.ts";

const subject = ({ kind, platform, account_id, from, to }: FailedJob): string =>
  [
    words(kind),
    platform === null ? undefined : platformName(platform),
    account_id === null || account_id === "" ? undefined : account_id,
    from === null || to === null ? undefined : rangeText({ from, to }),
  ]
    .filter((part) => part !== undefined)
    .join(" · ");

/** A button that puts jobs back, and says so where it could not. */
const RetryButton = ({
  text,
  about,
  body,
}: {
  readonly text: string;
  readonly about: string;
  readonly body: unknown;
}) => {
  const { sending, problem, start } = useSending("/api/jobs/retry");
  return (
    <span class="retry">
      <button type="button" disabled={sending} onClick={() => start(body)}>
        {text}
        <Hidden>{about}</Hidden>
      </button>
      <SendingProblem problem={problem} />
    </span>
  );
};

const Why = ({ failure, remedy }: FailedJob) => (
  <span>
    {failure ?? "no reason was kept"}
    {remedy !== null && remedy !== "" && <span class="below">{remedy}</span>}
  </span>
);

/** What was given up in the last thirty days, and the way back; nothing where nothing was. */
export const FailedJobs = ({ jobs }: Pick<Health, "jobs">) => {
  if (jobs === null || jobs.failed.length === 0) return null;
  const { may_retry: mayRetry, failed } = jobs;
  return (
    <section class="card">
      <header class="with-action">
        <h2>Failed jobs</h2>
        {mayRetry && failed.length > 1 && (
          <RetryButton text="Retry all" about=" failed jobs" body={{ all: true }} />
        )}
      </header>
      {!mayRetry && (
        <p class="dim">
          Remove the cause, then put them back with <code>costper jobs retry --all</code>. Set{" "}
          <code>web.token</code> to do it from here.
        </p>
      )}
      <DataTable
        caption="Jobs that were given up"
        columns={[
          { name: "Job" },
          { name: "Why", long: true },
          { name: "Given up", whole: true },
          { name: "Attempts", number: true },
          ...(mayRetry ? [{ name: "Again" }] : []),
        ]}
        rows={failed.map((job) => [
          subject(job),
          <Why {...job} />,
          momentText(String(job.changed_at)),
          integer(job.attempts),
          ...(mayRetry
            ? [<RetryButton text="Retry" about={` ${subject(job)}`} body={{ job: job.job_id }} />]
            : []),
        ])}
      />
    </section>
  );
};
