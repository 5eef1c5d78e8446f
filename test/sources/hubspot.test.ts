import { expect, onTestFinished, test } from "vitest";
import pino from "pino";
import { answers, htmlPage, onPath } from "../../sandbox/faults.ts";
import {
  createHubspotSandbox,
  hubspotSandboxSettings,
  hubspotToken,
  plantedPerson,
} from "../../sandbox/hubspot/index.ts";
import {
  createLiveagentSandbox,
  liveagentKey,
  liveagentSandboxSettings,
  plantedCustomer,
} from "../../sandbox/liveagent/index.ts";
import { listen } from "../../sandbox/server.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";
import { configWith, night, type PullTest, rows, tablesWith } from "./support.ts";

const at = "2026-11-28T03:30:00Z";

const start = async (more: Readonly<Record<string, unknown>> = {}, sandboxMore: object = {}) => {
  const sandbox = createHubspotSandbox({ clock: () => new Date(at), rateLimit: 1_000_000, ...sandboxMore });
  const server = await listen(sandbox);
  onTestFinished(() => server.close());
  const config = configWith({ crm: { ...hubspotSandboxSettings(server.url), ...more } });
  return { sandbox, server, config, world: sandbox.world, database: await freshDatabase() };
};

const leads = (database: Database, columns = "lead_id") =>
  rows(database, `select ${columns} from warehouse.lead where withdrawn_at is null order by lead_id`);

test("a key that sees no record any more, or hardly any, fails the source rather than to delete", async () => {
  const { sandbox, config, database, world } = await start();
  for (let id = 1; id <= 300; id += 1) world.addContact(String(id), "2026-11-01T10:00:00Z");
  world.addDeal("9", "2026-11-02T10:00:00Z", { dealstage: "closedwon", amount: "10" }, "1");
  await night(database, config, { at });
  sandbox.state.seesNothing = true;
  const [contacts, deals] = await night(database, config, { at });
  expect(contacts?.failure).toMatchObject({
    kind: "account",
    message: "source crm: 300 of 300 leads that are known did not come; nothing was removed",
  });
  expect(deals?.outcome).toBe("failed");
  expect(await leads(database)).toHaveLength(300);
  sandbox.state.seesNothing = false;
  for (let id = 1; id <= 120; id += 1) world.erase(String(id));
  expect((await night(database, config, { at }))[0]?.failure?.kind).toBe("account");
  const [accepted] = await night(database, config, { at, acceptRemovals: true });
  expect(accepted?.failure).toBeNull();
  expect(
    await rows(
      database,
      "select count(*)::int as n from warehouse.lead where lead_id like 'erased:%' and gclid is null",
    ),
  ).toEqual([{ n: 120 }]);
  // They count as before.
  expect(
    await rows(
      database,
      "select count(*)::int as n from warehouse.lead where date = '2026-11-01' and withdrawn_at is null",
    ),
  ).toEqual([{ n: 300 }]);
});

test("a stage without a meaning is listed and gives none; named in the config, by value or by label, it counts", async () => {
  const custom = { customStages: { "153180554": "Demo held" } };
  const { server, config, database, world } = await start({}, custom);
  world.addContact("1", "2026-11-01T10:00:00Z");
  world.setContact("1", "2026-11-05T10:00:00Z", { lifecyclestage: "153180554" });
  const [contacts] = await night(database, config, { at });
  expect(contacts?.unmapped).toEqual({ "153180554 (Demo held)": 1 });
  expect(await leads(database, "stage, qualified_date::text")).toEqual([
    { stage: null, qualified_date: null },
  ]);
  const named = configWith({
    crm: { ...hubspotSandboxSettings(server.url), leads: { stages: { "Demo held": "sales_qualified" } } },
  });
  const [again] = await night(database, named, { at });
  expect(again?.unmapped).toEqual({});
  expect(await leads(database, "stage, qualified_date::text")).toEqual([
    { stage: "sales_qualified", qualified_date: "2026-11-05" },
  ]);
});

