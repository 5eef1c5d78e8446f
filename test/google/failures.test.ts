import { describe, expect, test } from "vitest";
import { failureOf } from "../../src/connectors/google/failures.ts";
import { noon } from "./support.ts";

const context = {
  what: "the performance query",
  accountId: "1112223333",
  query: "SELECT customer.id FROM customer",
  now: noon,
  redact: (text: string) => text.replaceAll("secret", "***"),
};

const body = (http: number, status: string, ...errors: object[]) => ({
  error: { code: http, message: "It failed.", status, details: [{ errors, requestId: "req-1" }] },
});
const one = (family: string, code: string, more: object = {}) => ({
  errorCode: { [family]: code },
  message: `${code} happened`,
  ...more,
});
const quota = (rateScope: string, retryDelay: string) => ({
  details: { quotaErrorDetails: { rateScope, rateName: "Number of operations", retryDelay } },
});
const waitOf = (retryAt: Date | undefined) => (retryAt ? (retryAt.getTime() - noon().getTime()) / 1000 : 0);

describe("every error that Google documents is given what happens next", () => {
  test.each([
    ["internalError", "INTERNAL_ERROR", 500, "INTERNAL", "transient"],
    ["internalError", "TRANSIENT_ERROR", 503, "UNAVAILABLE", "transient"],
    ["internalError", "DEADLINE_EXCEEDED", 504, "DEADLINE_EXCEEDED", "transient"],
    ["requestError", "RPC_DEADLINE_TOO_SHORT", 400, "INVALID_ARGUMENT", "transient"],
    ["quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", 429, "RESOURCE_EXHAUSTED", "busy"],
    ["quotaError", "RESOURCE_EXHAUSTED", 429, "RESOURCE_EXHAUSTED", "busy"],
    ["quotaError", "EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION", 429, "RESOURCE_EXHAUSTED", "busy"],
    ["quotaError", "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION", 429, "RESOURCE_EXHAUSTED", "busy"],
    ["quotaError", "ACCESS_PROHIBITED", 429, "RESOURCE_EXHAUSTED", "credentials"],
    ["authenticationError", "OAUTH_TOKEN_REVOKED", 401, "UNAUTHENTICATED", "credentials"],
    ["authenticationError", "OAUTH_TOKEN_EXPIRED", 401, "UNAUTHENTICATED", "credentials"],
    ["authenticationError", "GOOGLE_ACCOUNT_DELETED", 401, "UNAUTHENTICATED", "credentials"],
    ["authenticationError", "NOT_ADS_USER", 401, "UNAUTHENTICATED", "credentials"],
    ["authenticationError", "TWO_STEP_VERIFICATION_NOT_ENROLLED", 401, "UNAUTHENTICATED", "credentials"],
    ["authenticationError", "DEVELOPER_TOKEN_INVALID", 401, "UNAUTHENTICATED", "credentials"],
    ["authenticationError", "ORGANIZATION_NOT_APPROVED", 401, "UNAUTHENTICATED", "credentials"],
    ["authenticationError", "CUSTOMER_NOT_FOUND", 401, "UNAUTHENTICATED", "account"],
    ["authenticationError", "CLIENT_CUSTOMER_ID_INVALID", 401, "UNAUTHENTICATED", "account"],
    ["requestError", "INVALID_CUSTOMER_ID", 400, "INVALID_ARGUMENT", "account"],
    ["authorizationError", "DEVELOPER_TOKEN_NOT_APPROVED", 403, "PERMISSION_DENIED", "credentials"],
    ["authorizationError", "PROJECT_DISABLED", 403, "PERMISSION_DENIED", "credentials"],
    ["authorizationError", "MISSING_TOS", 403, "PERMISSION_DENIED", "credentials"],
    ["authorizationError", "USER_PERMISSION_DENIED", 403, "PERMISSION_DENIED", "account"],
    ["authorizationError", "METRIC_ACCESS_DENIED", 403, "PERMISSION_DENIED", "account"],
    ["authorizationError", "ACTION_NOT_PERMITTED", 403, "PERMISSION_DENIED", "account"],
    ["authorizationError", "CUSTOMER_NOT_ENABLED", 403, "PERMISSION_DENIED", "account"],
    ["authorizationError", "INCOMPLETE_SIGNUP", 403, "PERMISSION_DENIED", "account"],
    ["authorizationError", "SOMETHING_NEW", 403, "PERMISSION_DENIED", "account"],
    ["headerError", "INVALID_LOGIN_CUSTOMER_ID", 400, "INVALID_ARGUMENT", "account"],
    ["queryError", "REQUESTED_METRICS_FOR_MANAGER", 400, "INVALID_ARGUMENT", "account"],
    ["dateRangeError", "REQUESTED_DATE_GRANULARITY_NOT_SUPPORTED", 400, "INVALID_ARGUMENT", "data"],
    ["requestError", "CANNOT_BE_EXECUTED_BY_MANAGER_ACCOUNT", 400, "INVALID_ARGUMENT", "account"],
    ["requestError", "DEVELOPER_TOKEN_PARAMETER_MISSING", 400, "INVALID_ARGUMENT", "credentials"],
    ["requestError", "UNSUPPORTED_VERSION", 400, "INVALID_ARGUMENT", "request"],
    ["queryError", "UNRECOGNIZED_FIELD", 400, "INVALID_ARGUMENT", "request"],
    ["requestError", "SOMETHING_NEW", 400, "INVALID_ARGUMENT", "request"],
  ] as const)("%s.%s (%i %s) is %s", (family, code, http, status, kind) => {
    for (const answer of [body(http, status, one(family, code)), [body(http, status, one(family, code))]]) {
      const { failure } = failureOf(context, http, JSON.stringify(answer));
      expect(failure).toMatchObject({
        kind,
        code: `${family}.${code}`,
        requestId: "req-1",
        accountId: "1112223333",
        platform: "google",
      });
      expect(failure.message).toContain(code);
      expect(failure.remedy).not.toBe("");
    }
  });

  test.each([
    [500, "", "transient"],
    [502, "<html>Bad Gateway</html>", "transient"],
    [503, '{"error":{"code":503,"status":"UNAVAILABLE"}}', "transient"],
    [504, "[]", "transient"],
    [408, "", "transient"],
    [409, '{"error":{"code":409,"status":"ABORTED"}}', "transient"],
    [302, "", "transient"],
    [404, "<html>Not Found</html>", "request"],
    [400, '{"error":{"code":400,"status":"INVALID_ARGUMENT"}}', "request"],
    [501, '{"error":{"code":501,"status":"UNIMPLEMENTED"}}', "request"],
    [401, "", "credentials"],
    [403, '{"error":{"code":403,"status":"PERMISSION_DENIED"}}', "account"],
    [403, '{"error":{"code":403,"details":[{"reason":"SERVICE_DISABLED"}]}}', "credentials"],
    [429, "", "busy"],
    [403, '{"error":"not what it should be"}', "account"],
    [500, '{"error":{"details":"none"}}', "transient"],
  ] as const)("HTTP %i with %s is %s without any error of the Ads API", (http, text, kind) => {
    expect(failureOf(context, http, text).failure.kind).toBe(kind);
  });
});

