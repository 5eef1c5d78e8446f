import { useState } from "preact/hooks";
import type { AlertAnswer } from "../../api/health-answers.ts";
import { compactMoney, dayText, momentText, words } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import { SendingProblem } from "../parts/sending-problem.tsx";
import { placeDay, seconds } from "../parts/series.ts";
import { Hidden } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { useSending } from "../state/sending.ts";
import { moneyMetrics, saying, subject, subjectPath, valueText } from "./alert-words.tsx";

const silenceTimes = [
  ["4", "4 hours"],
  ["24", "1 day"],
  ["72", "3 days"],
  ["168", "1 week"],
] as const;

const SilenceForm = ({ alert: { rule, labels } }: { readonly alert: AlertAnswer }) => {
  const [hours, setHours] = useState("24");
  const [reason, setReason] = useState("");
  const { sending, problem, start } = useSending("/api/silences");
  return (
    <form
      class="silence"
      onSubmit={(event) => {
        event.preventDefault();
        start({ rule, labels, hours: Number(hours), reason: reason === "" ? null : reason });
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
      <input
        aria-label="Why it is silenced"
        placeholder="Why"
        maxLength={300}
        value={reason}
        onInput={({ currentTarget: { value } }) => setReason(value)}
      />
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
        grain="day"
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
  const { rule, labels, state, severity, explanation, silenced_until } = alert;
  const path = subjectPath(labels);
  const { platform } = labels;
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
        <strong>{path === undefined ? subject(labels) : <a href={path}>{subject(labels)}</a>}</strong>
        {platform !== undefined && labels["account_id"] !== undefined && ` (${platformName(platform)})`}{" "}
        {saying(alert)}.
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
