import type { Day } from "../../domain/day.ts";
import type { Verdict } from "../figures/judge.ts";

/**
 * The life of one alert, without any input or output: what was, what is seen, what is to be said.
 * An episode begins when the alert fires and ends when it resolves; a time without data in between ends nothing.
 */
export type AlertState = "inactive" | "pending" | "firing" | "resolved" | "no_data";

export interface AlertMemory {
  readonly state: AlertState;
  readonly since: Date;
  readonly firingSince: Date | null;
  /** On how many evaluated days in a row the condition has held, and the last of them. */
  readonly heldDays: number;
  readonly lastHeldDay: Day | null;
  /** Has fired and is not resolved; outlasts `no_data`. */
  readonly open: boolean;
  readonly episode: number;
  /** Who was told that this episode fires, and must be told when it ends. */
  readonly told: readonly string[];
  readonly lastNotified: Date | null;
}

export interface AlertInput {
  readonly verdict: Verdict;
  /** The day that the verdict is about. */
  readonly day: Day;
  /** When it is: the evaluated moment, which need not be the clock's. */
  readonly at: Date;
  readonly silenced: boolean;
  readonly forDays: number;
  readonly repeatMs: number | undefined;
  readonly notify: readonly string[];
}

/** Something to say. `event` is its stable name: making it again gives the same name. */
export interface Saying {
  readonly kind: "firing" | "resolved";
  readonly to: readonly string[];
  readonly event: string;
}

export interface AlertStep {
  readonly memory: AlertMemory;
  readonly changed: boolean;
  readonly saying: Saying | undefined;
}

export const unremembered = (at: Date): AlertMemory => ({
  state: "inactive",
  since: at,
  firingSince: null,
  heldDays: 0,
  lastHeldDay: null,
  open: false,
  episode: 0,
  told: [],
  lastNotified: null,
});

const stateAfter = (memory: AlertMemory, input: AlertInput, heldDays: number): AlertState => {
  switch (input.verdict) {
    case "no_data":
      return "no_data";
    case "ok":
      return memory.open ? "resolved" : "inactive";
    case "breach":
      return memory.open || heldDays >= Math.max(1, input.forDays) ? "firing" : "pending";
  }
};

/** Days without a verdict neither add to the days on which it held nor break their row. */
const held = (
  memory: AlertMemory,
  { verdict, day }: AlertInput,
): Pick<AlertMemory, "heldDays" | "lastHeldDay"> => {
  if (verdict === "ok") return { heldDays: 0, lastHeldDay: null };
  const isNew = verdict === "breach" && (memory.lastHeldDay === null || day > memory.lastHeldDay);
  return isNew
    ? { heldDays: memory.heldDays + 1, lastHeldDay: day }
    : { heldDays: memory.heldDays, lastHeldDay: memory.lastHeldDay };
};

/** What there is to say of a firing alert: to those who do not know yet, or to all when it is time to repeat. */
const firingSaying = (memory: AlertMemory, input: AlertInput): Saying | undefined => {
  if (input.silenced) return undefined;
  const { lastNotified, told, episode } = memory;
  const due =
    input.repeatMs !== undefined &&
    lastNotified !== null &&
    told.length > 0 &&
    input.at.getTime() - lastNotified.getTime() >= input.repeatMs;
  const to = due ? input.notify : input.notify.filter((name) => !told.includes(name));
  const after = told.length === 0 || lastNotified === null ? "first" : lastNotified.toISOString();
  return to.length === 0 ? undefined : { kind: "firing", to, event: `${String(episode)}/firing/${after}` };
};

/** One evaluation of one alert. */
export const nextStep = (memory: AlertMemory, input: AlertInput): AlertStep => {
  const days = held(memory, input);
  const state = stateAfter(memory, input, days.heldDays);
  const begins = state === "firing" && !memory.open;
  const changed = state !== memory.state;
  const firingSince = begins ? input.at : memory.firingSince;
  const next: AlertMemory = {
    ...days,
    state,
    since: state === "firing" ? (firingSince ?? input.at) : changed ? input.at : memory.since,
    firingSince,
    open: state === "firing" || (state === "no_data" && memory.open),
    episode: memory.episode + (begins ? 1 : 0),
    told: begins ? [] : memory.told,
    lastNotified: begins ? null : memory.lastNotified,
  };
  if (state === "resolved") {
    // A silence does not hold this back: everybody who was told of the alert is told of its end.
    const saying: Saying | undefined =
      next.told.length === 0
        ? undefined
        : { kind: "resolved", to: next.told, event: `${String(next.episode)}/resolved` };
    return { memory: { ...next, told: [] }, changed, saying };
  }
  const saying = state === "firing" ? firingSaying(next, input) : undefined;
  if (saying === undefined) return { memory: next, changed, saying };
  const told = [...new Set([...next.told, ...saying.to])];
  return { memory: { ...next, told, lastNotified: input.at }, changed, saying };
};
