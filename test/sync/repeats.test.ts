import { expect, test } from "vitest";
import { googleFaults, onQuery } from "../../sandbox/google/index.ts";
import { openWorld } from "./support.ts";

test("rows that a platform sends twice are counted once, in an empty warehouse and in a full one", async () => {
  const world = await openWorld({ platforms: ["google"] });
  const { google } = world.sandbox.servers;
  const range = { from: "2026-09-13", to: "2026-09-15" };
  google.addFault(googleFaults.repeatedBatch(0, { when: onQuery(), times: 1_000 }));
  const twice = await world.sync(range);
  google.clearFaults();
  const outcomes = ({ json }: typeof twice) => new Set(json.slices.map(({ outcome }) => outcome));
  // One account of the sandbox is closed.
  expect(outcomes(twice)).toEqual(new Set(["done", "closed"]));
  expect(twice.json.slices.some(({ rows_written }) => rows_written > 0)).toBe(true);
  const once = await world.sync(range);
  expect(outcomes(once)).toEqual(outcomes(twice));
  expect(once.json.slices.every(({ rows_written }) => rows_written === 0)).toBe(true);
  expect(twice.json.slices.reduce((sum, { rows_read }) => sum + rows_read, 0)).toBeGreaterThan(
    once.json.slices.reduce((sum, { rows_read }) => sum + rows_read, 0),
  );
});
