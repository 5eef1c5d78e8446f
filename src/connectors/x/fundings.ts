import * as z from "zod";
import type { Ask } from "./client.ts";
import { pagesOf } from "./paging.ts";

const fundingShape = z.object({
  id: z.string().min(1),
  currency: z.string().nullish(),
  created_at: z.string().nullish(),
  start_time: z.string().nullish(),
});

export interface Funding {
  readonly id: string;
  readonly currency: string;
  /** When it was made, or began; empty where X says neither. */
  readonly since: string;
}

/** The funding instruments of an account by X's own id, deleted ones too. */
export type Fundings = (ownId: string, signal: AbortSignal) => Promise<readonly Funding[]>;

/** Discovery and each slice ask for the same list. */
const knownMs = 10 * 60_000;

export const createFundings = (ask: Ask, now: () => Date): Fundings => {
  const known = new Map<string, { readonly at: number; readonly fundings: readonly Funding[] }>();
  return async (ownId, signal) => {
    const before = known.get(ownId);
    if (before && Math.abs(now().getTime() - before.at) < knownMs) return before.fundings;
    const call = { path: ["accounts", ownId, "funding_instruments"], name: "funding instruments", signal };
    const fundings: Funding[] = [];
    for await (const page of pagesOf(ask, { ...call, accountId: ownId }, fundingShape))
      for (const { id, currency, created_at, start_time } of page)
        if (currency) fundings.push({ id, currency, since: created_at ?? start_time ?? "" });
    known.set(ownId, { at: now().getTime(), fundings });
    return fundings;
  };
};

const ageOf = ({ since }: Funding): number => {
  const at = Date.parse(since);
  return Number.isNaN(at) ? Infinity : at;
};

/** The currencies of an account: that of its oldest instrument first, the others by name. */
export const currenciesOf = (fundings: readonly Funding[]): readonly string[] => {
  const byAge = [...fundings].sort((a, b) => ageOf(a) - ageOf(b) || (a.id < b.id ? -1 : 1));
  const first = byAge[0]?.currency;
  if (first === undefined) return [];
  const further = new Set(byAge.map(({ currency }) => currency).filter((currency) => currency !== first));
  return [first, ...[...further].sort()];
};
