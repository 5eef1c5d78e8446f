import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { answers, htmlPage, onPath } from "../../sandbox/faults.ts";
import {
  createSalesforceSandbox,
  idOf,
  plantedLead,
  salesforceSandboxSettings,
  salesforceSecret,
} from "../../sandbox/salesforce/index.ts";
import { listen } from "../../sandbox/server.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";
import { configWith, night, rows, tablesWith } from "./support.ts";

const at = "2026-11-28T03:30:00Z";
const stages = { Open: "lead", Working: "lead", Qualified: "marketing_qualified" };
const lead = (number: number) => idOf("00Q", number);
const deal = (number: number) => idOf("006", number);

const start = async (more: Readonly<Record<string, unknown>> = {}, sandboxMore: object = {}) => {
  const sandbox = createSalesforceSandbox(sandboxMore);
  const server = await listen(sandbox);
  onTestFinished(() => server.close());
  const configOf = (own: Readonly<Record<string, unknown>>) =>
    configWith(
      {
        sales: {
          ...salesforceSandboxSettings(server.url),
          leads: { stages, disqualified: ["Junk"], visit: { gclid: "GCLID__c" } },
          ...own,
        },
      },
      { firstParty: { qualifiedScore: 50 }, reportingCurrency: "EUR" },
    );
  return {
    sandbox,
    server,
    configOf,
    config: configOf(more),
    org: sandbox.org,
    database: await freshDatabase(),
  };
};

const leadsIn = (database: Database, columns = "lead_id") =>
  rows(database, `select ${columns} from warehouse.lead where withdrawn_at is null order by lead_id`);

const changes = async (database: Database) =>
  (
    await rows(
      database,
      "select kind, date::text, leads::int, customers::int, conversions::int from ops.source_change order by change_id",
    )
  ).map(({ kind, date, leads, customers, conversions }) =>
    [kind, date, leads, customers, conversions].map(String).join(" "),
  );

test("leads are booked by the history of their Status, customers by won opportunities, night by night", async () => {
  const { config, database, org } = await start();
  const after = async (day: string, ...happened: readonly (() => void)[]) => {
    for (const happens of happened) happens();
    const results = await night(database, config, { at: `${day}T22:30:00Z` });
    expect(results.map(({ failure }) => failure)).toEqual([null, null]);
    const [figures] = await rows(
      database,
      `select (select count(*)::int from warehouse.lead where date = '2026-11-02' and withdrawn_at is null) as leads,
        (select coalesce(jsonb_object_agg(d, n), '{}') from (select qualified_date as d, count(*) as n from warehouse.lead
          where qualified_date is not null and withdrawn_at is null group by 1) q) as qualified,
        (select coalesce(jsonb_object_agg(customer_date, lead_id), '{}') from warehouse.lead where customer_date is not null) as customers,
        (select coalesce(jsonb_object_agg(c.date, c.value::float8), '{}') from warehouse.first_party_conversion c
          where conversion_name = 'deal_won' and retracted_at is null) as won`,
    );
    return figures;
  };
  const qualified = { "2026-11-05": 1 };

  expect(
    await after(
      "2026-11-09",
      () => org.addLead(lead(1), "2026-11-01T23:30:00Z", { GCLID__c: "Cj0first" }),
      () => org.addLead(lead(2), "2026-11-02T09:00:00Z", { GCLID__c: "Cj0second" }),
      () => org.addLead(lead(3), "2026-11-02T10:00:00Z"),
      () => org.setLead(lead(1), "2026-11-05T11:00:00Z", { Status: "Qualified" }),
      () => org.setLead(lead(1), "2026-11-07T11:00:00Z", { Status: "Working" }),
    ),
  ).toEqual({ leads: 3, qualified, customers: {}, won: {} });

  expect(await after("2026-11-10", () => org.merge(lead(3), lead(2), "2026-11-10T08:00:00Z"))).toMatchObject({
    leads: 2,
    qualified,
  });
  expect(await changes(database)).toEqual(["merged 2026-11-02 -1 0 0"]);

  expect(
    await after(
      "2026-11-15",
      () => org.addOpportunity(deal(9), "2026-11-12T10:00:00Z", { Amount: 1000 }),
      () => org.convert(lead(1), "2026-11-12T10:00:00Z", deal(9)),
      () => org.setOpportunity(deal(9), "2026-11-15T10:00:00Z", { StageName: "Closed Won" }),
    ),
  ).toEqual({
    leads: 2,
    qualified,
    customers: { "2026-11-15": `sales:${lead(1)}` },
    won: { "2026-11-15": 1000 },
  });
  expect(await leadsIn(database, "stage, stage_at")).toEqual([
    { stage: "opportunity", stage_at: new Date("2026-11-12T11:00:00Z") },
    { stage: "lead", stage_at: new Date("2026-11-02T09:00:00Z") },
  ]);

  // Reopened: the sale is taken back, and nobody is a customer any more.
  expect(
    await after("2026-11-18", () =>
      org.setOpportunity(deal(9), "2026-11-18T10:00:00Z", { StageName: "Negotiation" }),
    ),
  ).toEqual({ leads: 2, qualified, customers: {}, won: {} });
  expect((await changes(database)).slice(1)).toEqual([
    "retracted 2026-11-15 0 0 -1",
    "corrected 2026-11-15 0 -1 0",
  ]);

  expect(
    await after("2026-11-25", () =>
      org.setOpportunity(deal(9), "2026-11-25T10:00:00Z", { StageName: "Closed Won", Amount: 900.5 }),
    ),
  ).toEqual({
    leads: 2,
    qualified,
    customers: { "2026-11-25": `sales:${lead(1)}` },
    won: { "2026-11-25": 900.5 },
  });

  // Gone from the recycle bin as well: the whole read makes it anonymous.
  expect(
    await after(
      "2026-11-26",
      () => org.purge("Lead", lead(2)),
      () => org.purge("Lead", lead(3)),
    ),
  ).toMatchObject({ leads: 2, qualified });
  for (const trace of [lead(2), lead(3), "Cj0second"])
    expect([trace, await tablesWith(database, trace)]).toEqual([trace, []]);

  const again = await night(database, config, { at: "2026-11-27T22:30:00Z" });
  expect(again.map(({ rowsWritten }) => rowsWritten)).toEqual([0, 0]);
});

