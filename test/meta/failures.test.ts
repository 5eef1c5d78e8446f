import { expect, test } from "vitest";
import { Failure, type FailureKind, type FailureScope } from "../../src/domain/failure.ts";
import { metaFaults, metaSandboxCredentials } from "../../sandbox/meta/index.ts";
import { requests } from "../../sandbox/meta/faults.ts";
import { answers, connectionReset, htmlPage, stalledBody, truncatedJson } from "../../sandbox/faults.ts";
import type { Fault } from "../../sandbox/server.ts";
import { all, type Bench, bench, present } from "./support.ts";

const day = { from: "2026-11-03", to: "2026-11-03" };
const minutes = (count: number): Date => new Date(present.getTime() + count * 60_000);

const failureOf = async (work: Promise<unknown>): Promise<Failure> => {
  const error: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(Failure);
  return error as Failure;
};

const totals = ({ connector, pull }: Bench) => all(connector.totals(pull(day)));

interface Row {
  readonly code: number;
  readonly subcode?: number;
  readonly status?: number;
  readonly message?: string;
  readonly isTransient?: boolean;
  readonly kind: FailureKind;
  readonly scope: FailureScope;
  readonly remedy: RegExp;
}

test.each<Row>([
  { code: 190, subcode: 463, status: 401, kind: "credentials", scope: "platform", remedy: /new token/ },
  { code: 190, subcode: 492, kind: "credentials", scope: "platform", remedy: /new token/ },
  { code: 102, kind: "credentials", scope: "platform", remedy: /new token/ },
  { code: 10, status: 403, kind: "account", scope: "account", remedy: /access/ },
  { code: 3, kind: "account", scope: "account", remedy: /access/ },
  { code: 200, status: 403, kind: "account", scope: "account", remedy: /access/ },
  { code: 294, kind: "account", scope: "account", remedy: /access/ },
  { code: 100, subcode: 33, kind: "account", scope: "account", remedy: /access/ },
  { code: 100, subcode: 3191001, kind: "account", scope: "account", remedy: /access/ },
  { code: 100, kind: "request", scope: "account", remedy: /request/ },
  {
    code: 100,
    message: "(#100) Missing permissions",
    status: 403,
    kind: "account",
    scope: "account",
    remedy: /access/,
  },
  { code: 4711, kind: "request", scope: "account", remedy: /request/ },
  { code: 1, isTransient: false, status: 500, kind: "request", scope: "account", remedy: /request/ },
  { code: 0, status: 401, kind: "credentials", scope: "platform", remedy: /new token/ },
  { code: 2635, kind: "request", scope: "platform", remedy: /apiVersion/ },
  { code: 2500, kind: "credentials", scope: "platform", remedy: /new token/ },
  { code: 3018, kind: "request", scope: "slice", remedy: /37 months/ },
  { code: 2, subcode: 1504041, kind: "request", scope: "platform", remedy: /request/ },
  { code: 2, subcode: 1504042, kind: "request", scope: "platform", remedy: /request/ },
  {
    code: 100,
    message: "API calls require an appsecret_proof argument",
    kind: "credentials",
    scope: "platform",
    remedy: /appSecret/,
  },
])("$code/$subcode stops at once, as $kind", async ({ kind, scope, remedy, ...parts }) => {
  const bed = await bench();
  bed.server.addFault(metaFaults.error(parts, { when: requests.total, times: Infinity }));
  bed.server.resetRequests();
  const failure = await failureOf(totals(bed));
  expect(failure).toMatchObject({ kind, scope, platform: "meta", accountId: bed.accounts[0]?.id });
  expect(failure.code).toBe(parts.subcode === undefined ? `${parts.code}` : `${parts.code}/${parts.subcode}`);
  expect(failure.requestId).toBe("SandboxTrace2");
  expect(failure.remedy).toMatch(remedy);
  expect(bed.server.requests).toHaveLength(1);
});

test.each([
  [80_000, 2446079],
  [80_004, 2446079],
  [80_003, undefined],
  [17, 2446079],
  [613, undefined],
  [613, 1487742],
])("%i/%s pauses the account for the minutes that the header names", async (code, subcode) => {
  const bed = await bench();
  const header = '{"1":[{"type":"a","call_count":1},{"type":"b","estimated_time_to_regain_access":7}]}';
  const parts = {
    code,
    ...(subcode === undefined ? {} : { subcode }),
    headers: { "x-business-use-case-usage": header },
  };
  bed.server.addFault(metaFaults.error(parts, { when: requests.total, times: Infinity }));
  const failure = await failureOf(totals(bed));
  expect(failure).toMatchObject({ kind: "busy", scope: "account", retryAt: minutes(7) });
  expect(bed.pauses).toEqual([{ accountId: bed.accounts[0]?.id, until: minutes(7) }]);
});

