import type { ComponentChildren } from "preact";
import { momentText } from "../format.ts";
import { isPassing, type Question } from "../state/answers.ts";
import { ApiProblem } from "../state/api.ts";
import { Empty, Notice, sentence } from "./words.tsx";

/** What stands there until the first answer, as tall as what comes. */
const Waiting = () => (
  <div class="waiting" role="status">
    <p class="sr">Loading</p>
    <div class="card" />
    <div class="card tall" />
  </div>
);

const said = (problem: unknown): readonly [what: string, remedy: string] =>
  problem instanceof ApiProblem
    ? [sentence(problem.message), sentence(problem.remedy)]
    : ["This view could not be drawn.", "Reload the page."];

/** What went wrong and what to do about it. */
export const Problem = ({ problem }: { readonly problem: unknown }) => {
  const [what, remedy] = said(problem);
  return (
    <Empty title={what} role="alert">
      {remedy}
      {isPassing(problem) && " Trying again in a few seconds."}
    </Empty>
  );
};

type Values<Questions> = {
  readonly [Name in keyof Questions]: Questions[Name] extends Question<infer Value> ? Value : never;
};

/**
 * Draws what the answers to some questions say as soon as all are there. A question that was not asked has the answer
 * undefined: its type says so (`useAnswer<Rows | undefined>`).
 */
export const Answered = <Questions extends Readonly<Record<string, Question<unknown>>>>({
  to,
  children,
}: {
  readonly to: Questions;
  readonly children: (answers: Values<Questions>) => ComponentChildren;
}) => {
  const questions = Object.values(to).filter(({ asked }) => asked);
  const failed = questions.find(({ problem, value }) => problem !== undefined && value === undefined);
  if (failed !== undefined) return <Problem problem={failed.problem} />;
  if (questions.some(({ value }) => value === undefined)) return <Waiting />;
  const late = questions.find(({ problem }) => problem !== undefined);
  const answers = Object.fromEntries(Object.entries(to).map(([name, { value }]) => [name, value]));
  return (
    <>
      {late !== undefined && (
        <Notice>
          {said(late.problem)[0]} These are the figures of {momentText(new Date(late.at ?? 0).toISOString())}.
          Trying again in a few seconds.
        </Notice>
      )}
      {children(answers as Values<Questions>)}
    </>
  );
};
