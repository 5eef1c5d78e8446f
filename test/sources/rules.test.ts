import { expect, onTestFinished, test } from "vitest";
import { createHubspotSandbox, hubspotSandboxSettings } from "../../sandbox/hubspot/index.ts";
import { listen } from "../../sandbox/server.ts";
import { type Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";
import { configWith, night, rows } from "./support.ts";

const at = "2026-11-27T03:30:00Z";
const custom = { customStages: { "77": "Demo held", "78": "Contract sent" } };

const start = async () => {
  const sandbox = createHubspotSandbox({ clock: () => new Date(at), rateLimit: 1_000_000, ...custom });
  const server = await listen(sandbox);
  onTestFinished(() => server.close());
  const database = await freshDatabase();
  const pulled = async (leads: object = {}) => {
    server.resetRequests();
    const [contacts] = await night(
      database,
      configWith({ crm: { ...hubspotSandboxSettings(server.url), conversions: false, leads } }),
      { at },
    );
    expect(contacts?.failure).toBeNull();
    return {
      contacts,
      // What was deleted is listed each night; nothing else of the records is.
      fetched: server.requests.filter(({ path }) => /objects\/[\d-]+\/contacts\/batch/.test(path)).length,
      listed: server.requests.filter(({ path }) => /objects\/[\d-]+\/contacts$/.test(path)).length,
    };
  };
  return { database, world: sandbox.world, pulled };
};

/** A CRM so large that a night reads what changed alone. */
const growLarge = (database: Database) =>
  database.pool.query("update ops.source set state = state || '{\"records\": 60000}'");

const leads = async (database: Database) =>
  (
    await rows(
      database,
      `select lead_id, stage, date::text, qualified_date::text as qualified from warehouse.lead
       where withdrawn_at is null order by lead_id`,
    )
  ).map((row) => Object.values(row).join(" "));

const log = async (database: Database) =>
  (
    await rows(
      database,
      "select source, kind, date::text, leads::int, qualified::int from ops.source_change order by change_id",
    )
  ).map((row) => Object.values(row).join(" "));

test("another meaning of a stage books what is stored anew, fetches nothing, and is told in one line", async () => {
  const { database, world, pulled } = await start();
  world.addContact("1", "2026-11-01T10:00:00Z");
  world.setContact("1", "2026-11-05T10:00:00Z", { lifecyclestage: "77" });
  world.setContact("1", "2026-11-08T10:00:00Z", { lifecyclestage: "salesqualifiedlead" });
  world.addContact("2", "2026-11-02T10:00:00Z", { lifecyclestage: "78" });
  world.addContact("3", "2026-11-03T10:00:00Z", { lifecyclestage: "subscriber" });
  const first = await pulled();
  expect(first.contacts?.unmapped).toEqual({ "77 (Demo held)": 1, "78 (Contract sent)": 1 });
  const before = ["crm:1 sales_qualified 2026-11-01 2026-11-08"];
  expect(await leads(database)).toEqual(before);
  expect(
    await rows(
      database,
      "select lead_id, raw_stage, first_at::date::text as at from warehouse.lead_raw_stage order by 1, 3",
    ),
  ).toEqual([
    { lead_id: "crm:1", raw_stage: "lead", at: "2026-11-01" },
    { lead_id: "crm:1", raw_stage: "77", at: "2026-11-05" },
    { lead_id: "crm:1", raw_stage: "salesqualifiedlead", at: "2026-11-08" },
    { lead_id: "crm:2", raw_stage: "78", at: "2026-11-02" },
  ]);
  await growLarge(database);

  const stages = { "Demo held": "marketing_qualified", "78": "lead" };
  expect(await pulled({ stages })).toMatchObject({ fetched: 0, listed: 1 });
  expect(await leads(database)).toEqual([
    "crm:1 sales_qualified 2026-11-01 2026-11-05",
    "crm:2 lead 2026-11-02 ",
  ]);
  expect(await log(database)).toEqual(["crm reconfigured  1 0"]);

  // And back again.
  expect(await pulled()).toMatchObject({ fetched: 0, listed: 1 });
  expect(await leads(database)).toEqual(before);
  expect((await log(database)).slice(1)).toEqual(["crm reconfigured  -1 0"]);
  expect((await pulled()).contacts?.rowsWritten).toBe(0);
  expect((await log(database)).slice(2)).toEqual([]);
});

test("a value that gave no lead and gives one now is read anew, since it is not stored", async () => {
  const { database, world, pulled } = await start();
  world.addContact("1", "2026-11-01T10:00:00Z");
  world.addContact("3", "2026-11-03T10:00:00Z", { lifecyclestage: "subscriber" });
  await pulled();
  await growLarge(database);
  expect((await pulled({ stages: { subscriber: "lead" } })).listed).toBe(2);
  expect(await leads(database)).toEqual(["crm:1 lead 2026-11-01 ", "crm:3 lead 2026-11-03 "]);
  expect(await log(database)).toEqual([]);
});

test("other conditions let stored leads count or not, fetch nothing, and are told in one line", async () => {
  const { database, world, pulled } = await start();
  const field = "hs_analytics_source";
  world.addContact("1", "2026-11-01T10:00:00Z", { [field]: "PAID_SEARCH", hs_google_click_id: "Cj0one" });
  world.addContact("2", "2026-11-02T10:00:00Z", { [field]: "OFFLINE", hs_google_click_id: "Cj0two" });
  world.setContact("2", "2026-11-06T10:00:00Z", { lifecyclestage: "marketingqualifiedlead" });
  world.addContact("3", "2026-11-03T10:00:00Z", { [field]: "DIRECT_TRAFFIC" });
  const notOffline = { where: [{ field, notIn: ["OFFLINE"] }] };
  await pulled(notOffline);
  const without = ["crm:1 lead 2026-11-01 ", "crm:3 lead 2026-11-03 "];
  expect(await leads(database)).toEqual(without);
  await growLarge(database);

  expect(await pulled({ where: [{ field, in: ["OFFLINE", "DIRECT_TRAFFIC"] }] })).toMatchObject({
    fetched: 0,
    listed: 1,
  });
  const offline = ["crm:2 marketing_qualified 2026-11-02 2026-11-06", "crm:3 lead 2026-11-03 "];
  expect(await leads(database)).toEqual(offline);
  expect(await log(database)).toEqual(["crm reconfigured  0 1"]);
  // What was left out has kept its visit.
  expect(await rows(database, "select gclid, channel from warehouse.lead where lead_id = 'crm:2'")).toEqual([
    { gclid: "Cj0two", channel: "Paid Search" },
  ]);
  expect(await pulled(notOffline)).toMatchObject({ fetched: 0, listed: 1 });
  expect(await leads(database)).toEqual(without);
  expect((await log(database)).slice(1)).toEqual(["crm reconfigured  0 -1"]);
});

test("a field that is not stored yet, or holds addresses, is judged by a whole read", async () => {
  const { database, world, pulled } = await start();
  world.addContact("1", "2026-11-01T10:00:00Z", { email: "one@planted.example" });
  world.addContact("2", "2026-11-02T10:00:00Z", { email: "two@planted.example" });
  const without = (email: string) => ({ where: [{ field: "email", notIn: [email] }] });
  await pulled();
  await growLarge(database);
  expect((await pulled(without("one@planted.example"))).listed).toBe(2);
  expect(await leads(database)).toEqual(["crm:2 lead 2026-11-02 "]);
  expect(await log(database)).toEqual(["crm reconfigured  -1 0"]);
  await growLarge(database);
  expect((await pulled(without("two@planted.example"))).listed).toBe(2);
  expect(await leads(database)).toEqual(["crm:1 lead 2026-11-01 "]);
  expect(await rows(database, "select from warehouse.lead where raw_fields is not null")).toEqual([]);
});

test("another threshold of the score books what is stored anew and fetches nothing", async () => {
  const sandbox = createHubspotSandbox({
    clock: () => new Date(at),
    rateLimit: 1_000_000,
    customProperties: ["contact_score"],
  });
  const server = await listen(sandbox);
  onTestFinished(() => server.close());
  const database = await freshDatabase();
  const { world } = sandbox;
  world.addContact("1", "2026-11-01T10:00:00Z");
  world.setContact("1", "2026-11-04T10:00:00Z", { contact_score: "40" });
  world.setContact("1", "2026-11-06T10:00:00Z", { contact_score: "60" });
  world.setContact("1", "2026-11-09T10:00:00Z", { contact_score: "20" });
  const crm = { ...hubspotSandboxSettings(server.url), leads: { score: { field: "contact_score" } } };
  const bookedAt = async (qualifiedScore: number) => {
    server.resetRequests();
    await night(database, configWith({ crm }, { firstParty: { qualifiedScore } }), { at });
    await growLarge(database);
    return (await leads(database))[0]?.split(" ").at(-1);
  };
  expect(await bookedAt(50)).toBe("2026-11-06");
  expect(await bookedAt(30)).toBe("2026-11-04");
  expect(server.requests.filter(({ path }) => path.endsWith("/batch/read"))).toEqual([]);
  expect(await bookedAt(70)).toBe("");
  expect(await log(database)).toEqual([
    "configuration reconfigured  0 0",
    "configuration reconfigured  0 -1",
  ]);
});
