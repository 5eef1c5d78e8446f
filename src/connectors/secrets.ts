import { ga4 } from "./ga4/source.ts";
import { profiles } from "./registry.ts";

/** The names of the settings that no log line and no error may show, of every source. */
export const secretSettings = (): readonly string[] => [
  ...new Set([...profiles(), ga4].flatMap(({ secrets }) => secrets)),
];
