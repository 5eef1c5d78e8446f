import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { createHubspotSandbox, hubspotSandboxSettings } from "../../sandbox/hubspot/index.ts";
import { createLiveagentSandbox, liveagentSandboxSettings } from "../../sandbox/liveagent/index.ts";
import { listen } from "../../sandbox/server.ts";
import { readKpis } from "../../src/metrics/kpi/read.ts";
import { createDatabase, freshDatabase } from "../support/database.ts";
import { configWith, night, rows } from "./support.ts";

const at = "2026-11-28T03:30:00Z";
const day = "2026-11-25";
const range = { from: day, to: day };

/** A company's own systems on one day: its CRM, its help desk and its books. */
const start = async () => {
  const clock = () => new Date(at);
  const crm = createHubspotSandbox({
    clock,
    rateLimit: 1_000_000,
    currency: "DKK",
    customProperties: ["origin"],
  });
  const desk = createLiveagentSandbox({ clock });
  const [crmServer, deskServer] = await Promise.all([listen(crm), listen(desk)]);
  const { url, drop } = await createDatabase({ empty: true });
  const books = new pg.Client({ connectionString: url });
  await books.connect();
  onTestFinished(async () => {
    await Promise.all([crmServer.close(), deskServer.close(), books.end()]);
    await drop();
  });
  const database = await freshDatabase();
  const pull = (count: "deals" | "leads") =>
    night(
      database,
      configWith({
        crm: {
          ...hubspotSandboxSettings(crmServer.url),
          outbound: { field: "origin", in: ["COLD_CALL"], count },
        },
        support: liveagentSandboxSettings(deskServer.url),
        books: {
          type: "sql",
          connection: url,
          queries: [
            { kind: "costs", query: "select * from cost", mode: "replace" },
            { kind: "measures", query: "select * from call_cost", mode: "replace" },
          ],
        },
      }),
      { at },
    );
  const kpi = async (id: string) => {
    const [row] = await readKpis(database.db, { ...range, ids: [id], by: [] });
    return (
      row && [Number(row.numerator), Number(row.denominator), Number(Number(row.value).toFixed(6)), row.unit]
    );
  };
  return { crm: crm.world, desk, books, database, pull, kpi };
};

test("the formulas of the company's books come out of its sources: 170 DKK per qualified lead, cost per call in and per result out", async () => {
  const { crm, desk, books, database, pull, kpi } = await start();
  await books.query(`
    create table cost (period_start date, period_end date, cost_class text, amount numeric, currency text, external_id text);
    insert into cost values
      ('${day}', '${day}', 'ad_spend', 10000, 'DKK', 'a'), ('${day}', '${day}', 'tool', 2000, 'DKK', 'b'),
      ('${day}', '${day}', 'labour', 5000, 'DKK', 'c'), ('${day}', '${day}', 'contact_centre', 9000, 'DKK', 'd'),
      ('${day}', '${day}', 'organic_activity', 7777, 'DKK', 'e');
    create table call_cost (date date, measure text, value numeric, currency text);
    insert into call_cost values ('${day}', 'call_cost_in', 4800, 'DKK'), ('${day}', 'call_cost_out', 30000, 'DKK');`);
  for (let id = 1; id <= 120; id += 1)
    crm.addContact(String(id), `${day}T10:00:00Z`, {
      lifecyclestage: id <= 100 ? "marketingqualifiedlead" : "lead",
      ...(id <= 60 ? { origin: "COLD_CALL" } : {}),
    });
  for (let id = 1; id <= 30; id += 1)
    crm.addDeal(
      String(id),
      `${day}T11:00:00Z`,
      {
        dealstage: id <= 28 ? "closedwon" : "closedlost",
        amount: "500",
        origin: id <= 26 ? "COLD_CALL" : "WEB",
      },
      String(id),
    );
  const call = (id: number, type: "I" | "O" | "T", isAnswered: boolean) =>
    desk.addCall({
      id: `${type}${String(id)}${String(isAnswered)}`,
      type,
      at: `${day}T09:00:00Z`,
      ...(isAnswered ? { answeredAt: `${day}T09:00:10Z` } : {}),
    });
  for (let id = 0; id < 120; id += 1) call(id, "I", true);
  for (let id = 0; id < 40; id += 1) call(id, "I", false);
  for (let id = 0; id < 70; id += 1) call(id, "O", true);
  for (let id = 0; id < 9; id += 1) call(id, "T", true);
  for (let id = 0; id < 60; id += 1)
    desk.addTicket({ id: `t${String(id)}`, channel: "E", status: "R", at: `${day}T12:00:00Z` });

  expect((await pull("deals")).map(({ failure }) => failure)).toEqual(Array.from({ length: 6 }, () => null));
  expect(await kpi("cost_per_qualified_lead")).toEqual([17_000, 100, 170, "DKK"]);
  expect(await kpi("cost_per_call_inbound")).toEqual([4_800, 120, 40, "DKK"]);
  expect(await kpi("cost_per_contact")).toEqual([9_000, 180, 50, "DKK"]);
  // Operating cost by sales, or by leads.
  expect(await kpi("cost_per_call_outbound")).toEqual([30_000, 26, 1_153.846154, "DKK"]);
  expect((await pull("leads")).every(({ failure }) => failure === null)).toBe(true);
  expect(await kpi("cost_per_call_outbound")).toEqual([30_000, 60, 500, "DKK"]);
  expect(
    await rows(
      database,
      "select label, value::int from warehouse.measure_daily where measure = 'outbound_results'",
    ),
  ).toEqual([{ label: "crm", value: 60 }]);
});
