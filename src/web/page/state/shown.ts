import { useLayoutEffect } from "preact/hooks";
import type { CurrencyChoice, Range } from "../../api/answers.ts";
import { store } from "./store.ts";

/** What the answers say about the filters: which days they are about, and which currencies there are. */
interface Shown {
  readonly range?: Range;
  readonly currency?: CurrencyChoice;
}

export const shown = store<Shown>({});

/** Tells the filter bar what an answer is about. */
export const useShown = ({ range, currency }: Shown): void => {
  useLayoutEffect(() => {
    const now = shown.get();
    shown.set({ ...now, ...(range && { range }), ...(currency && { currency }) });
  }, [range, currency]);
};
