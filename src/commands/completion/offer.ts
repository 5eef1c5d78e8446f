import type { Argument, Option } from "commander";

const offered = new WeakMap<Option | Argument, readonly string[]>();

/** Names what a shell may offer for a value whose own parser says what is allowed. */
export const offer = <Of extends Option | Argument>(of: Of, values: readonly string[]): Of => {
  offered.set(of, values);
  return of;
};

/** What a value may be, where that is a short list. */
export const offers = (of: Option | Argument): readonly string[] => of.argChoices ?? offered.get(of) ?? [];
