import { integer, momentText } from "../format.ts";
import { SendingProblem } from "../parts/sending-problem.tsx";
import { Card } from "../parts/words.tsx";
import { useSending } from "../state/sending.ts";
import { useSession } from "../state/session.ts";

/** When the next night is, what the one under way has done, and a way to have one now. */
export const NightCard = () => {
  const night = useSession()?.night;
  const { sending, problem, start } = useSending("/api/nights");
  if (night === undefined) return null;
  const { next_at, running, may_begin, has_board, time_zone } = night;
  return (
    <Card title="Nights">
      <div class="with-action">
        <p>
          {running === null
            ? `Next night: ${momentText(next_at)} (${time_zone} has the schedule), where costper start runs.`
            : `A night is under way since ${momentText(running.began_at)}: ${integer(running.done)} of ${integer(running.all)} jobs are over.`}
          {has_board && (
            <>
              {" "}
              <a href="/queues">The job board</a> has what waits.
            </>
          )}
        </p>
        {may_begin && (
          <span>
            <button disabled={sending || running !== null} onClick={() => start({})}>
              Sync now
            </button>
            <SendingProblem problem={problem} />
          </span>
        )}
      </div>
    </Card>
  );
};
