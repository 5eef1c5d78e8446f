import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { answers, htmlPage, onPath } from "../../sandbox/faults.ts";
import { listen } from "../../sandbox/server.ts";
import {
  createZendeskSandbox,
  plantedRequester,
  zendeskSandboxSettings,
  zendeskSecret,
  zendeskToken,
  zendeskTokenSettings,
} from "../../sandbox/zendesk/index.ts";
import { pullOptions } from "../../src/sync/sources.ts";
import { sourceContext } from "../../src/sources/pull.ts";
import { openSource } from "../../src/sources/registry.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";
import { configWith, night, rows, tablesWith } from "./support.ts";

const at = "2026-10-27T03:30:00Z";

const start = async (more: Readonly<Record<string, unknown>> = {}, settingsOf = zendeskSandboxSettings) => {
  const sandbox = createZendeskSandbox();
  sandbox.state.exportsPerMinute = 1_000;
  const server = await listen(sandbox);
  onTestFinished(() => server.close());
  const config = configWith({ helpdesk: { ...settingsOf(server.url), lookbackDays: 3, ...more } });
  return { sandbox, server, config, database: await freshDatabase() };
};

const figures = async (database: Database) =>
  (
    await rows(
      database,
      "select date::text, measure, label, value::int from warehouse.measure_daily where value > 0 order by 1, 2, 3",
    )
  ).map(({ date, measure, label, value }) => [date, measure, label, value].map(String).join(" "));

test("calls are counted by direction and contacts by channel, on the days of the config's zone, also on one of 25 hours", async () => {
  const { sandbox, config, database } = await start();
  // Clocks go back in Copenhagen on 25 October: the day lasts from 22:00Z to 23:00Z.
  sandbox.addCall({ id: 1, at: "2026-10-24T21:59:59Z", direction: "inbound" });
  sandbox.addCall({ id: 2, at: "2026-10-24T22:00:00Z", direction: "inbound" });
  sandbox.addCall({ id: 3, at: "2026-10-25T22:59:59Z", direction: "outbound" });
  sandbox.addCall({ id: 4, at: "2026-10-25T23:00:00Z", direction: "inbound" });
  sandbox.addCall({
    id: 5,
    at: "2026-10-25T12:00:00Z",
    direction: "inbound",
    status: "abandoned_in_queue",
    talkSeconds: 0,
  });
  sandbox.addCall({ id: 6, at: "2026-10-25T12:00:00Z", direction: "inbound", talkSeconds: 0 });
  // Before the window, and changed within it.
  sandbox.addCall({
    id: 7,
    at: "2026-10-20T12:00:00Z",
    updatedAt: "2026-10-25T12:00:00Z",
    direction: "inbound",
  });
  for (const [id, channel, more] of [
    [1, "email", {}],
    [2, "chat", {}],
    [3, "web", {}],
    [4, "web", { byAgent: true }],
    [5, "facebook", {}],
    [6, "voice", {}],
    [7, "rule", {}],
    [8, "email", { status: "deleted" }],
    [9, "email", { tags: ["vip", "closed_by_merge"] }],
    [10, "carrier_pigeon", {}],
    [11, "native_messaging", {}],
    [12, "api", { byAgent: true }],
    [13, "email", { at: "2026-10-01T10:00:00Z", updatedAt: "2026-10-26T10:00:00Z" }],
  ] as const)
    sandbox.addTicket({ id, channel, at: "2026-10-25T10:00:00Z", ...more });
  sandbox.state.pageSize = 4;
  const results = await night(database, config, { at });
  expect(results).toMatchObject([
    { stream: "calls", outcome: "done", failure: null },
    { stream: "contacts", outcome: "done", failure: null, unmapped: { "via.channel carrier_pigeon": 1 } },
  ]);
  expect(await figures(database)).toEqual([
    "2026-10-24 calls_in helpdesk 1",
    "2026-10-24 contacts helpdesk/call 1",
    "2026-10-25 calls_in helpdesk 1",
    "2026-10-25 calls_out helpdesk 1",
    "2026-10-25 contacts helpdesk/api 1",
    "2026-10-25 contacts helpdesk/call 1",
    "2026-10-25 contacts helpdesk/chat 1",
    "2026-10-25 contacts helpdesk/email 1",
    "2026-10-25 contacts helpdesk/form 1",
    "2026-10-25 contacts helpdesk/message 1",
    "2026-10-25 contacts helpdesk/other 1",
    "2026-10-25 contacts helpdesk/social 1",
    "2026-10-26 calls_in helpdesk 1",
    "2026-10-26 contacts helpdesk/call 1",
  ]);
  expect((await night(database, config, { at })).map(({ rowsWritten }) => rowsWritten)).toEqual([0, 0]);
});