test("deleted in the CRM, a lead counts on without what leads back; restored it is the same again, and dropped it counts nowhere", async () => {
  const { server, config, database, world } = await start();
  world.addContact("1", "2026-11-01T10:00:00Z", { hs_google_click_id: "Cj0one" });
  world.addContact("2", "2026-11-01T10:00:00Z");
  await night(database, config, { at });
  world.archive("1", "2026-11-20T10:00:00Z");
  await night(database, config, { at });
  const state = "lead_id, gclid, channel, deleted_at is not null as deleted";
  expect((await leads(database, state))[0]).toEqual({
    lead_id: "crm:1",
    gclid: null,
    channel: "Paid Search",
    deleted: true,
  });
  expect((await night(database, config, { at })).map(({ rowsWritten }) => rowsWritten)).toEqual([0, 0]);
  world.restore("1", "2026-11-21T10:00:00Z");
  await night(database, config, { at });
  expect((await leads(database, state))[0]).toMatchObject({ gclid: "Cj0one", deleted: false });
  world.archive("1", "2026-11-22T10:00:00Z");
  const dropping = configWith({ crm: { ...hubspotSandboxSettings(server.url), leads: { deleted: "drop" } } });
  await night(database, dropping, { at });
  expect(await leads(database)).toEqual([{ lead_id: "crm:2" }]);
});

test("many records at one instant, a search that ends at its limit and one that lags lose nothing", async () => {
  const { sandbox, config, database, world, server } = await start({ since: "2026-01-01" });
  world.addContact("1", "2026-11-01T10:00:00Z");
  await night(database, config, { at: "2026-11-27T03:30:00Z" });
  // An import of 12,000 at one millisecond, between single changes.
  world.addContact("2", "2026-11-27T09:00:00Z");
  for (let id = 10; id < 12_010; id += 1) world.addContact(String(id), "2026-11-27T10:00:00.123Z");
  world.addContact("20000", "2026-11-27T11:00:00Z");
  await database.pool.query("update ops.source set state = state || '{\"records\": 60000}'");
  server.resetRequests();
  const [contacts] = await night(database, config, { at });
  expect(contacts?.failure).toBeNull();
  expect(await rows(database, "select count(*)::int as n from warehouse.lead")).toEqual([{ n: 12_003 }]);
  expect(server.requests.some(({ path }) => path.endsWith("/contacts/search"))).toBe(true);
  expect(sandbox.state.seesNothing).toBe(false);
}, 120_000);

test("a property that the portal does not have is refused by name, not read as empty", async () => {
  const { config, database } = await start({ leads: { score: { field: "contact_scroe" } } });
  const [contacts] = await night(database, config, { at });
  expect(contacts?.failure).toMatchObject({
    kind: "request",
    message: "source crm: contacts have no property contact_scroe (leads.score.field)",
  });
});

