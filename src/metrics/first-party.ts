import type { Database } from "../warehouse/database.ts";
import { inTransaction, setLocal } from "../warehouse/transaction.ts";
import { rollUpKpis } from "./kpi/roll-up.ts";
import { attribute } from "./first-party/attribution.ts";
import { bookLeads } from "./first-party/bookings.ts";
import { rollUpExclusions } from "./first-party/exclusions.ts";
import { rollUpChannels, rollUpPaid } from "./first-party/marts.ts";
import { reclassify } from "./first-party/reclassify.ts";
import type { FirstPartySettings } from "./first-party/settings.ts";

/**
 * Decides channel and campaign of every lead and conversion and rebuilds the first-party marts, in one transaction.
 * Rows that come out the same stay untouched. Run it after an import and after a rollup of the platforms' facts:
 * a campaign that became known, or spend that came in, moves conversions. One at a time: a second one waits.
 */
export const rollUpFirstParty = async (options: {
  readonly database: Database;
  readonly settings: FirstPartySettings;
  readonly signal?: AbortSignal;
}): Promise<void> => {
  const { settings, signal } = options;
  await inTransaction(
    options.database.pool,
    async (client) => {
      await client.query("select ops.hold('costper.first_party')");
      if (settings.classify) await reclassify(client, settings.classify);
      // The planner thinks that the intermediate relations are tiny, and would loop over them pair by pair.
      await client.query(setLocal({ enable_nestloop: "off", jit: "off", work_mem: "64MB" }));
      await bookLeads(client, settings);
      await attribute(client, settings);
      await rollUpExclusions(client, settings);
      await rollUpChannels(client, settings);
      await rollUpPaid(client, settings);
      await rollUpKpis(client, settings);
    },
    signal,
  );
};
