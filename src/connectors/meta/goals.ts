import { actionFamilies, actionName, anyCustomEvent, customConversion, isEngagement } from "./actions.ts";
import { eventOf } from "./events.ts";

const familyTypes = actionFamilies.flatMap(({ wholes, leaves }) => [...wholes, ...leaves]);

/**
 * The one action type that a goal of costper.yaml stands for, or a name that the warehouse gives to one; anything else
 * is an action type.
 */
const actionTypeOf = (goal: string): string => {
  const family = actionFamilies.find((family) => family.goal === goal);
  if (family) return family.canonical;
  const custom = /^custom(?:\.| conversion )(\d+)$/i.exec(goal)?.[1];
  if (custom !== undefined) return customConversion + custom;
  if (familyTypes.includes(goal)) return goal;
  return familyTypes.find((type) => actionName(type).toLowerCase() === goal.toLowerCase()) ?? goal;
};

/** The action types whose conversions count, by exact name: never by prefix, never two names of one sale. */
export const countedActionTypes = (goals: readonly string[]): string[] => [
  ...new Set(goals.map(actionTypeOf)),
];

/** Why the goals cannot be added up, a sentence each; empty where they can. */
export const goalProblems = (goals: readonly string[]): string[] => {
  const problems = goals
    .filter((goal) => isEngagement(actionTypeOf(goal)))
    .map((goal) => `${goal} is engagement, which costper does not keep as a conversion`);
  goals.forEach((second, index) => {
    for (const first of goals.slice(0, index)) {
      const why = overlap(actionTypeOf(first).toLowerCase(), actionTypeOf(second).toLowerCase());
      if (why) problems.push(`${first} and ${second} overlap: ${why}`);
    }
  });
  return problems;
};

const isCustom = (actionType: string): boolean => actionType.startsWith(customConversion);

/** Why conversions may be in both of two action types; undefined where they cannot. */
const overlap = (first: string, second: string): string | undefined => {
  if (first === second) return `both are ${first}`;
  const custom = [first, second].find(isCustom);
  const other = custom === first ? second : first;
  if (custom !== undefined) {
    if (isCustom(other)) return undefined;
    if (other === anyCustomEvent) return `${anyCustomEvent} contains every custom event`;
    return eventOf(other)?.isStandard === true
      ? `the rule of a custom conversion can match the events of ${other} too`
      : undefined;
  }
  if (isCustomEventIn(first, second)) return `${anyCustomEvent} contains every custom event`;
  const [one, two] = [eventOf(first), eventOf(second)];
  if (one === undefined || one.event !== two?.event) return undefined;
  if (one.channel !== undefined && two.channel !== undefined && one.channel !== two.channel) return undefined;
  const whole = actionFamilies.some(({ canonical }) => canonical === one.event) ? one.event : "one of them";
  return `one conversion can be reported as ${first} and as ${second}; take ${whole}, or names of single channels`;
};

/** Whether one is every custom event of the pixel and the other a custom event by its name. */
const isCustomEventIn = (first: string, second: string): boolean =>
  [first, second].includes(anyCustomEvent) &&
  [first, second].some((type) => type.startsWith(`${anyCustomEvent}.`));

const clickWindow = /^\d+d_click$/;
const retired = new Set(["7d_view", "28d_view"]);

/** Why the attribution windows cannot be added up, a sentence each; empty where they can. */
export const attributionProblems = (windows: readonly string[]): string[] => {
  const problems = windows
    .filter((window) => retired.has(window))
    .map((window) => `${window} has returned nothing since 2026-01-12; 1d_view is the only view window`);
  const twice = [...new Set(windows.filter((window, index) => windows.indexOf(window) !== index))];
  problems.push(...twice.map((window) => `${window} is named twice`));
  const clicks = [...new Set(windows.filter((window) => clickWindow.test(window)))];
  if (clicks.length > 1)
    problems.push(`${clicks.join(" and ")} nest: the longer window contains the shorter one; name one`);
  return problems;
};