test("the export of calls ends at its last page, which names itself, however full the pages before are", async () => {
  const { sandbox, config, database, server } = await start({ contacts: false, calls: { count: "all" } });
  for (let id = 1; id <= 2_400; id += 1)
    sandbox.addCall({
      id,
      at: new Date(Date.parse("2026-10-25T06:00:00Z") + id * 10_000).toISOString(),
      direction: id % 3 === 0 ? "outbound" : "inbound",
      status: id % 2 === 0 ? "completed" : "not_answered",
    });
  sandbox.state.requestsPerToken = 2;
  const [calls] = await night(database, config, { at });
  expect(calls?.failure).toBeNull();
  expect(await figures(database)).toEqual([
    "2026-10-25 calls_in helpdesk 1600",
    "2026-10-25 calls_out helpdesk 800",
  ]);
  expect(server.requests.filter(({ path }) => path.endsWith("/calls")).length).toBeLessThan(6);
  // Another rule counts the days of the window anew.
  const answered = configWith({
    helpdesk: { ...zendeskSandboxSettings(server.url), lookbackDays: 3, contacts: false },
  });
  await night(database, answered, { at, range: { from: "2026-10-25" } });
  expect(await figures(database)).toEqual([
    "2026-10-25 calls_in helpdesk 800",
    "2026-10-25 calls_out helpdesk 400",
  ]);
});

test("a day is counted anew in its window, a purged one stays unless it is asked for", async () => {
  const { sandbox, config, database } = await start({ calls: false });
  for (let id = 1; id <= 100; id += 1)
    sandbox.addTicket({ id, channel: "email", at: "2026-10-25T10:00:00Z" });
  await night(database, config, { at });
  expect(await figures(database)).toEqual(["2026-10-25 contacts helpdesk/email 100"]);
  // Merged, and moved by it to the end of the export.
  for (let id = 1; id <= 5; id += 1)
    sandbox.addTicket({
      id,
      channel: "email",
      at: "2026-10-25T10:00:00Z",
      updatedAt: "2026-10-26T10:00:00Z",
      tags: ["closed_by_merge"],
    });
  await night(database, config, { at });
  expect(await figures(database)).toEqual(["2026-10-25 contacts helpdesk/email 95"]);
  for (let id = 6; id <= 90; id += 1) sandbox.tickets.delete(id);
  await night(database, config, { at });
  expect(await figures(database)).toEqual(["2026-10-25 contacts helpdesk/email 95"]);
  await night(database, config, { at, range: { from: "2026-10-25" } });
  expect(await figures(database)).toEqual(["2026-10-25 contacts helpdesk/email 10"]);
});

test("an account without Talk has no calls and no failure; one that had calls, and refuses them now, fails", async () => {
  const { sandbox, config, database } = await start({ contacts: false });
  sandbox.state.hasTalk = false;
  expect((await night(database, config, { at }))[0]).toMatchObject({ outcome: "done", failure: null });
  expect(await rows(database, "select from warehouse.measure_daily")).toEqual([]);
  sandbox.state.hasTalk = true;
  sandbox.addCall({ id: 1, at: "2026-10-25T10:00:00Z", direction: "inbound" });
  await night(database, config, { at });
  sandbox.state.hasTalk = false;
  expect((await night(database, config, { at }))[0]?.failure).toMatchObject({
    kind: "account",
    message: "source helpdesk: Zendesk answered 404 for calls, which it gave before",
  });
  expect(await figures(database)).toEqual(["2026-10-25 calls_in helpdesk 1"]);
});

