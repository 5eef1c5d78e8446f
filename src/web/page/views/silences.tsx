import type { SilenceAnswer } from "../../api/operating-answers.ts";
import { dash, momentText } from "../format.ts";
import { DataTable } from "../parts/data-table.tsx";
import { SendingProblem } from "../parts/sending-problem.tsx";
import { Card, Hidden } from "../parts/words.tsx";
import { useAnswer } from "../state/answers.ts";
import { useSending } from "../state/sending.ts";
import { subject } from "./alert-words.tsx";

const EndSilence = ({ id, rule, labels }: SilenceAnswer) => {
  const { sending, problem, start } = useSending(`/api/silences/${id}`, "DELETE");
  return (
    <>
      <button disabled={sending} onClick={() => start()}>
        End
        <Hidden>
          {" "}
          the silence of {rule} for {subject(labels)}
        </Hidden>
      </button>
      <SendingProblem problem={problem} />
    </>
  );
};

/** What is not heard for a time: until when, by whom and why. */
export const Silences = () => {
  const answer = useAnswer<{ readonly silences: readonly SilenceAnswer[]; readonly may_silence: boolean }>(
    "/api/silences",
  ).value;
  if (answer === undefined || answer.silences.length === 0) return null;
  const columns = [
    { name: "Rule", whole: true },
    { name: "About" },
    { name: "Until", whole: true },
    { name: "Made by" },
    { name: "Why", long: true },
  ];
  return (
    <Card title="Silences">
      <DataTable
        caption="Silences in force"
        columns={answer.may_silence ? [...columns, { name: "Heard again" }] : columns}
        rows={answer.silences.map((silence) => [
          silence.rule,
          subject(silence.labels),
          momentText(silence.ends_at),
          silence.made_by ?? dash,
          silence.reason ?? dash,
          ...(answer.may_silence ? [<EndSilence {...silence} />] : []),
        ])}
      />
    </Card>
  );
};
