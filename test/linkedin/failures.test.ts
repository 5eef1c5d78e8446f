import { expect, test } from "vitest";
import type { FailureKind, FailureScope } from "../../src/domain/failure.ts";
import { connectionReset, htmlPage, onPath, stalledBody, truncatedJson } from "../../sandbox/faults.ts";
import { linkedinFaults, linkedinSandboxCredentials } from "../../sandbox/linkedin/index.ts";
import type { Fault } from "../../sandbox/server.ts";
import { drain, failureOf, list, pullOf, startLinkedin } from "./support.ts";

const week = () => pullOf("2026-11-13", "2026-11-20");
const analytics = onPath("/adAnalytics");
const always = { when: analytics, times: Infinity };

const { answers } = linkedinFaults;
const isAnalytics = analytics;

interface Case {
  readonly fault: Fault;
  readonly kind: FailureKind;
  readonly scope: FailureScope;
  readonly says?: RegExp;
  readonly remedy?: RegExp;
}

const final: Readonly<Record<string, Case>> = {
  "403 on an account's figures stops that account": {
    fault: linkedinFaults.denied(always),
    kind: "account",
    scope: "account",
    remedy: /VIEWER/,
  },
  "403 that names the application's product stops LinkedIn": {
    fault: answers(
      403,
      { status: 403, message: "This application has no access to the product Advertising API" },
      isAnalytics,
    ),
    kind: "credentials",
    scope: "platform",
    remedy: /Advertising API/,
  },
  "404 stops the account": { fault: linkedinFaults.notFound(always), kind: "account", scope: "account" },
  "400 about a parameter stops the account": {
    fault: linkedinFaults.invalidParameter(always),
    kind: "request",
    scope: "account",
    says: /PARAM_INVALID fields/,
  },
  "400 about a retired field stops the account": {
    fault: linkedinFaults.retiredField(always),
    kind: "request",
    scope: "account",
    says: /FIELD_INVALID/,
  },
  "405 stops the account": {
    fault: answers(405, { status: 405, message: "Method not allowed" }, isAnalytics),
    kind: "request",
    scope: "account",
  },
  "411 stops the account": {
    fault: answers(411, { status: 411, message: "Content-Length required" }, isAnalytics),
    kind: "request",
    scope: "account",
  },
  "414 also of a tunnelled query stops the account": {
    fault: linkedinFaults.tooLong(always),
    kind: "request",
    scope: "account",
  },
  "426 stops LinkedIn and names the setting": {
    fault: linkedinFaults.versionDead(always),
    kind: "request",
    scope: "platform",
    says: /202609/,
    remedy: /connectors\.linkedin\.apiVersion/,
  },
  "a revoked token that is not new stops LinkedIn": {
    fault: linkedinFaults.revokedToken(always),
    kind: "credentials",
    scope: "platform",
    remedy: /authorise/,
  },
  "a token that is expired again after its renewal stops LinkedIn": {
    fault: linkedinFaults.expiredToken(always),
    kind: "credentials",
    scope: "platform",
  },
  "a token that is invalid again after its renewal stops LinkedIn": {
    fault: linkedinFaults.invalidToken(always),
    kind: "credentials",
    scope: "platform",
  },
  "a redirect is not followed": {
    fault: {
      name: "redirect",
      when: analytics,
      strike: (exchange) => exchange.text(302, "", { location: "https://example.com/" }),
    },
    kind: "request",
    scope: "platform",
    remedy: /endpoints/,
  },
  "rows of a day that was not asked for publish nothing": {
    fault: answers(
      200,
      {
        elements: [
          {
            dateRange: { start: { year: 2026, month: 1, day: 1 }, end: { year: 2026, month: 1, day: 1 } },
            pivotValues: ["urn:li:sponsoredCampaign:1"],
          },
        ],
      },
      isAnalytics,
    ),
    kind: "data",
    scope: "slice",
    says: /2026-01-01/,
  },
  "an answer of another shape publishes nothing": {
    fault: answers(200, { elements: [{ impressions: 3 }] }, isAnalytics),
    kind: "data",
    scope: "slice",
  },
  "a figure that is no number publishes nothing": {
    fault: answers(
      200,
      {
        elements: [
          {
            dateRange: { start: { year: 2026, month: 11, day: 14 }, end: { year: 2026, month: 11, day: 14 } },
            pivotValues: ["urn:li:sponsoredCampaign:1"],
            costInLocalCurrency: "12,5",
          },
        ],
      },
      isAnalytics,
    ),
    kind: "data",
    scope: "slice",
    says: /costInLocalCurrency/,
  },
};

test.each(Object.entries(final))("%s", async (_, { fault, kind, scope, says, remedy }) => {
  const { open, server } = await startLinkedin();
  server.addFault(fault);
  const failure = await failureOf(drain(open().performance(week())));
  expect({ kind: failure.kind, scope: failure.scope }).toEqual({ kind, scope });
  expect(failure.remedy).toMatch(remedy ?? /./);
  expect(failure.message).toMatch(says ?? /adAnalytics/);
});