test.each([
  [4, undefined],
  [4, 1504022],
  [4, 1504039],
  [32, undefined],
  [341, undefined],
  [613, 1996],
])("%i/%s pauses the whole application, five minutes where no header says", async (code, subcode) => {
  const bed = await bench();
  const parts = { code, ...(subcode === undefined ? {} : { subcode }) };
  bed.server.addFault(metaFaults.error(parts, { when: requests.total, times: Infinity }));
  const failure = await failureOf(totals(bed));
  expect(failure).toMatchObject({ kind: "busy", scope: "platform", retryAt: minutes(5) });
  expect(bed.pauses).toEqual([{ accountId: null, until: minutes(5) }]);
});

const passing: readonly (readonly [string, Fault])[] = [
  ...[
    { code: 1 },
    { code: 2 },
    { code: 2, subcode: 1504043 },
    { code: 2, subcode: 1504044 },
    { code: 960 },
    { code: 104 },
    { code: 12345, isTransient: true },
    { code: 190, isTransient: true },
    { code: 100, isTransient: true },
    { code: 12345, subcode: 99 },
    { code: 12345, status: 503 },
    {
      code: 100,
      message: "Cannot include x in summary param because they weren't there while creating the report run",
    },
  ].map((parts) => [JSON.stringify(parts), metaFaults.error(parts, { when: requests.total })] as const),
  ["an error inside HTTP 200", metaFaults.errorInside200({ code: 1 }, { when: requests.total })],
  ["an HTML page", htmlPage(502, { when: requests.total })],
  ["a cut answer", truncatedJson('{"data":[{"acc', { when: requests.total })],
  ["a reset connection", connectionReset({ when: requests.total })],
  ["an empty 500", { name: "empty 500", when: requests.total, strike: (exchange) => exchange.text(500, "") }],
];

test("what passes by itself is tried again", async () => {
  const outcomes = await Promise.all(
    passing.map(async ([name, fault]) => {
      const bed = await bench();
      bed.server.addFault(fault);
      return { name, rows: (await totals(bed)).length };
    }),
  );
  expect(outcomes.filter(({ rows }) => rows !== 1)).toEqual([]);
});

test("an answer 401 without an error in it is about the token", async () => {
  const bed = await bench();
  bed.server.addFault(htmlPage(401, { when: requests.total, times: Infinity }));
  expect(await failureOf(totals(bed))).toMatchObject({ kind: "credentials", scope: "platform" });
});

test("what Meta would have people read is shown", async () => {
  const bed = await bench();
  const error = {
    message: "(#100) No",
    code: 100,
    error_user_title: "Hold",
    error_user_msg: "Verify the page.",
  };
  bed.server.addFault(answers(400, { error }, { when: requests.total, times: Infinity }));
  expect((await failureOf(totals(bed))).message).toBe("account total: (#100) No (Hold: Verify the page.)");
});

test("what Meta does not know is the account where the account was asked for, and the run where the run was", async () => {
  const unknown = { code: 100, subcode: 33 };
  const started = await bench();
  started.server.addFault(metaFaults.error(unknown, { when: requests.start, times: Infinity }));
  expect(await failureOf(all(started.connector.performance(started.pull(day))))).toMatchObject({
    kind: "account",
    scope: "account",
    code: "100/33",
  });
  const read = await bench();
  read.server.addFault(metaFaults.error(unknown, { when: requests.result, times: Infinity }));
  expect(await failureOf(all(read.connector.performance(read.pull(day))))).toMatchObject({
    kind: "transient",
    message: expect.stringContaining("report run") as unknown,
  });
});

test("a refusal that no table knows stops its account, and the platform once three accounts in a row meet it", async () => {
  const refuse = () => metaFaults.error({ code: 4711 }, { when: requests.total, times: 1 });
  const bed = await bench();
  const of = (account: number) => failureOf(all(bed.connector.totals(bed.pull(day, account))));
  bed.server.addFault(refuse());
  expect(await of(0)).toMatchObject({ kind: "request", scope: "account" });
  bed.server.addFault(refuse());
  expect(await of(1)).toMatchObject({ scope: "account" });
  // One that is let through ends the row.
  expect(await all(bed.connector.totals(bed.pull(day, 2)))).toHaveLength(1);
  for (const [account, scope] of [
    [0, "account"],
    [0, "account"],
    [1, "account"],
    [2, "platform"],
  ] as const) {
    bed.server.addFault(refuse());
    expect(await of(account)).toMatchObject({ kind: "request", scope, code: "4711" });
  }
});

test("a wrong signature is tried twice, then it is the secret's fault", async () => {
  const bed = await bench();
  bed.server.addFault(metaFaults.error({ code: 104 }, { when: requests.total, times: Infinity }));
  bed.server.resetRequests();
  expect(await failureOf(totals(bed))).toMatchObject({ kind: "credentials" });
  expect(bed.server.requests).toHaveLength(2);
});

