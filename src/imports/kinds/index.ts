import { conversions } from "./conversions.ts";
import { costs } from "./costs.ts";
import type { ImportKind } from "./kind.ts";
import { leads } from "./leads.ts";
import { measures } from "./measures.ts";
import { rates } from "./rates.ts";

/** What `costper import` takes. */
export const importKinds: Readonly<Record<string, ImportKind>> = {
  costs,
  leads,
  conversions,
  rates,
  measures,
};
