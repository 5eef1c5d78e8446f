import { useState } from "preact/hooks";
import type { AlertAnswer } from "../../api/health-answers.ts";
import { compactMoney, count, dayText, momentText, money, percent, times, words } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import { SendingProblem } from "../parts/sending-problem.tsx";
import { placeDay, seconds } from "../parts/series.ts";
import { Hidden } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { useSending } from "../state/sending.ts";

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

/** What an alert is about, in a word. */
export const subject = (labels: Readonly<Record<string, string>>): string =>
  labels["campaign_name"] ??
  labels["campaign_id"] ??
  labels["account_name"] ??
  labels["account_id"] ??
  (labels["platform"] === undefined ? "everything" : platformName(labels["platform"]));

const silenceTimes = [
  ["4", "4 hours"],
  ["24", "1 day"],
  ["72", "3 days"],
  ["168", "1 week"],
] as const;

const SilenceForm = ({ alert: { rule, labels } }: { readonly alert: AlertAnswer }) => {
  const [hours, setHours] = useState("24");
  const { sending, problem, start } = useSending("/api/silences");
  return (
    <form
      class="silence"
      onSubmit={(event) => {
        event.preventDefault();
        start({ rule, labels, hours: Number(hours) });
      }}
    >
      <select
        aria-label="How long"
        value={hours}
        onChange={({ currentTarget: { value } }) => setHours(value)}
      >
        {silenceTimes.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <button disabled={sending}>
        Silence
        <Hidden>
          {" "}
          {rule} for {subject(labels)}
        </Hidden>
      </button>
      <SendingProblem problem={problem} />
    </form>
  );
};

const number = (value: string | null): number | null => (value === null ? null : Number(value));

/** What the rule looked at day after day; without that, the values at which the alert's state changed. */
const AlertChart = ({ alert }: { readonly alert: AlertAnswer }) => {
  const { daily, history, threshold, metric, currency } = alert;
  const name = words(metric);
  const shared = {
    threshold: number(threshold),
    text: (value: number) => valueText(alert, String(value)),
    ...(moneyMetrics.has(metric) ? { axisText: (value: number) => compactMoney(value, currency) } : {}),
    height: 150,
    note: threshold === null ? "" : `The dashed line is the threshold, ${valueText(alert, threshold)}.`,
  };
  if (daily !== null && daily.values.filter((value) => value !== null).length > 1) {
    const first = seconds(daily.from);
    const span = daily.window_days === 1 ? "day by day" : `${String(daily.window_days)} days up to each day`;
    return (
      <Chart
        {...shared}
        title={`${name}, ${span}`}
        places={daily.values.map((_, index) => first + index * 86_400)}
        placeText={(place) => dayText(placeDay(place))}
        lines={[{ label: name, colour: "--accent", values: daily.values.map(number) }]}
      />
    );
  }
  if (history.filter(({ value }) => value !== null).length < 2) return null;
  return (
    <Chart
      {...shared}
      title={`${name} when its state changed`}
      places={history.map(({ at }) => Date.parse(at) / 1000)}
      placeText={(place) => momentText(new Date(place * 1000).toISOString())}
      lines={[{ label: name, colour: "--accent", values: history.map(({ value }) => number(value)) }]}
    />
  );
};

/** One alert: what it is about, what it says, how its figure went, and a way to keep it quiet. */
export const AlertCard = ({
  alert,
  maySilence,
}: {
  readonly alert: AlertAnswer;
  readonly maySilence: boolean;
}) => {
  const { rule, labels, state, severity, metric, value, threshold, explanation, silenced_until } = alert;
  const isLoud = state === "firing" || state === "pending";
  return (
    <article class="card alert" data-state={state}>
      <header>
        <h2>{rule}</h2>
        <span class="badge" data-state={state}>
          {words(state).toLowerCase()}
        </span>
        <span class="badge" data-severity={severity}>
          {severity}
        </span>
        {silenced_until !== null && <span class="badge">silenced until {momentText(silenced_until)}</span>}
      </header>
      <p>
        <strong>{subject(labels)}</strong> · {words(metric)}: {valueText(alert, value)}
        {threshold !== null && `, threshold ${valueText(alert, threshold)}`}
      </p>
      {explanation !== "" && <p>{explanation}</p>}
      <p class="dim small">
        {words(state)} since {momentText(alert.since)}
      </p>
      {isLoud && <AlertChart alert={alert} />}
      {isLoud && maySilence && <SilenceForm alert={alert} />}
    </article>
  );
};
