/** Where a table lives when the warehouse is distributed over several nodes; on one node all live together. */
export type Placement = "by account" | "everywhere" | "coordinator";

/** Small, and joined to what is distributed: every node has a copy. */
const everywhere: ReadonlySet<string> = new Set([
  "warehouse.account",
  "warehouse.platform",
  "marts.conversion_maturity",
]);

/** They name an account and are never joined to its figures: the ledger is claimed across all accounts. */
const coordinator: ReadonlySet<string> = new Set(["ops.job"]);

/** The table that all others by account lie beside. */
export const anchorTable = "warehouse.ad_daily";

export const accountColumn = "account_key";

/** The rule of three kinds: what carries the account lies with it, a few are everywhere, the rest is on the coordinator. */
export const placementOf = (table: string, carriesAccount: boolean): Placement =>
  everywhere.has(table)
    ? "everywhere"
    : carriesAccount && !coordinator.has(table)
      ? "by account"
      : "coordinator";
