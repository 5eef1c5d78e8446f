import type { AlertAnswer, Alerts } from "../../api/health-answers.ts";
import { address, go, here, parameter } from "../address.ts";
import { ApiProblem, apiPath, ask, send } from "../api.ts";
import { lineChart } from "../chart.ts";
import type { Context, View } from "../context.ts";
import { dataTable } from "../data-table.ts";
import { h, hidden } from "../dom.ts";
import { compactMoney, count, dayText, momentText, money, percent, times, words } from "../format.ts";
import { empty, heading } from "../parts.ts";
import { platformName } from "../platforms.ts";
import { seconds } from "../series.ts";

const moneyMetrics = new Set([
  "cost_per_conversion",
  "projected_cost_per_conversion",
  "spend",
  "cost_per_click",
]);

const valueText = ({ metric, currency }: AlertAnswer, value: string | null): string => {
  if (value === null) return "no value";
  if (moneyMetrics.has(metric)) return money(value, currency);
  if (metric === "conversion_rate") return percent(value);
  if (metric === "return_on_ad_spend") return times(value);
  return metric === "freshness" ? `${count(value)} h` : count(value);
};

const subject = (labels: Readonly<Record<string, string>>): string =>
  labels["campaign_name"] ??
  labels["campaign_id"] ??
  labels["account_name"] ??
  labels["account_id"] ??
  (labels["platform"] === undefined ? "everything" : platformName(labels["platform"]));

const silenceForm = (alert: AlertAnswer, { refresh }: Context): HTMLElement => {
  const hours = h(
    "select",
    { "aria-label": "How long" },
    ...[
      ["4", "4 hours"],
      ["24", "1 day"],
      ["72", "3 days"],
      ["168", "1 week"],
    ].map(([value, text]) => h("option", { value: value ?? "" }, text)),
  );
  hours.value = "24";
  const said = h("span", { class: "bad", role: "status" });
  return h(
    "form",
    {
      class: "silence",
      onsubmit: (event) => {
        event.preventDefault();
        const { rule, labels } = alert;
        send("/api/silences", { rule, labels, hours: Number(hours.value) }).then(
          refresh,
          (error: unknown) => {
            said.textContent = error instanceof ApiProblem ? ` ${error.message}` : " that did not work";
          },
        );
      },
    },
    hours,
    h("button", {}, "Silence", hidden(` ${alert.rule} for ${subject(alert.labels)}`)),
    said,
  );
};

const thresholdNote = (alert: AlertAnswer): string =>
  alert.threshold === null ? "" : `The dashed line is the threshold, ${valueText(alert, alert.threshold)}.`;

/** What the rule looked at day after day; without that, the values at which the alert's state changed. */
const chart = (alert: AlertAnswer): HTMLElement | null => {
  const { daily } = alert;
  const name = words(alert.metric);
  const shared = {
    threshold: alert.threshold === null ? null : Number(alert.threshold),
    text: (value: number) => valueText(alert, String(value)),
    ...(moneyMetrics.has(alert.metric)
      ? { axisText: (value: number) => compactMoney(value, alert.currency) }
      : {}),
    height: 150,
  };
  const number = (value: string | null): number | null => (value === null ? null : Number(value));
  if (daily !== null && daily.values.filter((value) => value !== null).length > 1) {
    const first = seconds(daily.from);
    return lineChart({
      ...shared,
      title: `${name}, ${daily.window_days === 1 ? "day by day" : `${String(daily.window_days)} days up to each day`}`,
      note: thresholdNote(alert),
      places: daily.values.map((_, index) => first + index * 86_400),
      placeText: (place) => dayText(new Date(place * 1000).toISOString().slice(0, 10)),
      lines: [{ label: name, colour: "--accent", values: daily.values.map(number) }],
    });
  }
  const known = alert.history.filter(({ value }) => value !== null);
  if (known.length < 2) return null;
  return lineChart({
    ...shared,
    title: `${name} when its state changed`,
    note: thresholdNote(alert),
    places: alert.history.map(({ at }) => Date.parse(at) / 1000),
    placeText: (place) => momentText(new Date(place * 1000).toISOString()),
    lines: [{ label: name, colour: "--accent", values: alert.history.map(({ value }) => number(value)) }],
  });
};

