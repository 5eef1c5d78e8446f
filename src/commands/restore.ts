import { resolve } from "node:path";
import type { Logger } from "pino";
import { compareRollups } from "../metrics/rollup/compare.ts";
import { restore } from "../warehouse/backup/restore.ts";
import type { Database } from "../warehouse/database.ts";
import { contentOf } from "./backup.ts";
import { exitStatus } from "./errors.ts";
import { examples, type Register } from "./frame.ts";
import { asWrongUse } from "./usage.ts";

/**
 * Recomputes the rollups of a warehouse that was just filled and compares, as `costper reconcile --rollups` does.
 * @returns how many rows differ; 0 is right
 */
export const proveRestored = async (
  database: Database,
  options: {
    readonly reportingCurrency: string | undefined;
    readonly signal: AbortSignal;
    readonly log: Logger;
  },
): Promise<number> => {
  const { reportingCurrency = null, signal, log } = options;
  const differences = await compareRollups(
    { pool: database.pool, reportingCurrency, signal },
    { from: null, to: null },
  );
  const rows = differences.reduce((sum, difference) => sum + difference.rows, 0);
  if (rows > 0)
    log.warn({ differences }, "the rollups are not what the facts say; costper rollup mends them");
  return rows;
};

export const register: Register = (command, act) => {
  command
    .argument("<file>", "a file that costper backup wrote")
    .option("--force", "replace the warehouse that the database holds")
    .addHelpText(
      "after",
      examples(
        ["costper restore warehouse.zip", "into the empty database of costper.yaml"],
        [
          "costper restore warehouse.zip --force",
          "in place of what is there; roles of analysts are granted anew",
        ],
      ),
    )
    .action(
      act<{ readonly force?: boolean }>(
        async ({ globals, out, log, signal, loadConfig, openApp }, { force = false }, name = "") => {
          const { reportingCurrency } = await loadConfig();
          const { database } = await openApp({ connections: 4 });
          const manifest = await restore(database, { file: resolve(name), force, signal }).catch(asWrongUse);
          const wrong = await proveRestored(database, { reportingCurrency, signal, log });
          if (globals.json)
            out.json({ made_at: manifest.made_at, tables: manifest.tables, rollup_differences: wrong });
          else
            out.text(
              `${contentOf(manifest)}, as of ${manifest.made_at}` +
                (wrong === 0
                  ? "; the rollups are what the facts say"
                  : `; ${String(wrong)} rows of the rollups are not what the facts say: costper rollup mends them`),
            );
          return wrong === 0 ? exitStatus.done : exitStatus.failed;
        },
      ),
    );
};
