import type { ComponentType } from "preact";

export type Filter = "range" | "compare" | "platform" | "currency";

/** What stands under one address. It is drawn from the address alone, and asks for its figures by `useAnswer`. */
export interface View {
  readonly title: string;
  /** Which parts of the filter bar apply. */
  readonly filters: readonly Filter[] | (() => readonly Filter[]);
  readonly Content: ComponentType;
}
