import { expect, test } from "vitest";
import type { Memory } from "../../src/connectors/connector.ts";
import { htmlPage, stalledBody } from "../../sandbox/faults.ts";
import { onDownload, onPoll, onSubmit } from "../../sandbox/microsoft/faults.ts";
import { microsoftFaults } from "../../sandbox/microsoft/index.ts";
import { accountOf, drain, failureOf, pullOf, startMicrosoft } from "./support.ts";

const week = () => pullOf("2026-11-10", "2026-11-16");

const submits = (exchanges: readonly { readonly path: string }[]): number =>
  exchanges.filter(({ path }) => path.endsWith("/Submit")).length;

test("asks for one account, its own zone and inclusive days, and never for spend beside a goal", async () => {
  const { open, exchanges } = await startMicrosoft();
  const connector = open();
  const pull = week();
  await drain(connector.performance(pull));
  await drain(connector.conversions(pull));
  await drain(connector.networks(pull));
  await drain(connector.totals(pull));
  const bodies = exchanges
    .filter(({ path }) => path.endsWith("/Submit"))
    .map(({ body }) => (JSON.parse(body) as { ReportRequest: Record<string, unknown> }).ReportRequest);
  expect(bodies).toHaveLength(5);
  for (const body of bodies) {
    expect(body).toMatchObject({
      Format: "Csv",
      FormatVersion: "2.0",
      Aggregation: "Daily",
      ReturnOnlyCompleteData: false,
      Scope: { AccountIds: ["700000021"] },
      Time: {
        CustomDateRangeStart: { Day: 10, Month: 11, Year: 2026 },
        CustomDateRangeEnd: { Day: 16, Month: 11, Year: 2026 },
        ReportTimeZone: "PacificTimeUSCanadaTijuana",
      },
    });
    const columns = body["Columns"] as string[];
    expect(columns).toContain("TimePeriod");
    expect(columns.includes("Goal") && columns.includes("Spend")).toBe(false);
  }
  expect(bodies.at(-1)?.["Columns"]).toEqual(["TimePeriod", "Impressions", "Clicks", "Spend"]);
});

test("follows a link to whatever host it names, and sends no credential there", async () => {
  const { open, sandbox, files, exchanges } = await startMicrosoft();
  await drain(open().totals(week()));
  expect(files.requests).toHaveLength(1);
  expect(sandbox.leaked).toEqual([]);
  const [download] = exchanges.filter(({ path }) => path.includes("Download"));
  expect(Object.keys(download?.headers ?? {})).not.toContain("authorization");
});

test("refuses a link that is no https address of another machine, before anything is sent", async () => {
  const { open, sandbox } = await startMicrosoft();
  sandbox.downloadBase = "http://files.example";
  const failure = await failureOf(drain(open().totals(week())));
  expect(failure).toMatchObject({ kind: "data", code: "link" });
  expect(failure.message).not.toContain("sig=");
});

test("takes Success without a link for no rows", async () => {
  const { open, exchanges } = await startMicrosoft();
  const pull = pullOf("2024-01-01", "2024-01-07");
  const { open: openEmpty, exchanges: emptyExchanges } = await startMicrosoft({ campaigns: 0 });
  const empty = openEmpty();
  expect(await drain(empty.performance(pull))).toEqual([]);
  expect(await drain(empty.performance(pull))).toEqual([]);
  expect(submits(emptyExchanges)).toBe(1);
  expect((await drain(open().performance(week()))).length).toBeGreaterThan(0);
  expect(submits(exchanges)).toBe(1);
});

test("waits for a report that is pending", async () => {
  const { open, sandbox, exchanges } = await startMicrosoft();
  sandbox.pendingPolls = 5;
  expect(await drain(open().totals(week()))).toHaveLength(7);
  expect(exchanges.filter(({ path }) => path.endsWith("/Poll"))).toHaveLength(6);
});

test("asks anew where the platform takes the request and names no report", async () => {
  const { open, server } = await startMicrosoft();
  server.addFault(microsoftFaults.nullId({ times: 3 }));
  expect(await drain(open().totals(week()))).toHaveLength(7);
});

test("says that no report came, where none ever does", async () => {
  const { open, server } = await startMicrosoft();
  server.addFault(microsoftFaults.nullId({ times: 99 }));
  expect(await failureOf(drain(open().totals(week())))).toMatchObject({
    kind: "transient",
    message: "report of account totals: Microsoft took the request and named no report",
  });
});

test.each(["Error", "Cancelled"])(
  "asks for a report that ends as %s anew, three times at most",
  async (status) => {
    const { open, sandbox, exchanges } = await startMicrosoft();
    sandbox.endings = [status, status];
    expect(await drain(open().totals(week()))).toHaveLength(7);
    expect(submits(exchanges)).toBe(3);

    sandbox.endings = [status, status, status, status];
    expect(await failureOf(drain(open().totals(week())))).toMatchObject({
      kind: "transient",
      message: `report of account totals: it ended as ${status}, 3 times`,
    });
    expect(submits(exchanges)).toBe(6);
  },
);

