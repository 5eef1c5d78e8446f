import type { Database } from "../warehouse/database.ts";
import { inTransaction, setLocal } from "../warehouse/transaction.ts";
import { attribute } from "./first-party/attribution.ts";
import { bookLeads } from "./first-party/bookings.ts";
import {
  addOrders,
  allDays,
  allowLoops,
  type FirstPartyDue,
  dueDays,
  findDue,
  noteDays,
  takeMarks,
} from "./first-party/due.ts";
import { rollUpExclusions } from "./first-party/exclusions.ts";
import { everConverted, rollUpChannels, rollUpPaid } from "./first-party/marts.ts";
import { isOtherMaker, isOtherSeen } from "./first-party/memory.ts";
import { reclassify } from "./first-party/reclassify.ts";
import type { FirstPartySettings } from "./first-party/settings.ts";
import { settleSpans } from "./first-party/spans.ts";
import { inParts } from "./in-parts.ts";
import { kpiStatements, measuresSeen, rollUpKpis, rollUpMeasures } from "./kpi/roll-up.ts";

/** Settles what leads and conversions are; the days that this concerns are due afterwards. */
const settle = async (due: FirstPartyDue): Promise<void> => {
  await findDue(due, "lead");
  await noteDays(due, "lead");
  await bookLeads(due);
  await attribute(due, "lead");
  await noteDays(due, "lead");
  await findDue(due, "conversion");
  await noteDays(due, "conversion");
  await attribute(due, "conversion");
  await settleSpans(due);
  await addOrders(due);
  await rollUpExclusions(due);
  await noteDays(due, "conversion");
};

const makeMarts = async (due: FirstPartyDue): Promise<void> => {
  const marked = await dueDays(due);
  if (marked.length === 0) return;
  const converted = await everConverted(due);
  const isFirst = await isOtherSeen(due, "conversions", converted);
  await allowLoops(due.client, false);
  for (const days of inParts(isFirst ? await allDays(due) : marked))
    await rollUpChannels(due, days, converted);
  for (const days of inParts(marked)) {
    await rollUpPaid(due, days);
    await rollUpMeasures(due, days);
  }
  const seen = await measuresSeen(due);
  const isOther = await isOtherSeen(due, "measures", seen);
  for (const days of inParts(isOther ? await allDays(due) : marked)) await rollUpKpis(due, days, seen);
};

/**
 * Decides channel and campaign of leads and conversions and makes the first-party marts again, in one transaction, as
 * far as what they are made from changed since the last time. Rows that come out the same stay untouched. Run it after
 * an import and after a rollup of the platforms' facts: a campaign that became known, or spend that came in, moves
 * conversions. One at a time: a second one waits.
 * @param options.whole everything, marked or not
 */
export const rollUpFirstParty = async (options: {
  readonly database: Database;
  readonly settings: FirstPartySettings;
  readonly whole?: boolean;
  readonly signal?: AbortSignal;
}): Promise<void> => {
  const { settings, signal } = options;
  await inTransaction(
    options.database.pool,
    async (client) => {
      await client.query("select ops.hold('costper.first_party')");
      if (settings.classify) await reclassify(client, settings.classify);
      const isOther = await isOtherMaker(client, settings, kpiStatements);
      // What is settled here is no change that anybody has to be told of.
      await client.query(setLocal({ "costper.settles": "on", jit: "off", work_mem: "64MB" }));
      await takeMarks(client);
      const due = { client, settings, whole: isOther || options.whole === true };
      await settle(due);
      await makeMarts(due);
    },
    signal,
  );
};