describe("a limit is waited out for as long and as wide as Google says", () => {
  test.each([
    ["RESOURCE_TEMPORARILY_EXHAUSTED", "ACCOUNT", "30s", "account", 30],
    ["RESOURCE_TEMPORARILY_EXHAUSTED", "DEVELOPER", "1.5s", "platform", 1.5],
    ["RESOURCE_EXHAUSTED", "DEVELOPER", "40591s", "platform", 40_591],
  ])("%s with scope %s and delay %s", (code, rateScope, delay, scope, seconds) => {
    const error = body(429, "RESOURCE_EXHAUSTED", one("quotaError", code, quota(rateScope, delay)));
    const { failure } = failureOf(context, 429, [error]);
    expect(failure).toMatchObject({ kind: "busy", scope });
    expect(waitOf(failure.retryAt)).toBe(seconds);
  });

  test("one that names no delay is waited for longer each time", () => {
    const error = [body(429, "RESOURCE_EXHAUSTED", one("quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED"))];
    const waits = [0, 1, 2].map((repetition) =>
      waitOf(failureOf({ ...context, repetition }, 429, error).failure.retryAt),
    );
    expect(waits).toEqual([30, 60, 120]);
  });

  test("a Retry-After header counts where the body says nothing, in seconds or as a date", () => {
    const date = new Date(context.now().getTime() + 600_000).toUTCString();
    for (const [header, seconds] of [
      ["7", 7],
      [date, 600],
    ] as const) {
      const { failure } = failureOf(context, 429, "", new Headers({ "retry-after": header }));
      expect(waitOf(failure.retryAt)).toBe(seconds);
    }
  });
});

