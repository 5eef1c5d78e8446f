import { expect, test } from "vitest";
import type { FailureKind, FailureScope } from "../../src/domain/failure.ts";
import { connectionReset, stalledBody, truncatedJson } from "../../sandbox/faults.ts";
import type { Fault } from "../../sandbox/server.ts";
import { xFaults, xRequests, xSandboxCredentials } from "../../sandbox/x/index.ts";
import { drain, failureOf, list } from "../support/streams.ts";
import { pullOf, startX } from "./support.ts";

const week = () => pullOf("2026-11-14", "2026-11-20");
const stats = { when: xRequests.stats };
const always = { ...stats, times: Infinity };
const { error } = xFaults;

interface Case {
  readonly fault: Fault;
  readonly kind: FailureKind;
  readonly scope: FailureScope;
  readonly says?: RegExp;
  readonly remedy?: RegExp;
}

const final: Readonly<Record<string, Case>> = {
  "401 stops the credential, and names keys and clock": {
    fault: error(401, "UNAUTHORIZED_ACCESS", always),
    kind: "credentials",
    scope: "platform",
    says: /does not accept the signature/,
    remedy: /four keys of connectors\.x.*clock/,
  },
  "401 with the older numeric code stops the credential too": {
    fault: error(401, 32, always),
    kind: "credentials",
    scope: "platform",
  },
  "an application that is not approved stops the credential": {
    fault: error(403, "UNAUTHORIZED_CLIENT_APPLICATION", always),
    kind: "credentials",
    scope: "platform",
    remedy: /Ads API access/,
  },
  "a suspended user stops the credential": {
    fault: error(403, "CURRENT_USER_SUSPENDED", always),
    kind: "credentials",
    scope: "platform",
    says: /suspended/,
  },
  "403 ACCOUNT_NOT_FOUND stops that account": {
    fault: error(403, "ACCOUNT_NOT_FOUND", always),
    kind: "account",
    scope: "account",
    remedy: /CAMPAIGN_ANALYST/,
  },
  "403 ACTION_NOT_ALLOWED stops that account": {
    fault: error(403, "ACTION_NOT_ALLOWED", always),
    kind: "account",
    scope: "account",
    remedy: /not ANALYST/,
  },
  "a wrong parameter stops X": {
    fault: error(400, "INVALID_PARAMETER", { ...always, parameter: "granularity" }),
    kind: "request",
    scope: "platform",
    says: /INVALID_PARAMETER granularity/,
  },
  "a wrong window stops X": {
    fault: error(400, "INVALID_TIME_WINDOW", always),
    kind: "request",
    scope: "platform",
  },
  "a call that X no longer knows stops X": {
    fault: error(404, "ROUTE_NOT_FOUND", always),
    kind: "request",
    scope: "platform",
    says: /does not know the call/,
  },
  "34 is the same in the older form": { fault: error(404, 34, always), kind: "request", scope: "platform" },
  "delivery that is not on the account stops that account": {
    fault: error(400, "INVALID_ACCOUNT_SERVICE_LEVEL", always),
    kind: "account",
    scope: "account",
  },
  "500 again and again ends the slice": {
    fault: error(500, "INTERNAL_ERROR", always),
    kind: "transient",
    scope: "slice",
    remedy: /try again/,
  },
  "503 with HTML again and again ends the slice, however often it asks to be waited for": {
    fault: xFaults.page503(0, always),
    kind: "transient",
    scope: "slice",
  },
  "a lost lock again and again ends the slice": {
    fault: error(423, "LOCK_ACQUISITION_TIMEOUT", always),
    kind: "transient",
    scope: "slice",
  },
  "half an answer again and again ends the slice": {
    fault: truncatedJson('{"data":[{"id":"c1', always),
    kind: "transient",
    scope: "slice",
    says: /not JSON/,
  },
};