test("of a large org only what changed is read, with a day's overlap; what was deleted comes by its log", async () => {
  const { sandbox, config, database, org, server } = await start({ since: "2026-01-01" });
  for (let number = 1; number <= 6; number += 1)
    org.addLead(lead(number), "2026-11-10T10:00:00Z", { GCLID__c: `Cj0${String(number)}` });
  org.addOpportunity(deal(1), "2026-11-10T10:00:00Z", { StageName: "Closed Won", Amount: 5 });
  await night(database, config, { at: "2026-11-26T03:30:00Z" });
  const grown = () => database.pool.query(`update ops.source set state = state || '{"records": 60000}'`);
  await grown();
  sandbox.asked.splice(0);
  // Committed late, with a time before the last pull; deleted; deleted and gone from the bin; merged; restored.
  org.addLead(lead(7), "2026-11-25T12:00:00Z");
  org.setLead(lead(1), "2026-11-26T10:00:00Z", { Status: "Qualified" });
  org.remove("Lead", lead(2), "2026-11-26T10:00:00Z");
  org.remove("Lead", lead(3), "2026-11-26T10:00:00Z");
  org.purge("Lead", lead(3));
  org.merge(lead(4), lead(5), "2026-11-26T10:00:00Z");
  org.remove("Lead", lead(6), "2026-11-26T10:00:00Z");
  org.restore("Lead", lead(6), "2026-11-26T11:00:00Z");
  org.remove("Opportunity", deal(1), "2026-11-26T12:00:00Z");
  org.purge("Opportunity", deal(1));
  const results = await night(database, config, { at: "2026-11-27T03:30:00Z" });
  expect(results.map(({ failure }) => failure)).toEqual([null, null]);
  expect(sandbox.asked.find((soql) => soql.includes("FROM Lead WHERE SystemModstamp"))).toMatch(
    /WHERE SystemModstamp >= 2026-11-25T03:30:00Z AND SystemModstamp < 2026-11-27T03:25:01Z ORDER BY SystemModstamp, Id$/,
  );
  expect(
    await leadsIn(database, "lead_id, gclid, deleted_at is not null as deleted, qualified_date::text as on"),
  ).toEqual([
    { lead_id: `sales:${lead(1)}`, gclid: "Cj01", deleted: false, on: "2026-11-26" },
    { lead_id: `sales:${lead(2)}`, gclid: null, deleted: true, on: null },
    { lead_id: `sales:${lead(3)}`, gclid: null, deleted: true, on: null },
    { lead_id: `sales:${lead(5)}`, gclid: "Cj05", deleted: false, on: null },
    { lead_id: `sales:${lead(6)}`, gclid: "Cj06", deleted: false, on: null },
    { lead_id: `sales:${lead(7)}`, gclid: null, deleted: false, on: null },
  ]);
  expect(
    await rows(
      database,
      "select count(*)::int as n from warehouse.first_party_conversion where retracted_at is null",
    ),
  ).toEqual([{ n: 0 }]);
  await grown();
  expect(
    (await night(database, config, { at: "2026-11-27T03:31:00Z" })).map(({ rowsWritten }) => rowsWritten),
  ).toEqual([0, 0]);
  // A log that does not reach back so far asks for everything: what it hides is found missing.
  await grown();
  org.purge("Lead", lead(7));
  sandbox.state.logSince = "2026-11-26T12:00:00.000+0000";
  server.resetRequests();
  const [whole] = await night(database, config, { at: "2026-11-27T04:30:00Z" });
  expect(whole?.failure).toBeNull();
  expect(await tablesWith(database, lead(7))).toEqual([]);
}, 60_000);