const passing: Readonly<Record<string, Fault>> = {
  "502 with a page": htmlPage(502, { when: analytics, times: 4 }),
  "500": answers(500, { status: 500, message: "Internal error" }, isAnalytics),
  "503": answers(503, {}, isAnalytics),
  "504": answers(504, {}, isAnalytics),
  "408": answers(408, {}, isAnalytics),
  "a page instead of JSON": htmlPage(200, { when: analytics }),
  "half a JSON text": truncatedJson('{"elements":[{"dateRange"', { when: analytics }),
  "a reset connection": connectionReset({ when: analytics }),
  "a throttle": linkedinFaults.throttled({ when: analytics, times: 4 }),
  "a throttle that says when": linkedinFaults.throttled({ when: analytics, headers: { "retry-after": "0" } }),
  "an expired token": linkedinFaults.expiredToken({ when: analytics }),
  "an invalid token": linkedinFaults.invalidToken({ when: analytics }),
};

test.each(Object.entries(passing))("goes on after %s", async (_, fault) => {
  const { open, server } = await startLinkedin();
  server.addFault(fault);
  expect((await drain(open().performance(week()))).length).toBeGreaterThan(20);
});

test("gives up on an answer that keeps being broken, as transient", async () => {
  const { open, server } = await startLinkedin();
  server.addFault(htmlPage(502, always));
  const failure = await failureOf(drain(open().performance(week())));
  expect(failure).toMatchObject({ kind: "transient", code: "502" });
  expect(server.requests.filter(({ path }) => path === "/rest/adAnalytics")).toHaveLength(5);
});

test("stops until five past midnight UTC where the quota of the day is used up", async () => {
  const { open, server } = await startLinkedin();
  server.addFault(linkedinFaults.dailyQuota(always));
  const failure = await failureOf(drain(open().performance(week())));
  expect(failure).toMatchObject({ kind: "busy", retryAt: new Date("2026-11-22T00:05:00Z") });
});

test("pauses the whole application for five and a half minutes after 45 million values", async () => {
  const { open, server } = await startLinkedin();
  server.addFault(linkedinFaults.volume(always));
  const connector = open();
  const failure = await failureOf(drain(connector.performance(week())));
  expect(failure.kind).toBe("busy");
  expect(failure.retryAt?.toISOString()).toMatch(/^2026-11-21T10:05:3/);
  server.clearFaults();
  const elsewhere = await failureOf(list(connector.accounts(new AbortController().signal)));
  expect(elsewhere).toMatchObject({ kind: "busy", scope: "platform" });
});

test("takes a fifth throttle in a row for the quota of the day", async () => {
  const { open, server } = await startLinkedin();
  server.addFault(linkedinFaults.throttled(always));
  const failure = await failureOf(drain(open().performance(week())));
  expect(failure).toMatchObject({ kind: "busy", retryAt: new Date("2026-11-22T00:05:00Z") });
  expect(server.requests.filter(({ path }) => path === "/rest/adAnalytics")).toHaveLength(5);
});

test("stops the connector where the account search is refused", async () => {
  const { open, server } = await startLinkedin();
  server.addFault(linkedinFaults.denied({ when: onPath("/adAccounts") }));
  const failure = await failureOf(list(open().accounts(new AbortController().signal)));
  expect(failure).toMatchObject({ kind: "credentials", scope: "platform" });
});

test("keeps figures without names where the conversion rules are refused", async () => {
  const { open, server, logged } = await startLinkedin();
  server.addFault(linkedinFaults.denied({ when: onPath("/conversions") }));
  const entities = await drain(open().entities(week()));
  expect(entities.filter(({ kind }) => kind === "campaign")).toHaveLength(10);
  expect(entities.filter(({ kind }) => kind === "conversion_action")).toHaveLength(4);
  expect(logged.join("")).toContain("no permission for LinkedIn conversion rules");
});

test("gives up when nothing comes any more", async () => {
  const { open, server } = await startLinkedin();
  server.addFault(stalledBody(always));
  const failure = await failureOf(drain(open({ settings: { timeoutSeconds: 1 } }).totals(week())));
  expect(failure).toMatchObject({ kind: "transient", code: "timeout" });
}, 20_000);

test("stops at once when it is aborted", async () => {
  const { open, server } = await startLinkedin();
  const connector = open();
  await drain(connector.totals(week()));
  const stop = new AbortController();
  const seen = new Promise<void>((resolve) => {
    server.addFault({ ...stalledBody(), when: () => (resolve(), true) });
  });
  const work = failureOf(drain(connector.performance({ ...week(), signal: stop.signal })));
  await seen;
  stop.abort();
  expect((await work).kind).toBe("cancelled");
});

test("says no secret in any failure or log line", async () => {
  const { open, server, logged, exchanges } = await startLinkedin();
  await drain(open().totals(week()));
  const failures: unknown[] = [];
  for (const fault of [
    ...Object.values(final).map((entry) => entry.fault),
    answers(
      400,
      { status: 400, message: `the token ${linkedinSandboxCredentials.refreshToken} was wrong` },
      isAnalytics,
    ),
    linkedinFaults.refreshRefused("invalid_grant"),
  ]) {
    server.clearFaults();
    server.addFault(fault);
    const failure = await failureOf(drain(open().performance(week())));
    failures.push([
      failure.message,
      failure.remedy,
      failure.stack,
      JSON.stringify(failure),
      String(failure.cause),
    ]);
  }
  const bearer = String(exchanges.find(({ headers }) => headers.authorization)?.headers.authorization).slice(
    7,
  );
  expect(bearer.length).toBeGreaterThan(400);
  const told = JSON.stringify(failures) + logged.join("");
  for (const secret of [
    bearer,
    linkedinSandboxCredentials.clientSecret,
    encodeURIComponent(linkedinSandboxCredentials.clientSecret),
    linkedinSandboxCredentials.refreshToken,
  ])
    expect(told).not.toContain(secret);
});