test("what HubSpot refuses is told by kind, with its code and no text of its own", async () => {
  const { sandbox, server, config, database, world } = await start({ conversions: false });
  world.addContact("1", "2026-11-01T10:00:00Z");
  const failureOf = async (more: PullTest = {}) =>
    (await night(database, config, { at, ...more }))[0]?.failure;
  sandbox.state.isRevoked = true;
  const revoked = await failureOf();
  expect(revoked).toMatchObject({ kind: "credentials", code: "INVALID_AUTHENTICATION" });
  expect(JSON.stringify([revoked?.message, revoked?.remedy])).not.toContain(hubspotToken);
  sandbox.state.isRevoked = false;
  sandbox.state.missingScopes = ["crm.objects.contacts.read"];
  expect(await failureOf()).toMatchObject({
    kind: "account",
    remedy: "give the service key the scopes crm.objects.contacts.read",
  });
  sandbox.state.missingScopes = [];
  const inList = onPath("/crm/objects/");
  server.addFault(
    answers(429, { category: "RATE_LIMITS", policyName: "DAILY" }, { when: inList, times: 99 }),
  );
  expect(await failureOf()).toMatchObject({ kind: "busy", retryAt: new Date("2026-11-29T00:05:00Z") });
  // The other two pass by themselves: the pull waits, and goes on.
  const running = () => new Date(Date.parse(at) + performance.now());
  for (const policyName of ["TEN_SECONDLY_ROLLING", "SECONDLY"]) {
    server.clearFaults();
    server.addFault(answers(429, { category: "RATE_LIMITS", policyName }, { when: inList, times: 1 }));
    expect([policyName, await failureOf({ now: running })]).toEqual([policyName, null]);
  }
  for (const [status, kind] of [
    [400, "request"],
    [404, "request"],
    [423, "transient"],
    [500, "transient"],
  ] as const) {
    server.clearFaults();
    server.addFault(
      answers(
        status,
        { category: "VALIDATION_ERROR", message: "agathe@planted.example" },
        { when: inList, times: 99 },
      ),
    );
    const failure = await failureOf();
    expect([status, failure?.kind]).toEqual([status, kind]);
    expect(failure?.message).not.toContain("planted");
  }
  server.clearFaults();
  server.addFault(htmlPage(200, { when: inList, times: 99 }));
  expect((await failureOf())?.kind).toBe("transient");
  server.clearFaults();
  sandbox.state.dailyLeft = 60_000;
  expect((await failureOf())?.kind).toBe("busy");
});

test("no name, address or number of the CRM or the help desk is anywhere in the database or the log", async () => {
  const { server, database, world } = await start();
  const desk = createLiveagentSandbox({ clock: () => new Date(at) });
  const deskServer = await listen(desk);
  onTestFinished(() => deskServer.close());
  const config = configWith({
    crm: { ...hubspotSandboxSettings(server.url), leads: { emailHash: true } },
    support: liveagentSandboxSettings(deskServer.url),
  });
  const person = plantedPerson("1");
  world.addContact("1", "2026-11-01T10:00:00Z", {
    hs_analytics_first_url: `https://shop.example/?utm_source=google&utm_medium=cpc&utm_content=${encodeURIComponent(person.email)}&email=${encodeURIComponent(person.email)}&name=${person.firstname}&gclid=Cj0ok`,
    hs_analytics_first_referrer: `https://www.google.com/search?q=${person.lastname}`,
  });
  world.addDeal("9", "2026-11-02T10:00:00Z", { dealstage: "closedwon", amount: "10" }, "1");
  desk.addCall({ id: "a", type: "I", at: "2026-11-27T10:00:00Z", answeredAt: "2026-11-27T10:00:05Z" });
  desk.addTicket({ id: "t", channel: "E", status: "N", at: "2026-11-27T10:00:00Z" });
  let logged = "";
  const log = pino({ level: "trace" }, { write: (line: string) => void (logged += line) });
  const results = await night(database, config, { at, log });
  expect(results.map(({ failure }) => failure)).toEqual([null, null, null, null]);
  expect(results[0]?.redacted).toEqual({ content: 1 });
  expect(
    await leads(database, "gclid, source, referrer_host, content, length(email_sha256) as hash"),
  ).toEqual([{ gclid: "Cj0ok", source: "google", referrer_host: "www.google.com", content: null, hash: 64 }]);
  expect(logged).toContain("source is loaded");
  const secrets = [hubspotToken, liveagentKey];
  const digits = [person.phone, plantedCustomer.fromNumber].flatMap((number) => [
    number,
    number.replaceAll(/\D/g, "").slice(2),
  ]);
  const words = [
    "Planted",
    "planted",
    "Agathe",
    "agathe",
    "Bodil",
    ...Object.values(person).filter((text) => text.length > 4),
    ...digits,
    ...secrets,
  ];
  for (const word of words) {
    expect([word, await tablesWith(database, word)]).toEqual([word, []]);
    expect([word, logged.includes(word)]).toEqual([word, false]);
  }
});
