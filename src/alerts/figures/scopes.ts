import type { SeriesRow } from "./series-row.ts";
import type { SumsAsk } from "./ask.ts";
import type { CoveredAccount } from "./coverage.ts";
import { reachOf } from "./series.ts";

/** Accounts whose figures a statement adds together. */
type Place = Pick<SeriesRow, "account" | "begunAge">;

const begunAge = ({ daily, cuts }: SumsAsk, { begunAge: age }: CoveredAccount): number =>
  daily && age !== null && age < (cuts.at(-1) ?? 0) ? age : Infinity;

/** Which accounts each ask adds together. Asks for the same share a scope. */
export const scopesOf = (asks: readonly SumsAsk[], accounts: readonly CoveredAccount[]) => {
  const places: Place[] = [];
  const pairs: { readonly scope: number; readonly account: CoveredAccount; readonly place: number }[] = [];
  const scopes = new Map<string, number>();
  const scopeOf = asks.map((ask) => {
    const names = accounts.map((account) => {
      if (account.accountKey === null || !ask.rule.matches.account(account)) return "";
      return `${reachOf(ask.rule, account)} ${String(begunAge(ask, account))}`;
    });
    const key = names.join("\n");
    const scope = scopes.get(key) ?? scopes.size;
    if (scopes.has(key)) return scope;
    scopes.set(key, scope);
    const known = new Map<string, number>();
    for (const [index, account] of accounts.entries()) {
      const name = names[index] ?? "";
      if (name === "") continue;
      const place = known.get(name) ?? places.length;
      if (!known.has(name)) places.push({ account, begunAge: begunAge(ask, account) });
      known.set(name, place);
      pairs.push({ scope, account, place });
    }
    return scope;
  });
  return { scopeOf, places, pairs, accounts: [...new Set(pairs.map(({ account }) => account))] };
};
