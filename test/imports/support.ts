import { loadSourceLists } from "../../src/metrics/channels/lists.ts";
import { importFile, type ImportOptions, type ImportResult } from "../../src/imports/import-file.ts";
import { importKinds } from "../../src/imports/kinds/index.ts";
import { describeProblem } from "../../src/imports/problem.ts";
import type { Database } from "../../src/warehouse/database.ts";

const lists = await loadSourceLists();

/** What an import said and did. */
export interface Imported extends ImportResult {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Imports text (or bytes) as the command does, in chunks small enough to cut lines and characters apart. */
export const importText = async (
  database: Database,
  kind: string,
  content: string | Uint8Array,
  options: Partial<ImportOptions> = {},
): Promise<Imported> => {
  const problems: string[] = [];
  const warnings: string[] = [];
  const found = importKinds[kind];
  if (found === undefined) throw new RangeError(kind);
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const result = await importFile({
    database,
    kind: found,
    bytes: pieces(bytes, 7),
    source: `${kind}.csv`,
    context: { lists, classify: {}, timeZone: "Europe/Copenhagen" },
    onProblem: (problem) => void problems.push(describeProblem(problem)),
    onWarning: (warning) => void warnings.push(warning),
    ...options,
  });
  return { ...result, problems, warnings };
};

export const rowsOf = async (database: Database, query: string): Promise<readonly unknown[]> =>
  (await database.pool.query(query)).rows;
