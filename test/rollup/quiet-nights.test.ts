import { expect, test } from "vitest";
import { learnMaturity } from "../../src/metrics/maturity/learn.ts";
import { rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { openWorld, type World } from "../sync/support.ts";

/** Rows that the warehouse and the marts were ever written, by table; every session has ended and told its counts. */
const writesOf = async (url: string): Promise<ReadonlyMap<string, number>> => {
  const database = openDatabase(url, { connections: 1 });
  try {
    const { rows } = await database.pool.query<{ name: string; writes: string }>(
      `select schemaname || '.' || relname as name, n_tup_ins + n_tup_upd + n_tup_del as writes
       from pg_stat_user_tables where schemaname in ('warehouse', 'marts', 'figures', 'partitions')
         -- The central bank publishes a new rate every day.
         and relname <> 'exchange_rate'`,
    );
    return new Map(rows.map(({ name, writes }) => [name, Number(writes)]));
  } finally {
    await database.close();
  }
};

/** A night in a process of its own: pulls the days again, rolls up by the clock, learns, and rolls up once more. */
const night = async (world: World, instant: string): Promise<void> => {
  world.setNow(instant);
  const { app, close } = await world.open();
  const { lines } = await world.sync({ from: "2026-09-13", to: "2026-09-15" }, app);
  expect(lines).toEqual([]);
  const { pool } = app.database;
  const options = { pool, reportingCurrency: "EUR", clock: () => new Date(instant) };
  await rollUpTouched(options);
  await learnMaturity({ pool, now: new Date(instant) });
  await rollUpTouched(options);
  await close();
};

const finalDays = (world: World) =>
  world.query<{ days: number }>(
    "select count(*)::integer as days from marts.cost_per_conversion_daily where is_final",
  );

test("three nights on which the platforms change nothing write no row of facts or marts, while days become final", async () => {
  const world = await openWorld({ config: { reportingCurrency: "EUR" } });
  // By then all conversions of the days have come in, and Google's last day is not final yet.
  await night(world, "2026-10-18T20:00:00Z");
  const [before] = await finalDays(world);
  const known = await writesOf(world.url);
  for (const day of ["19", "20", "21"]) await night(world, `2026-10-${day}T20:00:00Z`);
  const written = [...(await writesOf(world.url))].filter(([name, writes]) => writes !== known.get(name));
  expect(written).toEqual([]);
  expect([...known.values()].some((writes) => writes > 0)).toBe(true);
  const [after] = await finalDays(world);
  expect(after?.days).toBeGreaterThan(before?.days ?? 0);
});
