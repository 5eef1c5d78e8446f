import type { Health } from "../../api/health-answers.ts";
import { go, here } from "../address.ts";
import { apiPath, ask } from "../api.ts";
import type { View } from "../context.ts";
import { dataTable } from "../data-table.ts";
import { h, hidden } from "../dom.ts";
import { axisDate, dayText, dash, integer, momentText, rangeText } from "../format.ts";
import { command, empty, heading, notice } from "../parts.ts";
import { platformName } from "../platforms.ts";
import { seconds } from "../series.ts";
import { failedJobs } from "./failed-jobs.ts";
import { credentialsCard, pausesCard, usageCard } from "./limits.ts";

type Account = Health["accounts"][number];

/** Letter of the API, what it means, and the sign in the cell: colour alone would not tell. */
const states: readonly (readonly [string, string, string])[] = [
  ["c", "fetched", ""],
  ["s", "no spend", "·"],
  ["n", "missing", "?"],
  ["f", "failed", "!"],
  ["d", "apart from the platform", "≠"],
  ["x", "account closed", "×"],
  ["-", "never asked for", ""],
];

const key = (): HTMLElement =>
  h(
    "ul",
    { class: "legend" },
    ...states.map(([letter, meaning, sign]) =>
      h("li", {}, h("span", { class: "cell", "data-state": letter, "aria-hidden": "true" }, sign), meaning),
    ),
  );

const nameOf = ({
  account_name,
  account_id,
}: {
  readonly account_name: string | null;
  readonly account_id: string;
}): string => account_name ?? account_id;

const days = (from: string, length: number): string[] =>
  Array.from({ length }, (_, index) =>
    new Date(Date.parse(`${from}T00:00:00Z`) + index * 86_400_000).toISOString().slice(0, 10),
  );

const cell = (letter: string, day: string, note: string | undefined): HTMLElement => {
  const [, meaning = "", sign = ""] = states.find(([known]) => known === letter) ?? [];
  const text = `${dayText(day)}: ${meaning}${note === undefined ? "" : `. ${note}`}`;
  return h(
    "td",
    { title: text },
    h("span", { class: "cell", "data-state": letter, "aria-hidden": "true" }, sign),
    hidden(meaning),
  );
};

const heatMap = ({ range, accounts }: Health): HTMLElement => {
  const all = days(range.from, accounts[0]?.states.length ?? 0);
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Accounts by day"),
    key(),
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Accounts by day" },
      h(
        "table",
        { class: "heat" },
        h("caption", { class: "sr" }, `State of each account-day, ${rangeText(range)}`),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "Account"),
            ...all.map((day, index) => {
              const shown = index % 7 === 0;
              return h(
                "th",
                { scope: "col" },
                shown ? h("span", { class: "tick" }, axisDate(seconds(day), 86_400)) : hidden(day),
              );
            }),
          ),
        ),
        h(
          "tbody",
          {},
          ...accounts.map((account) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, nameOf(account)),
              ...Array.from(account.states, (letter, index) => {
                const day = all[index] ?? "";
                return cell(letter, day, account.notes.find(({ date }) => date === day)?.text);
              }),
            ),
          ),
        ),
      ),
    ),
  );
};

const freshness = (accounts: readonly Account[]): HTMLElement =>
  h(
    "section",
    { class: "card" },
    h("h2", {}, "Freshness"),
    dataTable({
      caption: "Freshness of each account",
      columns: ["Account", "Platform", "Last good day", "Fetched"].map((name) => ({ name, whole: true })),
      rows: accounts.map((account) => [
        nameOf(account),
        platformName(account.platform),
        `${account.last_good_date === null ? "never" : dayText(account.last_good_date)}${account.stale ? ", stale" : ""}`,
        account.fetched_at === null ? dash : momentText(account.fetched_at),
      ]),
    }),
  );

const sourcesCard = (sources: Health["sources"]): readonly HTMLElement[] =>
  sources.length === 0
    ? []
    : [
        h(
          "section",
          { class: "card" },
          h("h2", {}, "Sources"),
          dataTable({
            caption: "Sources of first-party data",
            columns: ["Source", "Stream", "Last loaded", "Last pull", "Rows", "Failure"].map((name) => ({
              name,
              whole: true,
            })),
            rows: sources.map((source) => [
              source.source,
              source.stream,
              source.last_good_at === null ? "never" : momentText(source.last_good_at),
              source.outcome,
              integer(source.rows_read),
              source.failure === null
                ? dash
                : [source.failure, source.remedy].filter((part) => part).join(": "),
            ]),
          }),
        ),
      ];

