import { expect, onTestFinished, test } from "vitest";
import { createHubspotSandbox, hubspotSandboxSettings } from "../../sandbox/hubspot/index.ts";
import { createLiveagentSandbox, liveagentSandboxSettings } from "../../sandbox/liveagent/index.ts";
import { type Fault, listen, type SandboxServer } from "../../sandbox/server.ts";
import { freshDatabase } from "../support/database.ts";
import { configWith, night, rows } from "./support.ts";

/** Something happens right after the first page of a listing was answered. */
const afterFirstPage = (server: SandboxServer, isPage: NonNullable<Fault["when"]>, happens: () => void) =>
  server.addFault({
    name: "meanwhile",
    when: isPage,
    strike: async (_, answer) => {
      await answer();
      happens();
    },
  });

test("a record that is edited between two pages of what changed is neither lost nor doubled, and draws no other along", async () => {
  const clock = { now: "2026-11-27T03:30:00Z" };
  const sandbox = createHubspotSandbox({ clock: () => new Date(clock.now), rateLimit: 1_000_000 });
  const server = await listen(sandbox);
  onTestFinished(() => server.close());
  const database = await freshDatabase();
  const config = configWith({ crm: { ...hubspotSandboxSettings(server.url), conversions: false } });
  const { world } = sandbox;
  world.addContact("1", "2026-11-01T10:00:00Z");
  await night(database, config, { at: clock.now });
  await database.pool.query("update ops.source set state = state || '{\"records\": 60000}'");

  // Three pages of changes, a second apart.
  const changed = Array.from({ length: 450 }, (_, index) => String(index + 1_000));
  const start = Date.parse("2026-11-27T20:00:00Z");
  for (const [index, id] of changed.entries())
    world.addContact(id, new Date(start + index * 1_000).toISOString());
  clock.now = "2026-11-28T03:30:00Z";
  server.resetRequests();
  afterFirstPage(
    server,
    ({ path }) => path.endsWith("/contacts/search"),
    () => {
      // One that was read, one at the edge of the page, one that is still to come; some go to the end, one beyond the window.
      for (const [id, at] of [
        ["1005", "2026-11-27T23:00:00Z"],
        ["1199", "2026-11-27T23:00:01Z"],
        ["1300", "2026-11-27T23:00:02Z"],
        ["1010", "2026-11-28T03:29:00Z"],
      ] as const)
        world.setContact(id, at, { lifecyclestage: "marketingqualifiedlead" });
    },
  );
  const [contacts] = await night(database, config, { at: clock.now });
  expect(contacts?.failure).toBeNull();
  expect(server.requests.filter(({ path }) => path.endsWith("/contacts/search")).length).toBeGreaterThan(2);
  const stored = await rows(
    database,
    "select lead_id from warehouse.lead where lead_id <> 'crm:1' order by 1",
  );
  expect(stored.map(({ lead_id }) => lead_id)).toEqual(changed.map((id) => `crm:${id}`));
  const qualified = "select lead_id from warehouse.lead where qualified_date is not null order by 1";
  expect((await rows(database, qualified)).map(({ lead_id }) => lead_id)).toEqual(
    ["1005", "1010", "1199", "1300"].map((id) => `crm:${id}`),
  );

  // The next night sees again what went beyond the window, and nothing comes of it.
  await database.pool.query("update ops.source set last_whole_at = '2026-11-28T03:30:00Z'");
  const [again] = await night(database, config, { at: "2026-11-28T20:30:00Z" });
  expect(again).toMatchObject({ rowsRead: 450, rowsWritten: 0, failure: null });
});

test("a ticket that is deleted between two pages takes no other with it", async () => {
  const at = "2026-10-27T03:30:00Z";
  const desk = createLiveagentSandbox({ clock: () => new Date(at) });
  const server = await listen(desk);
  onTestFinished(() => server.close());
  const database = await freshDatabase();
  const config = configWith({ support: { ...liveagentSandboxSettings(server.url), calls: false } });
  const start = Date.parse("2026-10-25T08:00:00Z");
  for (let index = 0; index < 1_200; index += 1)
    desk.addTicket({
      id: `t${String(index)}`,
      channel: "E",
      status: "N",
      at: new Date(start + index * 1_000).toISOString(),
    });
  afterFirstPage(
    server,
    ({ path }) => path.endsWith("/tickets"),
    () => {
      for (const id of ["t3", "t4", "t5"]) desk.tickets.delete(id);
    },
  );
  await night(database, config, { at });
  const figures =
    "select value::int from warehouse.measure_daily where label = 'support/email' and value > 0";
  // The three were there when they were read.
  expect(await rows(database, figures)).toEqual([{ value: 1_200 }]);
});

test.each([
  ["more of one second than a page holds", false, 0, 500],
  ["filters that look at days alone", true, 1_000, 500],
  ["pages that are smaller than was asked for", false, 1_000, 100],
  ["all of it at once", true, 20, 100],
])("tickets are all read: %s", async (_, byDay, apartMs, mostPerPage) => {
  const at = "2026-10-27T03:30:00Z";
  const desk = createLiveagentSandbox({ clock: () => new Date(at) });
  Object.assign(desk.state, { byDay, mostPerPage });
  const server = await listen(desk);
  onTestFinished(() => server.close());
  const database = await freshDatabase();
  const config = configWith({ support: { ...liveagentSandboxSettings(server.url), calls: false } });
  const start = Date.parse("2026-10-25T08:00:00Z");
  for (let index = 0; index < 1_700; index += 1)
    desk.addTicket({
      id: `t${String(index)}`,
      channel: "E",
      status: "N",
      at: new Date(start + index * apartMs).toISOString(),
    });
  const [contacts] = await night(database, config, { at });
  expect(contacts?.failure).toBeNull();
  const figures =
    "select value::int from warehouse.measure_daily where label = 'support/email' and value > 0";
  expect(await rows(database, figures)).toEqual([{ value: 1_700 }]);
});
