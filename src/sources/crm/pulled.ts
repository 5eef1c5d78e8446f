import type { ImportResult } from "../../imports/import-file.ts";
import type { Pulled, SourceContext } from "../source.ts";
import type { CrmPlan } from "./plan.ts";
import type { CrmSettings } from "./settings.ts";

/** A CRM that is open, as far as its records are landed. */
export interface Crm {
  readonly settings: CrmSettings;
  readonly context: SourceContext;
}

/** Rows that a landing wrote. */
const writtenBy = ({ inserted, changed, withdrawn = 0 }: ImportResult): number =>
  inserted + changed + withdrawn;

/** What a pull of a CRM's stream came to. */
export const pulledOf = (
  { now, whole, rule, state }: CrmPlan,
  result: ImportResult,
  { read, outbound }: { readonly read: number; readonly outbound: number },
): Pulled => ({
  rowsRead: read,
  rowsWritten: writtenBy(result) + outbound,
  refused: result.refused,
  mark: now,
  whole,
  state: { ...state, rule, ...(whole ? { records: read } : {}) },
});
