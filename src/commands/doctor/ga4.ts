import type { Logger } from "pino";
import { createGa4Client } from "../../connectors/ga4/client.ts";
import type { Ga4Settings } from "../../connectors/ga4/settings.ts";
import { addDays, dayAt } from "../../domain/day.ts";
import { type Check, failed, ok } from "./checks.ts";

/** Whether the credentials are taken and reach every property: one small report of each. */
export async function* checkGa4(
  settings: Ga4Settings,
  options: { readonly log: Logger; readonly signal: AbortSignal; readonly now: () => Date },
): AsyncGenerator<Check> {
  const { log, signal, now } = options;
  const client = createGa4Client({ settings, log, now });
  const day = addDays(dayAt(now(), "UTC"), -1);
  let reached = 0;
  for (const property of settings.properties)
    try {
      await client.runReport({ property, day, dimensions: ["date"], metrics: ["sessions"] }, signal);
      reached += 1;
    } catch (error) {
      signal.throwIfAborted();
      yield failed("ga4", error);
    }
  if (reached > 0)
    yield ok(
      "ga4",
      `credentials work; ${String(reached)} of ${String(settings.properties.length)} properties answer`,
    );
}
