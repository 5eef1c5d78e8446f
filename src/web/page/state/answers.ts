import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import { ApiProblem, ask } from "./api.ts";
import { store } from "./store.ts";

/**
 * The one place that knows how questions to the server stand: waiting, answered, refused, out of date, and the server
 * or its database gone and back.
 */
interface Entry {
  answer?: { readonly value: unknown; readonly at: number };
  problem?: unknown;
  running?: AbortController;
  retry?: number;
  readonly watchers: Set<() => void>;
}

const retryMs = 5000;
/** A page that was out of sight for so long asks again when it is seen. */
const freshMs = 5 * 60_000;
const keptAnswers = 40;

const entries = new Map<string, Entry>();

/** How many questions of what is drawn are under way. */
export const waiting = store(0);

const isWatched = ({ watchers }: Entry): boolean => watchers.size > 0;

const countWaiting = (): void =>
  waiting.set(
    [...entries.values()].filter((entry) => entry.running !== undefined && isWatched(entry)).length,
  );

/** Whether the trouble ends without anybody doing anything on this page. */
export const isPassing = (problem: unknown): boolean =>
  problem instanceof ApiProblem && (problem.status === 0 || problem.status === 503);

const entryOf = (path: string): Entry => {
  const known = entries.get(path);
  if (known !== undefined) return known;
  const made: Entry = { watchers: new Set() };
  entries.set(path, made);
  return made;
};

const stop = (entry: Entry): void => {
  entry.running?.abort();
  delete entry.running;
  clearTimeout(entry.retry);
};

const load = async (path: string, entry: Entry): Promise<void> => {
  stop(entry);
  const mine = new AbortController();
  entry.running = mine;
  countWaiting();
  try {
    const value = await ask<unknown>(path, mine.signal);
    if (entry.running !== mine) return;
    entry.answer = { value, at: Date.now() };
    delete entry.problem;
  } catch (error) {
    if (entry.running !== mine) return;
    entry.problem = error;
    if (isPassing(error)) entry.retry = window.setTimeout(() => void load(path, entry), retryMs);
  }
  delete entry.running;
  for (const changed of entry.watchers) changed();
  countWaiting();
};

/** Forgets the oldest answers that nothing drawn needs; the others make a step back instant. */
const forget = (): void => {
  for (const [path, entry] of entries) {
    if (entries.size <= keptAnswers) return;
    if (!isWatched(entry)) entries.delete(path);
  }
};

const watch = (path: string, changed: () => void): (() => void) => {
  const entry = entryOf(path);
  entry.watchers.add(changed);
  if (entry.running === undefined) void load(path, entry);
  return () => {
    entry.watchers.delete(changed);
    if (isWatched(entry)) return;
    stop(entry);
    countWaiting();
    forget();
  };
};

/** Asks anew for all that is drawn, as after a change. What is drawn stays until the answers are there. */
export const refresh = (): void => {
  for (const [path, entry] of entries) if (isWatched(entry)) void load(path, entry);
};

document.addEventListener("visibilitychange", () => {
  const oldest = Math.min(
    ...[...entries.values()].filter(isWatched).map(({ answer }) => answer?.at ?? Infinity),
  );
  if (document.visibilityState === "visible" && Date.now() - oldest > freshMs) refresh();
});

/** A question as it stands, with what is to be drawn. */
export interface Question<Value> {
  /** Whether there is a question at all. */
  readonly asked: boolean;
  /** The answer, or the one to the question before while this one's is awaited. */
  readonly value: Value | undefined;
  readonly problem: unknown;
  /** When the answer came. */
  readonly at: number | undefined;
}

/** Asks the API for a path and draws the component again when the answer comes; undefined asks nothing. */
export const useAnswer = <Value>(path: string | undefined): Question<Value> => {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const before = useRef<Value | undefined>(undefined);
  useLayoutEffect(() => {
    if (path === undefined) return;
    return watch(path, () => redraw(undefined));
  }, [path]);
  if (path === undefined) return { asked: false, value: undefined, problem: undefined, at: undefined };
  const { answer, problem } = entryOf(path);
  if (answer !== undefined) before.current = answer.value as Value;
  const value =
    problem !== undefined && !(isPassing(problem) && answer !== undefined) ? undefined : before.current;
  return { asked: true, value, problem, at: answer?.at };
};