test("short pages, a session that ends on the way, a lost locator and a query that takes too long lose nothing", async () => {
  const { sandbox, config, database, org, server } = await start({ conversions: false });
  // The data are on another host than the sign-in.
  const data = await listen(sandbox);
  onTestFinished(() => data.close());
  sandbox.state.instanceUrl = data.url;
  for (let number = 1; number <= 300; number += 1)
    org.addLead(
      lead(number),
      new Date(Date.parse("2026-10-01T10:00:00Z") + number * 7_200_000).toISOString(),
    );
  sandbox.state.pageSize = 20;
  sandbox.state.requestsPerToken = 7;
  sandbox.state.mostRows = 100;
  sandbox.state.losesLocators = true;
  const [read] = await night(database, config, { at });
  expect(read?.failure).toBeNull();
  expect(await rows(database, "select count(*)::int as n from warehouse.lead")).toEqual([{ n: 300 }]);
  expect((await night(database, config, { at }))[0]?.rowsWritten).toBe(0);
  expect(new Set(server.requests.map(({ path }) => path))).toEqual(new Set(["/services/oauth2/token"]));
  expect(data.requests.some(({ path }) => path.includes("/query/Lead-"))).toBe(true);
}, 60_000);

test("a user who sees no record any more, or hardly any, fails the source rather than to delete", async () => {
  const { sandbox, config, database, org } = await start();
  for (let number = 1; number <= 300; number += 1) org.addLead(lead(number), "2026-11-01T10:00:00Z");
  org.addOpportunity(deal(1), "2026-11-02T10:00:00Z", { StageName: "Closed Won", Amount: 10 });
  await night(database, config, { at });
  sandbox.state.seesNothing = true;
  const [leads, deals] = await night(database, config, { at });
  expect(leads?.failure).toMatchObject({
    kind: "account",
    message: "source sales: 300 of 300 leads that are known did not come; nothing was removed",
  });
  expect(deals?.outcome).toBe("failed");
  sandbox.state.seesNothing = false;
  for (let number = 1; number <= 120; number += 1) org.purge("Lead", lead(number));
  expect((await night(database, config, { at }))[0]?.failure?.kind).toBe("account");
  expect(await leadsIn(database)).toHaveLength(300);
  expect((await night(database, config, { at, acceptRemovals: true }))[0]?.failure).toBeNull();
  expect(
    await rows(database, "select count(*)::int as n from warehouse.lead where lead_id like 'erased:%'"),
  ).toEqual([{ n: 120 }]);
});

