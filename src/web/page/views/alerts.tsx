import type { Alerts } from "../../api/health-answers.ts";
import { momentText, words } from "../format.ts";
import { Answered } from "../parts/answered.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Card, Empty, Heading } from "../parts/words.tsx";
import { address, go, here, parameter } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { AlertCard } from "./alert-card.tsx";
import { subject } from "./alert-words.tsx";
import { RulesCard } from "./rules-card.tsx";
import { Silences } from "./silences.tsx";
import type { View } from "./view.ts";
import { Field } from "../parts/field.tsx";

const states = ["firing", "pending", "no_data", "resolved", "inactive"];

const StateFilter = () => (
  <form class="tools">
    <Field label="State">
      <select
        value={parameter("state") ?? ""}
        onChange={({ currentTarget: { value } }) => go(here({ state: value }))}
      >
        <option value="">All</option>
        {states.map((state) => (
          <option key={state} value={state}>
            {words(state)}
          </option>
        ))}
      </select>
    </Field>
  </form>
);

const Events = ({ events }: Pick<Alerts, "events">) =>
  events.length === 0 ? null : (
    <Card title="History">
      <DataTable
        caption="Changes of state, the latest first"
        columns={[
          { name: "When", whole: true },
          { name: "Rule", whole: true },
          { name: "About" },
          { name: "Change" },
          { name: "Why", long: true },
        ]}
        rows={events.map((event) => [
          momentText(event.occurred_at),
          event.rule,
          subject(event.labels),
          `${words(event.from_state)} → ${words(event.to_state).toLowerCase()}`,
          event.explanation,
        ])}
      />
    </Card>
  );

const Body = ({ known, alerts, events, may_silence }: Alerts) => {
  const firing = alerts.filter(({ state }) => state === "firing").length;
  return (
    <>
      <Heading title="Alerts">
        {firing === 0 ? "Nothing shown here fires." : `${String(firing)} firing.`}
      </Heading>
      {known ? (
        <>
          <StateFilter />
          <Silences />
          {alerts.length === 0 ? (
            <Empty title="No alert in this state">
              <a href={address("/alerts", {})}>Show all</a>
            </Empty>
          ) : (
            alerts.map((alert) => (
              <AlertCard key={`${alert.rule} ${alert.series}`} alert={alert} maySilence={may_silence} />
            ))
          )}
          <Events events={events} />
        </>
      ) : (
        <Empty title="No rule was evaluated yet">
          Write rules under <code>alerts</code> in costper.yaml; <code>costper alerts check</code> evaluates
          them.
        </Empty>
      )}
      <RulesCard />
    </>
  );
};

const Content = () => {
  const alerts = useAnswer<Alerts>(apiPath("alerts", ["state"]));
  return <Answered to={{ alerts }}>{({ alerts: answer }) => <Body {...answer} />}</Answered>;
};

/** What fires, what is about to, what was said, and a way to keep it quiet. */
export const alertsView: View = { title: "Alerts", filters: [], Content };
