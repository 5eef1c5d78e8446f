import { afterAll, expect, test } from "vitest";
import { createLanes } from "../../src/connectors/wire/lanes.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { sharedPlaces } from "../../src/warehouse/places.ts";
import { createDatabase } from "../support/database.ts";

const { url, drop } = await createDatabase();
const { pool, close } = openDatabase(url, { connections: 6 });
afterAll(async () => {
  await close();
  await drop();
});

const signal = new AbortController().signal;

/** The lanes of one process: each has places of its own in the same warehouse. */
const processLanes = (options: { readonly maxWaitMs?: number; readonly leaseMs?: number } = {}) =>
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
  const shared = sharedPlaces(pool);
  expect(await shared.take("left lane", 1, "00000000-0000-4000-8000-000000000001", 400)).toBe(true);
  expect(await shared.take("left lane", 1, "00000000-0000-4000-8000-000000000002", 400)).toBe(false);
  (await processLanes().enter("left lane", 1, signal))();
});

test("holds a place beyond its lease while its process lives", async () => {
  const leave = await processLanes({ leaseMs: 400 }).enter("long lane", 1, signal);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await expect(processLanes({ maxWaitMs: 300 }).enter("long lane", 1, signal)).rejects.toMatchObject({
    kind: "busy",
    platform: "microsoft",
    message: "long lane: other processes hold all 1 places",
  });
  leave();
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
