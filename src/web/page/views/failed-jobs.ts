import type { FailedJob, Health } from "../../api/health-answers.ts";
import { ApiProblem, send } from "../api.ts";
import type { Context } from "../context.ts";
import { dataTable } from "../data-table.ts";
import { h, hidden } from "../dom.ts";
import { integer, momentText, rangeText, words } from "../format.ts";
import { command } from "../parts.ts";
import { platformName } from "../platforms.ts";

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
const retryButton = (text: string, about: string, body: unknown, { refresh }: Context): HTMLElement => {
  const said = h("span", { class: "bad", role: "status" });
  const button = h("button", { type: "button" }, text, hidden(about));
  button.addEventListener("click", () => {
    button.disabled = true;
    send("/api/jobs/retry", body).then(refresh, (error: unknown) => {
      button.disabled = false;
      said.textContent = error instanceof ApiProblem ? ` ${error.message}` : " that did not work";
    });
  });
  return h("span", { class: "retry" }, button, said);
};

const why = ({ failure, remedy }: FailedJob): Node =>
  h(
    "span",
    {},
    failure ?? "no reason was kept",
    remedy === null || remedy === "" ? null : h("span", { class: "below" }, remedy),
  );

/** What was given up in the last thirty days, and the way back; nothing where nothing was. */
export const failedJobs = (jobs: Health["jobs"], context: Context): readonly Node[] => {
  if (jobs === null || jobs.failed.length === 0) return [];
  const { may_retry: mayRetry, failed } = jobs;
  return [
    h(
      "section",
      { class: "card" },
      h(
        "header",
        { class: "with-action" },
        h("h2", {}, "Failed jobs"),
        mayRetry && failed.length > 1
          ? retryButton("Retry all", " failed jobs", { all: true }, context)
          : null,
      ),
      mayRetry
        ? null
        : h(
            "p",
            { class: "dim" },
            "Remove the cause, then put them back with ",
            command("costper jobs retry --all"),
            ". Set ",
            command("web.token"),
            " to do it from here.",
          ),
      dataTable({
        caption: "Jobs that were given up",
        columns: [
          { name: "Job" },
          { name: "Why", long: true },
          { name: "Given up", whole: true },
          { name: "Attempts", number: true },
          ...(mayRetry ? [{ name: "Again" }] : []),
        ],
        rows: failed.map((job) => [
          subject(job),
          why(job),
          momentText(String(job.changed_at)),
          integer(job.attempts),
          ...(mayRetry ? [retryButton("Retry", ` ${subject(job)}`, { job: job.job_id }, context)] : []),
        ]),
      }),
    ),
  ];
};
