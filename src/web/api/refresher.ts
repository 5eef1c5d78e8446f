import type { Kysely } from "kysely";
import { refreshSums } from "../../metrics/rollup/refresh-sums.ts";
import type { DB } from "../../warehouse/schema.ts";

/** Brings stale sums up to date beside the answers, one run at a time. */
export const openRefresher = (db: Kysely<DB>, onFailure: (error: unknown) => void) => {
  const closing = new AbortController();
  let running: Promise<void> | undefined;
  return {
    /** Starts it unless it runs; an answer never waits for it. */
    start: (): void => {
      if (closing.signal.aborted) return;
      running ??= refreshSums(db, closing.signal)
        .catch(onFailure)
        .finally(() => {
          running = undefined;
        });
    },
    close: async (): Promise<void> => {
      closing.abort();
      await running;
    },
  };
};