test.each(Object.entries(final))("%s", async (_, { fault, kind, scope, says, remedy }) => {
  const { open, server, logged } = await startX();
  server.addFault(fault);
  const failure = await failureOf(drain(open().performance(week())));
  expect({ kind: failure.kind, scope: failure.scope, platform: failure.platform }).toEqual({
    kind,
    scope,
    platform: "x",
  });
  if (says) expect(failure.message).toMatch(says);
  if (remedy) expect(failure.remedy).toMatch(remedy);
  expect(failure.remedy).not.toBe("");
  const told = `${failure.message} ${failure.remedy} ${logged.join(" ")}`;
  for (const secret of Object.values(xSandboxCredentials)) expect(told).not.toContain(secret);
});

const passing: Readonly<Record<string, Fault>> = {
  "500 once": error(500, "INTERNAL_ERROR", stats),
  "503 with HTML that asks to be waited for": xFaults.page503(0, stats),
  OVER_CAPACITY: error(503, "OVER_CAPACITY", stats),
  "408": error(408, "CANCELLED_REQUEST", stats),
  "423": error(423, "LOCK_ACQUISITION_TIMEOUT", stats),
  "a lost connection": connectionReset(stats),
  "half an answer": truncatedJson('{"data":[{"id":"c1', stats),
};

test.each(Object.entries(passing))("%s is passed over, and nothing is missing", async (_, fault) => {
  const { open, server, sandbox } = await startX();
  server.addFault(fault);
  const rows = await drain(open().totals(week()));
  const truth = sandbox.truth.days("acc1demo", "2026-11-14", "2026-11-20");
  expect(rows.map(({ date, spend }) => `${date} ${spend}`).sort()).toEqual(
    truth.map(({ date, spend }) => `${date} ${spend}`),
  );
});

test("an answer that falls silent is given up and asked for again", async () => {
  const { open, server } = await startX();
  server.addFault(stalledBody(stats));
  expect(await drain(open({ settings: { timeoutSeconds: 1 } }).totals(week()))).toHaveLength(7);
});

test("503 is waited for as long as X asks", async () => {
  const { open, server, clock } = await startX();
  server.addFault(xFaults.page503(1, stats));
  const before = clock.now.getTime();
  await drain(open({ maxWaitMs: 5_000 }).totals(week()));
  expect(clock.now.getTime() - before).toBeGreaterThanOrEqual(1_000);
});

test("429 of the user is waited out until the reset, and no earlier", async () => {
  const { open, server, clock } = await startX();
  const reset = Math.ceil(clock.now.getTime() / 1_000) + 1;
  server.addFault(
    error(429, "TOO_MANY_REQUESTS", {
      ...stats,
      headers: {
        "x-rate-limit-limit": "250",
        "x-rate-limit-remaining": "0",
        "x-rate-limit-reset": String(reset),
      },
    }),
  );
  expect(await drain(open({ maxWaitMs: 5_000 }).totals(week()))).toHaveLength(7);
  expect(clock.now.getTime()).toBeGreaterThanOrEqual(reset * 1_000);
});

test("the account's headers decide over the user's", async () => {
  const { open, server, clock } = await startX();
  const seconds = (ms: number) => String(Math.ceil((clock.now.getTime() + ms) / 1_000));
  server.addFault(
    error(429, "TOO_MANY_REQUESTS", {
      when: xRequests.active,
      times: Infinity,
      headers: {
        "x-rate-limit-limit": "1000000",
        "x-rate-limit-remaining": "999000",
        "x-rate-limit-reset": seconds(1_000),
        "x-account-rate-limit-remaining": "0",
        "x-account-rate-limit-reset": seconds(600_000),
      },
    }),
  );
  const failure = await failureOf(drain(open().totals(week())));
  expect(failure).toMatchObject({ kind: "busy", scope: "account" });
  expect(failure.retryAt?.getTime()).toBeGreaterThan(clock.now.getTime() + 500_000);
  expect(failure.message).toContain("limit of requests in 15 minutes");
});

test("429 without any header waits a minute", async () => {
  const { open, server, clock } = await startX();
  server.addFault(error(429, 88, { when: xRequests.active, times: Infinity }));
  const failure = await failureOf(drain(open().totals(week())));
  expect(failure).toMatchObject({ kind: "busy", scope: "platform" });
  const waitMs = (failure.retryAt?.getTime() ?? 0) - clock.now.getTime();
  expect(waitMs).toBeGreaterThan(55_000);
  expect(waitMs).toBeLessThanOrEqual(60_000);
});

