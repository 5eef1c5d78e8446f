import { expect, test } from "vitest";
import { rebuild, rollUpAccount } from "../../../src/metrics/rollup/rollup.ts";
import type { Database } from "../../../src/warehouse/database.ts";
import { freshDatabase } from "../../support/database.ts";
import { load, prepareAccount, scriptedAccount, scriptedConnector } from "../../support/scripted.ts";
import { digestsOf, distributedWarehouse, loseCoordinator, loseWorkers } from "./support.ts";

const window = { from: "2026-01-10", to: "2026-01-12" };

/** An account whose figures rise with `cents`; `onTotals` runs when all but its totals were read. */
const openAccount = async (database: Database) => {
  const given: { cents: number; onTotals: () => Promise<void> } = {
    cents: 100,
    onTotals: () => Promise.resolve(),
  };
  const account = scriptedAccount({});
  const day = () => ({
    ads: [
      {
        campaign: "c1",
        ad: "a1",
        cents: given.cents,
        impressions: 10,
        clicks: 5,
        conversions: [
          { action: "purchase", traffic: "paid" as const, hundredths: given.cents, valueCents: given.cents },
        ],
      },
    ],
  });
  const connector = scriptedConnector({
    account,
    days: () => ({ "2026-01-10": day(), "2026-01-11": day(), "2026-01-12": day() }),
    onStream: (name) => (name === "totals" ? given.onTotals() : undefined),
  });
  const accountKey = await prepareAccount(database.pool, connector, account);
  return {
    given,
    accountKey,
    load: () => load(database.pool, connector, { account, accountKey, ...window }),
    rollUp: () => rollUpAccount({ pool: database.pool, reportingCurrency: null }, accountKey),
  };
};

const undisturbed = async (cents: readonly number[]) => {
  const database = await freshDatabase();
  const account = await openAccount(database);
  for (account.given.cents of cents) {
    await account.load();
    await account.rollUp();
  }
  return digestsOf(database);
};

test.each([
  ["a lost worker", loseWorkers],
  ["a lost connection to the coordinator", loseCoordinator],
])(
  "%s in the middle of a load leaves the previous figures whole, and the next load completes",
  async (_, lose) => {
    const cluster = await distributedWarehouse();
    const account = await openAccount(cluster);
    await account.load();
    await account.rollUp();
    const before = await digestsOf(cluster);
    account.given.cents = 300;
    account.given.onTotals = () => lose(cluster);
    await account.load().catch(() => undefined);
    const { "ops.account_day": _days, ...after } = await digestsOf(cluster);
    const { "ops.account_day": _daysBefore, ...figures } = before;
    expect(after).toEqual(figures);
    account.given.onTotals = () => Promise.resolve();
    await account.load();
    await account.rollUp();
    expect(await digestsOf(cluster)).toEqual(await undisturbed([100, 300]));
  },
);

test("a rollup whose workers are lost over and over leaves the figures whole, and the next one makes them", async () => {
  const cluster = await distributedWarehouse();
  const account = await openAccount(cluster);
  await account.load();
  await account.rollUp();
  const before = await digestsOf(cluster);
  account.given.cents = 300;
  await account.load();
  const over = new AbortController();
  const rebuilt = rebuild({ pool: cluster.pool, reportingCurrency: null }, { from: null, to: null })
    .then(() => "made")
    .catch(() => "lost")
    .finally(() => over.abort());
  while (!over.signal.aborted) await loseWorkers(cluster).catch(() => undefined);
  // A worker that was lost between the two phases of a commit shows it once it was asked again: Citus does so each minute.
  await cluster.pool.query("select recover_prepared_transactions()");
  const daily = "figures.cost_per_conversion_daily";
  const expected = await undisturbed([100, 300]);
  expect((await digestsOf(cluster))[daily]).toBe(
    (await rebuilt) === "lost" ? before[daily] : expected[daily],
  );
  await account.rollUp();
  expect(await digestsOf(cluster)).toEqual(expected);
});
