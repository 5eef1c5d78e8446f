import { useState } from "preact/hooks";
import type { ReplayAnswer, RuleAnswer } from "../../api/operating-answers.ts";
import { dash, dayText, integer } from "../format.ts";
import { DataTable } from "../parts/data-table.tsx";
import { SendingProblem } from "../parts/sending-problem.tsx";
import { Card, Hidden } from "../parts/words.tsx";
import { useAnswer } from "../state/answers.ts";
import { useAttempt } from "../state/sending.ts";
import { subject, valueText } from "./alert-words.tsx";
import { RuleForm, type WrittenRule } from "./rule-form.tsx";
import { Field } from "../parts/field.tsx";

interface Rules {
  readonly rules: readonly RuleAnswer[];
  readonly notifiers: readonly string[];
  readonly may_try: boolean;
}

const dayBack = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

const times = (number: number): string => (number === 1 ? "once" : `${integer(number)} times`);

/** What the rule would have said, day by day, and the lines for costper.yaml. */
const Tried = ({ answer, metric }: { readonly answer: ReplayAnswer; readonly metric: string }) => (
  <section aria-label="What the rule would have said" class="tried">
    <p>
      <strong>
        {answer.fired === 0
          ? `It would not have fired in these ${integer(answer.days)} days.`
          : `It would have fired ${times(answer.fired)} in ${integer(answer.days)} days.`}
      </strong>
      {answer.taken_back > 0 && ` Later figures take back ${integer(answer.taken_back)} of that.`}
      {answer.days_without_data > 0 &&
        ` On ${integer(answer.days_without_data)} of the days some figures were missing.`}
    </p>
    {answer.notes.map((note) => (
      <p key={note} class="dim">
        {note}
      </p>
    ))}
    {answer.firings.length > 0 && (
      <DataTable
        caption="When it would have fired"
        columns={[
          { name: "Day", whole: true },
          { name: "About" },
          { name: "Value then", number: true },
          { name: "Value now", number: true },
          { name: "Taken back" },
        ]}
        rows={answer.firings.map(({ date, labels, value_then, value_now, currency, taken_back }) => [
          dayText(date),
          subject(labels),
          value_then === null ? dash : valueText({ metric, currency }, value_then),
          value_now === null ? dash : valueText({ metric, currency }, value_now),
          taken_back ? "yes" : "no",
        ])}
      />
    )}
    <h3>For costper.yaml, under alerts</h3>
    <pre tabIndex={0}>{answer.yaml}</pre>
  </section>
);

/** The rules as they are configured, and a way to try one before it is put into the configuration. */
export const RulesCard = () => {
  const { value } = useAnswer<Rules>("/api/rules");
  const [from, setFrom] = useState(dayBack(30));
  const [to, setTo] = useState(dayBack(1));
  const [tried, setTried] = useState<string>("");
  const [answer, setAnswer] = useState<ReplayAnswer>();
  const { sending, problem, start } = useAttempt("/api/alerts/replay", "POST", (told) =>
    setAnswer(told as ReplayAnswer),
  );
  if (value === undefined) return null;
  const attempt = (rule: WrittenRule): void => {
    setTried(String(rule["metric"]));
    setAnswer(undefined);
    start({ rule, from, to });
  };
  return (
    <Card
      title="Rules"
      about="They stand in costper.yaml. A rule that is tried writes nothing and tells nobody."
    >
      {value.rules.length > 0 && (
        <ul class="rules">
          {value.rules.map(({ name, settings, yaml }) => (
            <li key={name}>
              <details>
                <summary>{name}</summary>
                <pre tabIndex={0}>{yaml}</pre>
              </details>
              {value.may_try && (
                <button disabled={sending} onClick={() => attempt(settings)}>
                  Try<Hidden> {name}</Hidden>
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {value.may_try && (
        <>
          <div class="tools days">
            <Field label="Tried from">
              <input
                type="date"
                value={from}
                onChange={({ currentTarget }) => setFrom(currentTarget.value)}
              />
            </Field>
            <Field label="Tried to">
              <input type="date" value={to} onChange={({ currentTarget }) => setTo(currentTarget.value)} />
            </Field>
          </div>
          <details class="new-rule">
            <summary>A new rule</summary>
            <RuleForm notifiers={value.notifiers} sending={sending} onTry={attempt} />
          </details>
          {sending && (
            <p role="status" class="dim">
              Trying it on the figures of then.
            </p>
          )}
          <SendingProblem problem={problem} />
          {answer !== undefined && <Tried answer={answer} metric={tried} />}
        </>
      )}
    </Card>
  );
};