test("where synchronous stats are used up for long, the rest is computed as jobs", async () => {
  const { open, server, clock, sandbox } = await startX();
  server.addFault(
    error(429, "TOO_MANY_REQUESTS", {
      ...stats,
      after: 1,
      times: Infinity,
      headers: { "x-rate-limit-reset": String(Math.ceil(clock.now.getTime() / 1_000) + 800) },
    }),
  );
  const rows = await drain(open().performance(week()));
  expect(new Set(rows.map(({ date, adId }) => `${date} ${adId}`)).size).toBe(rows.length);
  expect(sandbox.jobs.submitted).toBeGreaterThan(0);
  const calm = await startX();
  expect(rows).toHaveLength((await drain(calm.open().performance(week()))).length);
});

test("an account without web conversions counts none, with one warning", async () => {
  const { open, server, logged } = await startX();
  server.addFault(xFaults.noWebConversions());
  const connector = open();
  const pull = week();
  expect((await drain(connector.performance(pull))).length).toBeGreaterThan(0);
  expect(await drain(connector.conversions(pull))).toEqual([]);
  const networks = await drain(connector.networks(pull));
  expect(networks.every(({ kind }) => kind === "delivery")).toBe(true);
  await drain(connector.conversions(week()));
  expect(logged.filter((line) => line.includes("has no web conversions at X"))).toHaveLength(1);
});

test("a question that X finds too complex is halved", async () => {
  const { open, server, sandbox } = await startX();
  server.addFault(error(400, "REQUEST_TOO_COMPLEX", { ...stats, times: 3 }));
  const rows = await drain(open().totals(week()));
  expect(rows.map(({ spend }) => spend).sort()).toEqual(
    sandbox.truth
      .days("acc1demo", "2026-11-14", "2026-11-20")
      .map(({ spend }) => spend)
      .sort(),
  );
});

test("an entity that X does not know any more is left out of its batch, and the rest stays", async () => {
  const { open, server, logged } = await startX();
  const whole = await drain(open().performance(week()));
  const gone = whole[0]?.adId ?? "";
  server.addFault(
    error(404, "PROMOTED_TWEET_NOT_FOUND", {
      when: (exchange) => xRequests.stats(exchange) && exchange.rawQuery.includes(gone),
      times: Infinity,
    }),
  );
  const rows = await drain(open().performance(week()));
  expect(rows).toEqual(expect.arrayContaining(whole.filter(({ adId }) => adId !== gone)));
  expect(rows.some(({ adId }) => adId === gone)).toBe(false);
  expect(logged.some((line) => line.includes(gone))).toBe(true);
});

test("a placement that is documented no more is asked for, and one that X refuses is left out with a warning", async () => {
  const { open, server, asked, logged } = await startX();
  const network = "PUBLISHER_NETWORK";
  const rows = await drain(open().networks(week()));
  expect(rows.some((row) => row.network === network)).toBe(true);
  server.addFault(
    error(400, "INVALID_PARAMETER", {
      when: (exchange) => exchange.rawQuery.includes(`placement=${network}`),
      times: Infinity,
      parameter: "placement",
    }),
  );
  const without = await drain(open().networks(week()));
  expect(without.filter((row) => row.kind === "delivery")).toEqual(
    rows.filter((row) => row.kind === "delivery" && row.network !== network),
  );
  expect(asked(({ rawQuery }) => rawQuery.includes(network))).toBeGreaterThan(1);
  expect(logged.some((line) => line.includes(network) && line.includes("left out"))).toBe(true);
});

test("X's warning of a call is told once", async () => {
  const { open, server, logged } = await startX();
  server.addFault({
    name: "warning",
    when: xRequests.active,
    times: Infinity,
    strike: async (exchange, answer) => {
      exchange.response.setHeader("x-api-warn", "this call ends soon");
      await answer();
    },
  });
  const connector = open();
  await drain(connector.performance(week()));
  await list(connector.accounts(new AbortController().signal));
  expect(logged.filter((line) => line.includes("this call ends soon"))).toHaveLength(1);
});
