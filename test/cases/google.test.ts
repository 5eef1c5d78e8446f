import { expect, test } from "vitest";
import { googleSettings, serveGoogle } from "./google-server.ts";
import { answersOf } from "./platforms.ts";
import { openCase } from "./world.ts";

const day = { from: "2026-10-05", to: "2026-10-05" };

const open = async () => {
  const google = googleSettings(await serveGoogle({ answers: await answersOf("google-lead-form") }));
  return openCase({ config: { connectors: { google } }, now: "2026-10-06T12:00:00Z" });
};

const figures = `select conversions::float8, organic_conversions::float8, cost_per_conversion::float8
  from marts.cost_per_conversion_daily`;

test("leads of a form that Google hosts were brought by the ad as the purchases were", async () => {
  const { sync, query, days } = await open();
  expect((await sync(day)).lines).toEqual([]);
  expect(await query(figures)).toEqual([
    { conversions: 10, organic_conversions: 0, cost_per_conversion: 10 },
  ]);
  expect(await days()).toMatchObject([{ state: "complete" }]);
});