test.each([
  [
    "by its details",
    {
      message: "It is disabled.",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "SERVICE_DISABLED",
          domain: "googleapis.com",
          metadata: { service: "googleads.googleapis.com", consumer: "projects/4711" },
        },
      ],
    },
  ],
  [
    "by its sentence",
    { message: "Google Ads API has not been used in project 4711 before or it is disabled." },
  ],
])("an API that is not enabled is told with its project, %s", (_, error) => {
  const body = { error: { code: 403, status: "PERMISSION_DENIED", ...error } };
  const { failure } = failureOf(context, 403, body);
  expect(failure).toMatchObject({ kind: "credentials", scope: "platform", code: "SERVICE_DISABLED" });
  expect(failure.remedy).toContain("enable googleads.googleapis.com in the Google Cloud project 4711");
});

test.each([
  ["by its details", { details: [{ reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT" }] }],
  ["by its sentence", { message: "Request had insufficient authentication scopes." }],
])("a token without the scope is told with the scope, %s", (_, error) => {
  const { failure } = failureOf(context, 403, {
    error: { code: 403, status: "PERMISSION_DENIED", ...error },
  });
  expect(failure).toMatchObject({ kind: "credentials", scope: "platform" });
  expect(failure.remedy).toContain("https://www.googleapis.com/auth/adwords");
});

test("a refusal that no table knows stops its account only, unless it belongs to none", () => {
  const refusal = body(400, "INVALID_ARGUMENT", one("queryError", "SOMETHING_NEW"));
  expect(failureOf(context, 400, refusal).failure).toMatchObject({ kind: "request", scope: "account" });
  const { accountId: _, ...ofNone } = context;
  expect(failureOf(ofNone, 400, refusal).failure).toMatchObject({ kind: "request", scope: "platform" });
  const version = body(400, "INVALID_ARGUMENT", one("requestError", "UNSUPPORTED_VERSION"));
  expect(failureOf(context, 400, version).failure).toMatchObject({ kind: "request", scope: "platform" });
});

test("of several errors the one that reaches furthest decides", () => {
  const error = body(
    403,
    "PERMISSION_DENIED",
    one("internalError", "TRANSIENT_ERROR"),
    one("authorizationError", "USER_PERMISSION_DENIED"),
    one("authenticationError", "OAUTH_TOKEN_REVOKED"),
  );
  expect(failureOf(context, 403, error).failure.code).toBe("authenticationError.OAUTH_TOKEN_REVOKED");
});

test("only a token that may just be old is worth a fresh one", () => {
  const stale = (code: string) =>
    failureOf(context, 401, body(401, "UNAUTHENTICATED", one("authenticationError", code))).staleToken;
  expect(stale("OAUTH_TOKEN_EXPIRED")).toBe(true);
  expect(stale("OAUTH_TOKEN_INVALID")).toBe(true);
  expect(stale("OAUTH_TOKEN_REVOKED")).toBe(false);
  expect(failureOf(context, 401, "").staleToken).toBe(true);
});

test("a refused query is named with its text, and no secret shows", () => {
  const error = body(400, "INVALID_ARGUMENT", {
    ...one("queryError", "UNRECOGNIZED_FIELD"),
    message: "no such field, secret",
  });
  const { message } = failureOf(context, 400, error).failure;
  expect(message).toContain("SELECT customer.id FROM customer");
  expect(message).toContain("no such field, ***");
});
