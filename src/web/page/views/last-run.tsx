import type { Health } from "../../api/health-answers.ts";
import { integer, momentText, rangeText } from "../format.ts";
import { Card, Hidden } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";

type Slice = Health["night"][number];

/** Why a slice failed and what to do; what was said of the account already is only for those who hear the page. */
const Failure = ({ slice, isSaid }: { readonly slice: Slice; readonly isSaid: boolean }) => {
  const { failure, remedy } = slice;
  if (failure === null) return null;
  if (isSaid) return <Hidden>{failure}</Hidden>;
  return (
    <span class="bad below">
      {failure}
      {remedy !== null && remedy !== "" && <span class="below">{remedy}</span>}
    </span>
  );
};

const failureKey = ({ account_id, failure }: Slice): string => `${account_id} ${failure ?? ""}`;

/** The slices of the last run over the time that it took. */
export const LastRun = ({ night }: Pick<Health, "night">) => {
  if (night.length === 0) return null;
  const start = Math.min(...night.map(({ started_at }) => Date.parse(started_at)));
  const end = Math.max(...night.map(({ started_at, finished_at }) => Date.parse(finished_at ?? started_at)));
  const share = (ms: number): string => `${String((ms / (end - start || 1)) * 100)}%`;
  return (
    <Card
      title="Last run"
      about={`From ${momentText(new Date(start).toISOString())} to ${momentText(new Date(end).toISOString())}`}
    >
      <ol class="timeline">
        {night.map((slice, index) => {
          const from = Date.parse(slice.started_at);
          const to = slice.finished_at === null ? end : Date.parse(slice.finished_at);
          const earlier = night.findIndex((other) => failureKey(other) === failureKey(slice));
          return (
            <li key={`${slice.platform}:${slice.account_id}:${slice.from_date}:${slice.started_at}`}>
              <span class="who">
                {platformName(slice.platform)} · {slice.account_name ?? slice.account_id}
              </span>
              <span class="track" aria-hidden="true">
                <span
                  class="bar"
                  data-outcome={slice.outcome}
                  style={{ left: share(from - start), width: `max(4px, ${share(to - from)})` }}
                />
              </span>
              <span class="what">
                {slice.outcome}, {integer(Math.round((to - from) / 1000))} s, {integer(slice.rows_read)} rows,{" "}
                {rangeText({ from: slice.from_date, to: slice.to_date })}
                <Failure slice={slice} isSaid={earlier < index} />
              </span>
            </li>
          );
        })}
      </ol>
    </Card>
  );
};
