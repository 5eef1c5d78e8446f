import { expect, onTestFinished, test } from "vitest";
import { createLiveagentSandbox, liveagentSandboxSettings } from "../../sandbox/liveagent/index.ts";
import { answers, htmlPage, onPath } from "../../sandbox/faults.ts";
import { listen } from "../../sandbox/server.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";
import { configWith, night, rows } from "./support.ts";

const at = "2026-10-27T03:30:00Z";

const start = async (more: Readonly<Record<string, unknown>> = {}) => {
  const clock = { now: at };
  const sandbox = createLiveagentSandbox({ clock: () => new Date(clock.now) });
  const server = await listen(sandbox);
  onTestFinished(() => server.close());
  const config = configWith({
    support: { ...liveagentSandboxSettings(server.url), lookbackDays: 3, ...more },
  });
  return { clock, sandbox, server, config, database: await freshDatabase() };
};

const figures = async (database: Database) =>
  (
    await rows(
      database,
      "select date::text, measure, label, value::int from warehouse.measure_daily where value > 0 order by 1, 2, 3",
    )
  ).map(
    ({ date, measure, label, value }) =>
      `${String(date)} ${String(measure)} ${String(label)} ${String(value)}`,
  );

const call = (id: string, on: string, more: object = {}) => ({
  id,
  type: "I" as const,
  at: on,
  answeredAt: on,
  finishedAt: new Date(Date.parse(on) + 180_000).toISOString(),
  ...more,
});

test("calls are counted by direction and contacts by channel, on the days of the config's zone, also on one of 25 hours", async () => {
  const { sandbox, config, database } = await start();
  // Clocks go back in Copenhagen on 25 October: the day lasts from 22:00Z to 23:00Z.
  sandbox.addCall(call("a", "2026-10-24T21:59:59Z"));
  sandbox.addCall(call("b", "2026-10-24T22:00:00Z"));
  sandbox.addCall(call("c", "2026-10-25T22:59:59Z", { type: "O" }));
  sandbox.addCall(call("d", "2026-10-25T23:00:00Z"));
  sandbox.addCall(call("internal", "2026-10-25T12:00:00Z", { type: "T" }));
  sandbox.addCall({ id: "missed", type: "I", at: "2026-10-25T12:00:00Z" });
  // Passed on: the same ticket while the first goes on.
  sandbox.addCall(call("e", "2026-10-25T13:00:00Z", { ticketId: "t9" }));
  sandbox.addCall(call("e2", "2026-10-25T13:01:00Z", { ticketId: "t9" }));
  for (const [id, channel, status] of [
    ["1", "E", "R"],
    ["2", "B", "A"],
    ["3", "M", "N"],
    ["4", "F", "N"],
    ["5", "C", "R"],
    ["6", "V", "R"],
    ["7", "1", "R"],
    ["8", "Q", "R"],
    ["9", "E", "B"],
    ["10", "?", "N"],
    ["11", "E", "X"],
  ] as const)
    sandbox.addTicket({ id, channel, status, at: "2026-10-25T10:00:00Z" });
  const results = await night(database, config, { at });
  expect(results).toMatchObject([
    { stream: "calls", outcome: "done" },
    { stream: "contacts", outcome: "done", unmapped: { "channel_type ?": 1 } },
  ]);
  expect(await figures(database)).toEqual([
    "2026-10-24 calls_in support 1",
    "2026-10-24 contacts support/call 1",
    "2026-10-25 calls_in support 2",
    "2026-10-25 calls_out support 1",
    "2026-10-25 contacts support/call 2",
    "2026-10-25 contacts support/chat 1",
    "2026-10-25 contacts support/email 1",
    "2026-10-25 contacts support/form 1",
    "2026-10-25 contacts support/other 1",
    "2026-10-25 contacts support/social 1",
    "2026-10-26 calls_in support 1",
    "2026-10-26 contacts support/call 1",
  ]);
  expect((await night(database, config, { at })).map(({ rowsWritten }) => rowsWritten)).toEqual([0, 0]);
});

test("a day is counted anew in its window, a purged one stays unless it is asked for", async () => {
  const { sandbox, config, database } = await start({ contacts: false });
  for (let index = 0; index < 600; index += 1)
    sandbox.addCall(call(`c${String(index)}`, "2026-10-25T10:00:00Z", { ticketId: `t${String(index)}` }));
  await night(database, config, { at });
  expect(await figures(database)).toEqual(["2026-10-25 calls_in support 600"]);
  for (let index = 0; index < 10; index += 1) sandbox.calls.delete(`c${String(index)}`);
  await night(database, config, { at });
  expect(await figures(database)).toEqual(["2026-10-25 calls_in support 590"]);
  for (let index = 0; index < 500; index += 1) sandbox.calls.delete(`c${String(index)}`);
  await night(database, config, { at });
  expect(await figures(database)).toEqual(["2026-10-25 calls_in support 590"]);
  await night(database, config, { at, range: { from: "2026-10-25" } });
  expect(await figures(database)).toEqual(["2026-10-25 calls_in support 100"]);
});

test("what LiveAgent refuses is told by kind, and the stored days stay", async () => {
  const { sandbox, server, config, database } = await start({ contacts: false });
  const failureOf = async () => {
    const [result] = await night(database, config, { at });
    return [result?.failure?.kind, result?.failure?.message];
  };
  sandbox.addCall(call("a", "2026-10-25T10:00:00Z"));
  await night(database, config, { at });
  sandbox.state.countOff = 1;
  expect(await failureOf()).toEqual([
    "data",
    "LiveAgent: the calls around 2026-10-24 and their number differ, twice",
  ]);
  sandbox.state.countOff = 0;
  sandbox.state.mayRead = false;
  expect(await failureOf()).toEqual(["account", "source support, /calls: LiveAgent answered 403"]);
  sandbox.state.isRevoked = true;
  expect(await failureOf()).toEqual(["credentials", "source support, /calls: LiveAgent answered 401"]);
  sandbox.state.isRevoked = false;
  sandbox.state.mayRead = true;
  server.addFault(htmlPage(200, { times: 99 }));
  expect((await failureOf())[0]).toBe("transient");
  server.clearFaults();
  server.addFault(answers(400, {}, { when: onPath("/api/v3/calls"), times: 99 }));
  expect((await failureOf())[0]).toBe("request");
  server.clearFaults();
  expect(await figures(database)).toEqual(["2026-10-25 calls_in support 1"]);
  // It answers again: the failure is over.
  expect(await failureOf()).toEqual([undefined, undefined]);
});