const card = (alert: AlertAnswer, maySilence: boolean, context: Context): HTMLElement => {
  const drawn = alert.state === "firing" || alert.state === "pending" ? chart(alert) : null;
  return h(
    "article",
    { class: "card alert", "data-state": alert.state },
    h(
      "header",
      {},
      h("h2", {}, alert.rule),
      h("span", { class: "badge", "data-state": alert.state }, words(alert.state).toLowerCase()),
      h("span", { class: "badge", "data-severity": alert.severity }, alert.severity),
      alert.silenced_until === null
        ? null
        : h("span", { class: "badge" }, `silenced until ${momentText(alert.silenced_until)}`),
    ),
    h(
      "p",
      {},
      h("strong", {}, subject(alert.labels)),
      ` · ${words(alert.metric)}: ${valueText(alert, alert.value)}`,
      alert.threshold === null ? "" : `, threshold ${valueText(alert, alert.threshold)}`,
    ),
    alert.explanation === "" ? null : h("p", {}, alert.explanation),
    h("p", { class: "dim small" }, `${words(alert.state)} since ${momentText(alert.since)}`),
    drawn,
    maySilence && (alert.state === "firing" || alert.state === "pending")
      ? silenceForm(alert, context)
      : null,
  );
};

const stateFilter = (): HTMLElement => {
  const select = h(
    "select",
    {},
    h("option", { value: "" }, "All"),
    ...["firing", "pending", "no_data", "resolved", "inactive"].map((state) =>
      h("option", { value: state }, words(state)),
    ),
  );
  select.value = parameter("state") ?? "";
  select.addEventListener("change", () => go(here({ state: select.value })));
  return h("form", { class: "tools" }, h("label", { class: "field" }, h("span", {}, "State"), select));
};

const eventTable = (events: Alerts["events"]): HTMLElement =>
  h(
    "section",
    { class: "card" },
    h("h2", {}, "History"),
    dataTable({
      caption: "Changes of state, the latest first",
      columns: [
        { name: "When", whole: true },
        { name: "Rule", whole: true },
        { name: "About" },
        { name: "Change" },
        { name: "Why", long: true },
      ],
      rows: events.map((event) => [
        momentText(event.occurred_at),
        event.rule,
        subject(event.labels),
        `${words(event.from_state)} → ${words(event.to_state).toLowerCase()}`,
        event.explanation,
      ]),
    }),
  );

/** What fires, what is about to, what was said, and a way to keep it quiet. */
export const alertsView: View = {
  title: "Alerts",
  filters: [],
  draw: async (context) => {
    const answer = await ask<Alerts>(apiPath("alerts", ["state"]), context.signal);
    const firing = answer.alerts.filter(({ state }) => state === "firing").length;
    const top = heading("Alerts", firing === 0 ? "Nothing shown here fires." : `${String(firing)} firing.`);
    if (!answer.known)
      return [
        top,
        empty(
          "No rule was evaluated yet",
          h(
            "span",
            {},
            "Write rules under ",
            h("code", {}, "alerts"),
            " in costper.yaml; ",
            h("code", {}, "costper alerts check"),
            " evaluates them.",
          ),
        ),
      ];
    return [
      top,
      stateFilter(),
      ...(answer.alerts.length === 0
        ? [empty("No alert in this state", h("a", { href: address("/alerts", {}) }, "Show all"))]
        : answer.alerts.map((alert) => card(alert, answer.may_silence, context))),
      ...(answer.events.length === 0 ? [] : [eventTable(answer.events)]),
    ];
  },
};