test("an answer that stops coming is given up after the idle time, and asked for again", async () => {
  const bed = await bench({ settings: { timeoutSeconds: 1 } });
  bed.server.addFault(stalledBody({ when: requests.total }));
  expect(await totals(bed)).toHaveLength(1);
});

test("an abort ends a call at once, as cancelled", async () => {
  const { connector, pull, server } = await bench();
  server.addFault(stalledBody({ times: Infinity }));
  const stop = new AbortController();
  const work = all(connector.totals(pull(day, 0, stop.signal)));
  stop.abort();
  expect(await failureOf(work)).toMatchObject({ kind: "cancelled" });
});

test("an abort ends the wait for a report, as cancelled", async () => {
  const { connector, pull, server } = await bench();
  server.addFault(metaFaults.stuckAt(0));
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 150);
  expect(await failureOf(all(connector.performance(pull(day, 0, stop.signal))))).toMatchObject({
    kind: "cancelled",
  });
});

test("a refusal while accounts are listed is about the token", async () => {
  const { connector, server } = await bench({ discover: false });
  server.addFault(metaFaults.error({ code: 200, status: 403 }));
  const listing = all(
    (async function* () {
      for await (const account of connector.accounts(AbortSignal.timeout(10_000))) yield [account];
    })(),
  );
  expect(await failureOf(listing)).toMatchObject({ kind: "credentials", scope: "platform" });
});

test("a named account out of reach does not hide the others", async () => {
  const { accounts, logs } = await bench({ settings: { accounts: ["act_999"] } });
  expect(accounts).toHaveLength(3);
  expect(logs.join("")).toContain("named account is out of reach");
});

test("an error that quotes the token does not carry it on", async () => {
  const bed = await bench();
  const { accessToken, appSecret } = metaSandboxCredentials;
  const message = `bad url ?access_token=${accessToken}&x=1 for ${appSecret} (${accessToken})`;
  bed.server.addFault(metaFaults.error({ code: 100, message }, { when: requests.total }));
  const failure = await failureOf(totals(bed));
  const said = [failure.message, failure.remedy, failure.stack, JSON.stringify(failure), ...bed.logs].join();
  expect(said).toContain("bad url");
  expect(said).not.toContain(accessToken);
  expect(said).not.toContain(appSecret);
});

test("a list whose page repeats under ever new cursors ends", async () => {
  const { connector, pull, server } = await bench();
  let cursor = 0;
  server.addFault({
    name: "ever new cursors",
    when: ({ path }) => path.endsWith("/ads"),
    times: Infinity,
    strike: (exchange) =>
      exchange.json(200, {
        data: [{ id: "1", name: "Same", adset_id: "2", campaign_id: "3" }],
        paging: { cursors: { after: String((cursor += 1)) }, next: "https://next.example/" },
      }),
  });
  const failure = await failureOf(all(connector.entities(pull(day))));
  expect(failure).toMatchObject({ kind: "data", message: "ads: a page came twice" });
  expect(server.requests.filter(({ path }) => path.endsWith("/ads"))).toHaveLength(2);
});

test("a meter at 90 % pauses the account", async () => {
  const bed = await bench();
  const id = bed.accounts[0]?.id;
  bed.server.addFault(metaFaults.throttleRising(45, 12, { when: requests.total }));
  await totals(bed);
  expect(bed.pauses).toEqual([]);
  await totals(bed);
  expect(bed.pauses).toEqual([{ accountId: id, until: new Date(present.getTime() + 30_000) }]);
});

test("a meter at 75 % holds back a new report until the reading is half a minute old", async () => {
  let now = present;
  const bed = await bench({ clock: () => now });
  bed.server.addFault(metaFaults.throttleRising(80, 12, { when: requests.total, times: 1 }));
  await totals(bed);
  now = new Date(present.getTime() + 29_950);
  expect((await all(bed.connector.performance(bed.pull(day)))).length).toBeGreaterThan(0);
  expect(bed.logs.join("")).toContain('"percent":80,"waitMs":50,"msg":"report waits for the limit"');
});

test("the error at 100 % parks the account for as long as its header says", async () => {
  const bed = await bench();
  bed.server.addFault(metaFaults.throttleRising(100, 12, { when: requests.total }));
  expect(await failureOf(totals(bed))).toMatchObject({ kind: "busy", retryAt: minutes(12) });
});

test("unreadable meters are no harm", async () => {
  const bed = await bench();
  const headers = {
    "x-app-usage": "not json",
    "x-business-use-case-usage": '"text"',
    "x-ad-account-usage": "[1]",
  };
  bed.server.addFault({
    name: "odd meters",
    when: requests.total,
    strike: (exchange) => exchange.json(200, { data: [] }, headers),
  });
  expect(await totals(bed)).toEqual([]);
});