test("without a history a stage counts from the pull that saw it, and another rule keeps what was seen", async () => {
  const { sandbox, configOf, database, org } = await start();
  sandbox.state.hasHistory = false;
  const scored = (more: object = {}) =>
    configOf({ leads: { stages, disqualified: ["Junk"], score: { field: "score__C" }, ...more } });
  org.addLead(lead(1), "2026-11-01T10:00:00Z", { Score__c: 80 });
  org.addLead(lead(2), "2026-11-01T10:00:00Z");
  org.addLead(lead(3), "2026-11-01T10:00:00Z");
  await night(database, scored(), { at: "2026-11-10T03:30:00Z" });
  org.setLead(lead(1), "2026-11-11T10:00:00Z", { Score__c: 5 });
  org.setLead(lead(2), "2026-11-11T10:00:00Z", { Status: "Qualified" });
  org.setLead(lead(3), "2026-11-11T10:00:00Z", { Status: "Junk" });
  await night(database, scored(), { at: "2026-11-12T03:30:00Z" });
  const days = () => leadsIn(database, "score::int, qualified_date::text as qualified, lost_at");
  const seen = [
    { score: 5, qualified: "2026-11-10", lost_at: null },
    { score: null, qualified: "2026-11-12", lost_at: null },
    { score: null, qualified: null, lost_at: new Date("2026-11-11T10:00:00Z") },
  ];
  expect(await days()).toEqual(seen);
  expect(
    (await night(database, scored(), { at: "2026-11-13T03:30:00Z" })).map(({ rowsWritten }) => rowsWritten),
  ).toEqual([0, 0]);
  // Another visit, and then another name of a stage: the days stay.
  await night(database, scored({ visit: { gclid: "GCLID__c" } }), { at: "2026-11-14T03:30:00Z" });
  expect(await days()).toEqual(seen);
  const renamed = { visit: { gclid: "GCLID__c" }, stages: { ...stages, Qualified: "sales_qualified" } };
  await night(database, scored(renamed), { at: "2026-11-15T03:30:00Z" });
  expect(await days()).toEqual(seen);
  expect(await leadsIn(database, "stage")).toEqual([
    { stage: "lead" },
    { stage: "sales_qualified" },
    { stage: null },
  ]);
});

test("a Status without a meaning is listed, named by value or label it counts, and what is excluded counts nowhere", async () => {
  const { configOf, database, org } = await start({}, { labels: { Working: "Demo held" } });
  org.addLead(lead(1), "2026-11-01T10:00:00Z", { LeadSource: "Web", Score__c: 1 });
  org.setLead(lead(1), "2026-11-05T10:00:00Z", { Status: "Working" });
  org.addLead(lead(2), "2026-11-01T10:00:00Z", { LeadSource: "Partner" });
  const unknown = configOf({ leads: { stages: { Open: "lead" } } });
  expect((await night(database, unknown, { at }))[0]?.unmapped).toEqual({ "Working (Demo held)": 1 });
  const known = configOf({
    leads: {
      stages: { Open: "lead", "Demo held": "sales_qualified" },
      channels: { Web: "Organic Search" },
      where: [{ field: "LeadSource", notIn: ["Partner"] }],
    },
  });
  const [leads] = await night(database, known, { at });
  expect(leads?.unmapped).toEqual({});
  expect(await leadsIn(database, "lead_id, stage, channel, qualified_date::text as on")).toEqual([
    { lead_id: `sales:${lead(1)}`, stage: "sales_qualified", channel: "Organic Search", on: "2026-11-05" },
  ]);
  expect((await night(database, known, { at })).map(({ rowsWritten }) => rowsWritten)).toEqual([0, 0]);
});