/** Why a slice failed and what to do; what was said of the account already is not said again. */
const failureOf = (
  { account_id, failure, remedy }: Health["night"][number],
  said: Set<string>,
): HTMLElement | null => {
  const text = `${account_id} ${failure ?? ""}`;
  if (failure === null || said.has(text)) return failure === null ? null : hidden(failure);
  said.add(text);
  return h(
    "span",
    { class: "bad below" },
    failure,
    remedy === null || remedy === "" ? null : h("span", { class: "below" }, remedy),
  );
};

const timeline = (night: Health["night"]): HTMLElement => {
  const said = new Set<string>();
  const start = Math.min(...night.map(({ started_at }) => Date.parse(started_at)));
  const end = Math.max(...night.map(({ started_at, finished_at }) => Date.parse(finished_at ?? started_at)));
  const share = (moment: number): string => `${String(((moment - start) / (end - start || 1)) * 100)}%`;
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Last run"),
    h(
      "p",
      { class: "dim" },
      `From ${momentText(new Date(start).toISOString())} to ${momentText(new Date(end).toISOString())}`,
    ),
    h(
      "ol",
      { class: "timeline" },
      ...night.map((slice) => {
        const from = Date.parse(slice.started_at);
        const to = Date.parse(slice.finished_at ?? new Date(end).toISOString());
        const bar = h("span", { class: "bar", "data-outcome": slice.outcome });
        bar.style.left = share(from);
        bar.style.width = `max(4px, ${share(start + to - from)})`;
        return h(
          "li",
          {},
          h("span", { class: "who" }, `${platformName(slice.platform)} · ${nameOf(slice)}`),
          h("span", { class: "track", "aria-hidden": "true" }, bar),
          h(
            "span",
            { class: "what" },
            `${slice.outcome}, ${integer(Math.round((to - from) / 1000))} s, ${integer(slice.rows_read)} rows, ${rangeText({ from: slice.from_date, to: slice.to_date })}`,
            failureOf(slice, said),
          ),
        );
      }),
    ),
  );
};

const pager = ({ page, size, count }: Health): Node[] => {
  const pages = Math.ceil(count / size);
  if (pages <= 1) return [];
  const step = (to: number, text: string): HTMLElement =>
    h(
      "button",
      { type: "button", disabled: to < 1 || to > pages, onclick: () => go(here({ page: String(to) })) },
      text,
    );
  return [
    h(
      "nav",
      { class: "pager", "aria-label": "Pages" },
      step(page - 1, "Previous"),
      h("span", {}, `Page ${integer(page)} of ${integer(pages)} · ${integer(count)} accounts`),
      step(page + 1, "Next"),
    ),
  ];
};

/** Which account-days can be trusted, and how the last run went. */
export const healthView: View = {
  title: "Health",
  filters: ["range", "platform"],
  draw: async (context) => {
    const { signal, days: shown } = context;
    const answer = await ask<Health>(apiPath("health", ["range", "from", "to", "platform", "page"]), signal);
    shown(answer.range);
    const top = heading("Health", rangeText(answer.range));
    if (answer.accounts.length === 0)
      return [
        top,
        ...failedJobs(answer.jobs, context),
        ...sourcesCard(answer.sources),
        empty(
          "No account was ever fetched",
          h(
            "span",
            {},
            "Start with ",
            command("costper sync"),
            ", or see what is wrong with ",
            command("costper doctor"),
            ".",
          ),
        ),
      ];
    const closed = new Set(
      answer.accounts.filter(({ states: all }) => all.endsWith("x")).map(({ account_id }) => account_id),
    );
    const failed = answer.night.filter(
      ({ outcome, account_id }) => outcome === "failed" && !closed.has(account_id),
    ).length;
    return [
      top,
      ...(failed === 0
        ? []
        : [
            notice(
              `${integer(failed)} ${failed === 1 ? "slice" : "slices"} of the last run failed. Remove the cause given below and run `,
              command("costper sync"),
              ".",
            ),
          ]),
      ...failedJobs(answer.jobs, context),
      heatMap(answer),
      ...pager(answer),
      freshness(answer.accounts),
      ...sourcesCard(answer.sources),
      ...(answer.night.length === 0 ? [] : [timeline(answer.night)]),
      ...usageCard(answer.usage),
      ...pausesCard(answer.pauses),
      ...credentialsCard(answer.credentials),
    ];
  },
};