test("asks for a report anew that the platform no longer knows", async () => {
  const { open, server, exchanges } = await startMicrosoft();
  server.addFault(microsoftFaults.refuses(2100, { when: onPoll }));
  expect(await drain(open().totals(week()))).toHaveLength(7);
  expect(submits(exchanges)).toBe(2);
});

test("waits out the limit of calls per minute", async () => {
  const { open, server } = await startMicrosoft();
  server.addFault(microsoftFaults.refuses(117, { times: 3 }));
  expect(await drain(open().totals(week()))).toHaveLength(7);
});

test("tries again where the customer has too many reports open, without pausing the others", async () => {
  const { open, server, exchanges } = await startMicrosoft();
  server.addFault(microsoftFaults.refuses(207, { when: onSubmit, times: 4 }));
  expect(await drain(open().totals(week()))).toHaveLength(7);
  expect(submits(exchanges)).toBe(1);
  expect(server.requests.filter(({ path }) => path.endsWith("/Submit"))).toHaveLength(5);
});

test("gives up in the end where other tools hold all the reports of the customer", async () => {
  const { open, server } = await startMicrosoft();
  server.addFault(microsoftFaults.refuses(207, { when: onSubmit, times: 9_999 }));
  const failure = await failureOf(drain(open({ pace: { fullMs: 40 } }).totals(week())));
  expect(failure).toMatchObject({ kind: "busy", platform: "microsoft", accountId: "700000021" });
  expect(failure.message).toContain("the customer has too many reports under way");
  expect(failure.retryAt).toBeInstanceOf(Date);
});

test("has no more than two reports of a customer open, however many slices ask", async () => {
  const { open, sandbox } = await startMicrosoft();
  sandbox.maxOpenReports = 99;
  sandbox.pendingPolls = 2;
  const connector = open();
  const [first, second] = [accountOf(0), accountOf(1)];
  await Promise.all(
    [first, second, first, second, first].map((account, index) =>
      drain(connector.totals({ ...pullOf(`2026-11-0${String(index + 1)}`, "2026-11-16"), account })),
    ),
  );
  expect(sandbox.mostOpen).toBe(2);
});

test("fetches by a fresh link where the first has expired, without asking for the report again", async () => {
  const { open, files, exchanges } = await startMicrosoft();
  files.addFault({
    name: "expired link",
    times: 2,
    strike: (exchange) => exchange.text(403, "<Error><Code>AuthenticationFailed</Code></Error>"),
  });
  expect(await drain(open().totals(week()))).toHaveLength(7);
  expect(submits(exchanges)).toBe(1);
});

test("says that the link expires again and again", async () => {
  const { open, files } = await startMicrosoft();
  files.addFault({
    name: "expired link",
    times: 99,
    strike: (exchange) => exchange.text(403, "<Error><Code>AuthenticationFailed</Code></Error>"),
  });
  expect(await failureOf(drain(open().totals(week())))).toMatchObject({
    kind: "transient",
    message: "report download: the link to the file has expired",
    accountId: "700000021",
  });
});

test.each([
  ["an HTML page with 503 at Submit", onSubmit],
  ["an HTML page with 503 at Poll", onPoll],
])("gets over %s", async (_, when) => {
  const { open, server } = await startMicrosoft();
  server.addFault(htmlPage(503, { when, times: 2 }));
  expect(await drain(open().totals(week()))).toHaveLength(7);
});

test.each([200, 503])("gets over an HTML page with %i in place of the file", async (status) => {
  const { open, files, exchanges } = await startMicrosoft();
  files.addFault(htmlPage(status, { when: onDownload }));
  expect(await drain(open().totals(week()))).toHaveLength(7);
  expect(submits(exchanges)).toBe(1);
});

test("says that Microsoft is unwell where the page stays", async () => {
  const { open, server } = await startMicrosoft();
  server.addFault(htmlPage(503, { times: 999 }));
  const failure = await failureOf(drain(open().totals(week())));
  expect(failure).toMatchObject({ kind: "transient" });
  expect(failure.message).toBe("Microsoft renewed no access token: the token endpoint answered 503");
});

test("gives up a download that falls silent", async () => {
  const { open, files } = await startMicrosoft();
  files.addFault(stalledBody({ when: onDownload, times: 99 }));
  const failure = await failureOf(drain(open({ settings: { timeoutSeconds: 1 } }).totals(week())));
  expect(failure).toMatchObject({ kind: "transient", code: "timeout" });
}, 20_000);