test("what Zendesk refuses is told by kind, with no text of its own, and the stored days stay", async () => {
  const { sandbox, server, config, database } = await start({ calls: false });
  sandbox.addTicket({ id: 1, channel: "email", at: "2026-10-25T10:00:00Z" });
  await night(database, config, { at });
  const failureOf = async () => (await night(database, config, { at }))[0]?.failure;
  sandbox.state.isRevoked = true;
  const revoked = await failureOf();
  expect(revoked).toMatchObject({ kind: "credentials", code: "invalid_client" });
  expect(JSON.stringify([revoked?.message, revoked?.remedy])).not.toContain(zendeskSecret);
  sandbox.state.isRevoked = false;
  sandbox.state.mayExport = false;
  expect((await failureOf())?.kind).toBe("account");
  sandbox.state.mayExport = true;
  sandbox.state.isClosed = true;
  // The sign-in is refused by the same page; an old token meets it, too.
  expect((await failureOf())?.kind).toBe("account");
  sandbox.state.isClosed = false;
  sandbox.state.exportsPerMinute = 0;
  sandbox.state.retryAfter = "300";
  expect(await failureOf()).toMatchObject({ kind: "busy", retryAt: new Date("2026-10-27T03:35:00Z") });
  // Where it does not say for how long, a minute is waited out.
  sandbox.state.retryAfter = undefined;
  const stop = new AbortController();
  let until = "";
  const write = (line: string): void => {
    const { msg, until: told } = JSON.parse(line) as { readonly msg: string; readonly until?: string };
    if (msg !== "request is repeated") return;
    until = told ?? "";
    stop.abort();
  };
  const log = pino({ level: "info" }, { write });
  const [stopped] = await night(database, config, { at, log, signal: stop.signal });
  expect(stopped?.failure?.kind).toBe("cancelled");
  expect(until).toBe("2026-10-27T03:31:00.000Z");
  sandbox.state.exportsPerMinute = 1_000;
  sandbox.state.isStuck = true;
  expect((await failureOf())?.kind).toBe("data");
  sandbox.state.isStuck = false;
  const inExport = onPath("/incremental/tickets");
  for (const [status, kind] of [
    [401, "credentials"],
    [403, "account"],
    [404, "request"],
    [400, "request"],
    [422, "request"],
    [409, "transient"],
    [500, "transient"],
    [520, "transient"],
    [524, "transient"],
  ] as const) {
    server.clearFaults();
    server.addFault(
      answers(
        status,
        { error: "RecordInvalid", description: plantedRequester.email },
        { when: inExport, times: 99 },
      ),
    );
    const failure = await failureOf();
    expect([status, failure?.kind]).toEqual([status, kind]);
    expect(failure?.message).not.toContain("planted");
  }
  server.clearFaults();
  server.addFault(htmlPage(200, { when: inExport, times: 99 }));
  expect((await failureOf())?.kind).toBe("transient");
  server.clearFaults();
  server.addFault(
    answers(
      200,
      { tickets: [{ id: 1, created_at: "soon", status: "new" }], end_of_stream: true },
      { when: inExport },
    ),
  );
  expect((await failureOf())?.kind).toBe("data");
  expect(await figures(database)).toEqual(["2026-10-25 contacts helpdesk/email 1"]);
  expect(await failureOf()).toBeNull();
});

/** What doctor hears of the source. */
const check = async (database: Database, config: ReturnType<typeof configWith>): Promise<string[]> => {
  const signal = new AbortController().signal;
  const options = pullOptions(
    { database, config, log: pino({ level: "silent" }), signal, now: () => new Date(at), firstDelayMs: 1 },
    "helpdesk",
  );
  const source = await openSource(options.settings, sourceContext(options));
  const said: string[] = [];
  for await (const { outcome, message } of source.check(signal)) said.push(`${outcome}: ${message}`);
  return said;
};

test("who may export and not see the settings is let in; who may do neither is not", async () => {
  const { sandbox, server, config, database } = await start();
  server.addFault(answers(403, { error: "forbidden" }, { when: onPath("/account/settings"), times: 9 }));
  const [first] = await check(database, config);
  expect(first).toMatch(/^ok: the credential is taken at sandbox/);
  sandbox.state.mayExport = false;
  await expect(check(database, config)).rejects.toMatchObject({ kind: "account", status: 403 });
});

test("an API token is still taken, and doctor says when it ends", async () => {
  const { sandbox, config, database } = await start({}, zendeskTokenSettings);
  sandbox.addTicket({ id: 1, channel: "email", at: "2026-10-25T10:00:00Z" });
  expect((await night(database, config, { at })).map(({ failure }) => failure)).toEqual([null, null]);
  expect(await figures(database)).toEqual(["2026-10-25 contacts helpdesk/email 1"]);
  sandbox.state.hasTalk = false;
  const said = await check(database, config);
  expect(said).toEqual([
    "ok: the credential is taken at sandbox, days in Europe/Copenhagen",
    "warning: the account has no Talk, or its user may not export calls: no calls are counted",
    "warning: the API token ends on 2027-04-30, and earlier where it is not used for 30 days",
  ]);
});

test("no name, address, number or text of Zendesk is anywhere in the database or the log", async () => {
  const { sandbox, config, database } = await start();
  sandbox.addCall({ id: 1, at: "2026-10-25T10:00:00Z", direction: "inbound" });
  sandbox.addTicket({ id: 35_436, channel: "email", at: "2026-10-25T10:00:00Z" });
  let logged = "";
  const log = pino({ level: "trace" }, { write: (line: string) => void (logged += line) });
  const results = await night(database, config, { at, log });
  expect(results.map(({ failure }) => failure)).toEqual([null, null]);
  expect(logged).toContain("source is loaded");
  const words = [
    ...Object.values(plantedRequester),
    "lanted",
    "70998877",
    "35436",
    zendeskSecret,
    zendeskToken,
    "zendesk-sandbox-access",
  ];
  for (const word of words) {
    expect([word, await tablesWith(database, word)]).toEqual([word, []]);
    expect([word, logged.includes(word)]).toEqual([word, false]);
  }
});