test("deleted in Salesforce a lead counts on without what leads back; restored it is the same, dropped it is gone", async () => {
  const { config, configOf, database, org } = await start({
    leads: { stages, visit: { gclid: "GCLID__c" } },
  });
  org.addLead(lead(1), "2026-11-01T10:00:00Z", { GCLID__c: "Cj0one" });
  org.addLead(lead(2), "2026-11-01T10:00:00Z");
  await night(database, config, { at });
  org.remove("Lead", lead(1), "2026-11-20T10:00:00Z");
  await night(database, config, { at });
  const state = "gclid, channel, deleted_at is not null as deleted";
  expect((await leadsIn(database, state))[0]).toEqual({ gclid: null, channel: "Paid Search", deleted: true });
  expect((await night(database, config, { at })).map(({ rowsWritten }) => rowsWritten)).toEqual([0, 0]);
  org.restore("Lead", lead(1), "2026-11-21T10:00:00Z");
  await night(database, config, { at });
  expect((await leadsIn(database, state))[0]).toMatchObject({ gclid: "Cj0one", deleted: false });
  org.remove("Lead", lead(1), "2026-11-22T10:00:00Z");
  await night(database, configOf({ leads: { stages, visit: { gclid: "GCLID__c" }, deleted: "drop" } }), {
    at,
  });
  expect(await leadsIn(database)).toEqual([{ lead_id: `sales:${lead(2)}` }]);
});

test("won opportunities carry their own currency where there is one, else the one that is said, and restrict by type", async () => {
  const { sandbox, configOf, database, org } = await start();
  const won = { StageName: "Closed Won", IsWon: true };
  org.addOpportunity(deal(1), "2026-11-01T10:00:00Z", { ...won, Amount: 0, CurrencyIsoCode: "DKK" });
  org.addOpportunity(deal(2), "2026-11-01T10:00:00Z", { ...won, CloseDate: "2026-11-03" });
  org.addOpportunity(deal(3), "2026-11-01T10:00:00Z", { ...won, Type: "Existing Business" });
  org.addOpportunity(deal(4), "2026-11-01T10:00:00Z", { ...won, "RecordType.DeveloperName": "Renewal" });
  const conversions = {
    name: "sale",
    currency: "SEK",
    pipelines: ["New_Business"],
    where: [{ field: "Type", notIn: ["Existing Business"] }],
    orderId: "Invoice__c",
  };
  const config = configOf({ conversions });
  expect((await night(database, config, { at })).map(({ failure }) => failure)).toEqual([null, null]);
  const sales = () =>
    rows(
      database,
      "select conversion_id as id, date::text, value::text, currency from warehouse.first_party_conversion where retracted_at is null order by 1",
    );
  // The history of stages says when; CurrencyIsoCode would have refused the whole query.
  expect(await sales()).toEqual([
    { id: `sales:deal:${deal(1)}`, date: "2026-11-01", value: "0.000000", currency: "SEK" },
    { id: `sales:deal:${deal(2)}`, date: "2026-11-01", value: null, currency: null },
  ]);
  sandbox.state.hasCurrencies = true;
  org.tables.OpportunityHistory.clear();
  await night(database, config, { at });
  expect(await sales()).toEqual([
    { id: `sales:deal:${deal(1)}`, date: "2026-11-01", value: "0.000000", currency: "DKK" },
    { id: `sales:deal:${deal(2)}`, date: "2026-11-03", value: null, currency: null },
  ]);
});

