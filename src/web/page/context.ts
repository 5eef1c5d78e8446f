import type { CurrencyChoice, Range } from "../api/answers.ts";

/** What a view is given besides the address. */
export interface Context {
  /** Aborted once another view is wanted. */
  readonly signal: AbortSignal;
  /** Tells the filter bar which currencies there are. */
  readonly currencies: (choice: CurrencyChoice) => void;
  /** Tells the filter bar which days an answer is about. */
  readonly days: (range: Range) => void;
  /** Draws the view again, as after a change. */
  readonly refresh: () => void;
}

export interface View {
  readonly title: string;
  /** Which parts of the filter bar apply. */
  readonly filters: readonly ("range" | "platform" | "currency")[];
  readonly draw: (context: Context) => Promise<readonly Node[]>;
}
