import { afterAll, expect, test } from "vitest";
import { createLanes } from "../../src/connectors/wire/lanes.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { sharedPlaces } from "../../src/warehouse/places.ts";
import { createDatabase } from "../support/database.ts";

const { url, drop } = await createDatabase();
const database = openDatabase(url, { connections: 6 });
const { pool } = database;
afterAll(async () => {
  await database.close();
  await drop();
});

const signal = new AbortController().signal;

/** The lanes of one process: each has places of its own in the same warehouse. */
const processLanes = (options: { readonly maxWaitMs?: number } = {}) =>
  createLanes({
    platform: "microsoft",
    shared: sharedPlaces(pool),
    now: () => new Date(),
    maxWaitMs: 10_000,
    ...options,
  });

test("lets no more into a lane than it has places, over all processes", async () => {
  const processes = [processLanes(), processLanes(), processLanes()];
  const state = { inside: 0, most: 0, done: 0 };
  await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const leave = await processes[index % 3]?.enter("busy lane", 2, signal);
      state.inside += 1;
      state.most = Math.max(state.most, state.inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      state.inside -= 1;
      state.done += 1;
      leave?.();
    }),
  );
  expect(state).toEqual({ inside: 0, most: 2, done: 12 });
});

test("lets those of another lane pass", async () => {
  const [one, other] = [processLanes(), processLanes()];
  const leave = await one.enter("first lane", 1, signal);
  (await other.enter("second lane", 1, signal))();
  leave();
});

test("gives the place of a process that died to the next, once its lease has ended", async () => {
  const holder = JSON.stringify({ host: "elsewhere", pid: 1, mark: "00000000-0000-4000-8000-000000000001" });
  const hold = (seconds: number) =>
    pool.query(
      `insert into ops.lease (name, holder, held_until)
       values ('left lane 1', $1, clock_timestamp() + make_interval(secs => $2))
       on conflict (name) do update set held_until = excluded.held_until`,
      [holder, seconds],
    );
  await hold(60);
  await expect(processLanes({ maxWaitMs: 100 }).enter("left lane", 1, signal)).rejects.toMatchObject({
    kind: "busy",
    platform: "microsoft",
    message: "left lane: other processes hold all 1 places",
  });
  await hold(-1);
  (await processLanes().enter("left lane", 1, signal))();
});

test("stops waiting at once when it is interrupted, and leaves the place to others", async () => {
  const leave = await processLanes().enter("stopped lane", 1, signal);
  const stop = new AbortController();
  const lanes = processLanes();
  const waiting = lanes.enter("stopped lane", 1, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ kind: "cancelled" });
  leave();
  (await lanes.enter("stopped lane", 1, signal))();
});