test("what Salesforce refuses is told by kind, with its code, the field and no text of its own", async () => {
  const { sandbox, server, config, configOf, database, org } = await start({ conversions: false });
  org.addLead(lead(1), "2026-11-01T10:00:00Z");
  const failureOf = async (own = config) => (await night(database, own, { at }))[0]?.failure;
  expect(
    await failureOf(configOf({ conversions: false, leads: { visit: { gclid: "GLCID__c" } } })),
  ).toMatchObject({
    kind: "request",
    message:
      "source sales: Lead has no field that the run-as user may read named GLCID__c (leads.visit.gclid)",
  });
  sandbox.state.hiddenFromQueries = ["Status"];
  expect(await failureOf()).toMatchObject({
    kind: "request",
    code: "INVALID_FIELD",
    message: "source sales, /queryAll: Salesforce answered 400 INVALID_FIELD for Status",
    remedy: expect.stringContaining("field-level security") as string,
  });
  sandbox.state.hiddenFromQueries = [];
  sandbox.state.isRevoked = true;
  const revoked = await failureOf();
  expect(revoked).toMatchObject({ kind: "credentials", code: "invalid_client" });
  expect(JSON.stringify([revoked?.message, revoked?.remedy])).not.toContain(salesforceSecret);
  sandbox.state.isRevoked = false;
  const inQueries = onPath("/queryAll");
  for (const [status, errorCode, kind] of [
    [401, "INVALID_SESSION_ID", "credentials"],
    [403, "REQUEST_LIMIT_EXCEEDED", "busy"],
    [403, "API_DISABLED_FOR_ORG", "account"],
    [403, "INSUFFICIENT_ACCESS", "account"],
    [400, "INVALID_TYPE", "account"],
    [400, "MALFORMED_QUERY", "request"],
    [404, "NOT_FOUND", "request"],
    [400, "UNABLE_TO_LOCK_ROW", "transient"],
    [503, "SERVER_UNAVAILABLE", "transient"],
    [406, "NOT_ACCEPTABLE", "transient"],
    [500, "UNKNOWN_EXCEPTION", "transient"],
  ] as const) {
    server.clearFaults();
    const body = [{ errorCode, message: "solveig@plantedlead.example" }];
    server.addFault(answers(status, body, { when: inQueries, times: 99 }));
    const failure = await failureOf();
    expect([status, errorCode, failure?.kind]).toEqual([status, errorCode, kind]);
    expect(failure?.message).not.toContain("planted");
    if (kind === "busy") expect(failure?.retryAt).toEqual(new Date("2026-11-28T04:30:00Z"));
  }
  server.clearFaults();
  server.addFault(htmlPage(200, { when: inQueries, times: 99 }));
  expect((await failureOf())?.kind).toBe("transient");
  server.clearFaults();
  server.addFault(answers(404, [{ errorCode: "NOT_FOUND" }], { when: onPath("/describe") }));
  expect((await failureOf())?.kind).toBe("account");
  // The next page is the one before: it ends rather than to go round.
  const page = {
    done: false,
    nextRecordsUrl: "/services/data/v67.0/query/01g-2000",
    records: [{ Id: lead(1) }],
  };
  server.addFault(answers(200, page, { when: onPath("/quer"), times: 99 }));
  expect((await failureOf())?.kind).toBe("data");
  server.clearFaults();
  sandbox.state.used = 81_000;
  expect(await failureOf()).toMatchObject({
    kind: "busy",
    message:
      "source sales: 81000 of the Salesforce org's 100000 calls of the day are used; the rest is left to others",
  });
});

test("no name, address or number of Salesforce is asked for, and none is in the database or the log", async () => {
  const { sandbox, config, database, org } = await start({
    leads: { stages, emailHash: true, visit: { url: "Landing_Page__c", gclid: "GCLID__c" } },
  });
  const person = plantedLead("7");
  org.addLead(lead(7), "2026-11-01T10:00:00Z", {
    ...person,
    GCLID__c: "Cj0ok",
    Landing_Page__c: `https://shop.example/?utm_source=google&utm_content=${encodeURIComponent(person.Email)}&name=${person.LastName}`,
  });
  org.addOpportunity(deal(1), "2026-11-02T10:00:00Z", { StageName: "Closed Won", Amount: 10 });
  let logged = "";
  const log = pino({ level: "trace" }, { write: (line: string) => void (logged += line) });
  const results = await night(database, config, { at, log });
  expect(results.map(({ failure }) => failure)).toEqual([null, null]);
  expect(results[0]?.redacted).toEqual({ content: 1 });
  expect(await leadsIn(database, "gclid, source, content, length(email_sha256) as hash")).toEqual([
    { gclid: "Cj0ok", source: "google", content: null, hash: 64 },
  ]);
  const fields = sandbox.asked.join(" ");
  for (const name of ["FirstName", "LastName", "Phone", "Street", "Company", " Name"])
    expect(fields).not.toContain(name);
  expect(logged).toContain("source is loaded");
  for (const word of ["lanted", "olveig", "Cj0ok/", person.Phone, salesforceSecret, "AR8AQ"]) {
    expect([word, await tablesWith(database, word)]).toEqual([word, []]);
    expect([word, logged.includes(word)]).toEqual([word, false]);
  }
});