test("fetches a short file again", async () => {
  const { open, sandbox, files } = await startMicrosoft();
  let spoilt = 0;
  sandbox.damage = (csv) => ((spoilt += 1) > 1 ? csv : csv.split("\r\n").slice(0, -2).join("\r\n"));
  // The first rows of a short file have been handed on by then: the load asks for the stream again.
  const connector = open();
  const pull = week();
  expect(await failureOf(drain(connector.totals(pull)))).toMatchObject({ kind: "transient", code: "short" });
  expect(await drain(connector.totals(pull))).toHaveLength(7);
  expect(files.requests).toHaveLength(2);
});

test("leaves names out rather than figures where the platform refuses a column, the last one first", async () => {
  const { open, server, exchanges, logged } = await startMicrosoft();
  server.addFault(
    microsoftFaults.refuses(2014, { when: (exchange) => exchange.body.includes("AdTitle"), times: 99 }),
  );
  const connector = open();
  const pull = week();
  const rows = await drain(connector.performance(pull));
  expect(rows.length).toBeGreaterThan(0);
  expect(logged.join()).toContain("it is asked for with one name less");
  expect(exchanges.find(({ path }) => path.endsWith("/Submit"))?.body).toContain("AdGroupName");
  const entities = await drain(connector.entities(pull));
  expect(entities).toContainEqual(expect.objectContaining({ kind: "ad_group", name: "Main" }));
  // From then on it is asked for without, at once.
  const before = server.requests.length;
  await drain(connector.performance(week()));
  const submitted = server.requests.slice(before).filter(({ path }) => path.endsWith("/Submit"));
  expect(submitted).toHaveLength(1);
});

const createMemory = () => {
  const kept = new Map<string, string>();
  const memory: Memory = {
    recall: async (key) => kept.get(key),
    keep: async (key, text) => void kept.set(key, text),
    forget: async (keys) => keys.forEach((key) => kept.delete(key)),
  };
  return { kept, memory };
};

test("stops waiting for a report that does not end, and goes on with the same report in the next run", async () => {
  const { open, sandbox, exchanges } = await startMicrosoft();
  sandbox.pendingPolls = 100_000;
  const { kept, memory } = createMemory();
  const failure = await failureOf(drain(open({ memory, pace: { reportMs: 30 } }).totals(week())));
  expect(failure).toMatchObject({
    kind: "busy",
    message: "report of account totals: Microsoft has not finished it within 0 minutes",
    remedy: "run the sync again later: it goes on with the same report",
  });
  expect(failure.retryAt).toBeInstanceOf(Date);
  expect(kept.size).toBe(1);

  sandbox.finishReports();
  expect(await drain(open({ memory }).totals(week()))).toHaveLength(7);
  expect(submits(exchanges)).toBe(1);
  expect(kept.size).toBe(0);
});

test("keeps the report of a run that is interrupted", async () => {
  const { open, sandbox, exchanges } = await startMicrosoft();
  sandbox.pendingPolls = 100_000;
  const { memory } = createMemory();
  const stop = new AbortController();
  const work = failureOf(drain(open({ memory }).totals({ ...week(), signal: stop.signal })));
  await expect.poll(() => exchanges.some(({ path }) => path.endsWith("/Poll"))).toBe(true);
  stop.abort();
  expect((await work).kind).toBe("cancelled");
  sandbox.finishReports();
  expect(await drain(open({ memory }).totals(week()))).toHaveLength(7);
  expect(submits(exchanges)).toBe(1);
});

test("drops an id that is older than a day, which answers as if there were no rows", async () => {
  const { open, sandbox, exchanges, clock } = await startMicrosoft();
  sandbox.pendingPolls = 100_000;
  const { memory } = createMemory();
  await failureOf(drain(open({ memory, pace: { reportMs: 20 } }).totals(week())));
  clock.advance(25 * 3_600_000);
  sandbox.pendingPolls = 0;
  expect(await drain(open({ memory }).totals(week()))).toHaveLength(7);
  expect(submits(exchanges)).toBe(2);
});

test("takes Success without a link of a report taken up for a forgotten one, and asks anew", async () => {
  const { open, sandbox, server, exchanges } = await startMicrosoft();
  sandbox.pendingPolls = 100_000;
  const { memory } = createMemory();
  await failureOf(drain(open({ memory, pace: { reportMs: 20 } }).totals(week())));
  sandbox.finishReports();
  server.addFault(microsoftFaults.status("Success", { when: onPoll }));
  sandbox.pendingPolls = 0;
  expect(await drain(open({ memory }).totals(week()))).toHaveLength(7);
  expect(submits(exchanges)).toBe(2);
});

test("asks for a report anew on another day: that of yesterday knows less", async () => {
  const { open, sandbox, exchanges, clock } = await startMicrosoft();
  sandbox.pendingPolls = 100_000;
  const { memory } = createMemory();
  await failureOf(drain(open({ memory, pace: { reportMs: 20 } }).totals(week())));
  clock.advance(20 * 3_600_000);
  sandbox.pendingPolls = 0;
  expect(await drain(open({ memory }).totals(week()))).toHaveLength(7);
  expect(submits(exchanges)).toBe(2);
});
