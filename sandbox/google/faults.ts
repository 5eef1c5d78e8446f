import type { Exchange, Fault } from "../server.ts";
import { errorElement, SandboxError } from "./errors.ts";
import { type Damage, damage } from "./stream.ts";

type Where = Pick<Fault, "when" | "after" | "times">;

/** Queries, and no other calls; of one resource or account where named. */
export const onQuery =
  ({ from, accountId }: { readonly from?: string; readonly accountId?: string } = {}) =>
  (exchange: Exchange): boolean =>
    exchange.path.endsWith("googleAds:searchStream") &&
    (from === undefined || new RegExp(`\\bFROM ${from}\\b`).test(exchange.body)) &&
    (accountId === undefined || exchange.path.includes(`/customers/${accountId}/`));

const onToken = (exchange: Exchange): boolean => exchange.path === "/token";

const refusal = (name: string, error: SandboxError, where: Where): Fault => ({
  when: onQuery(),
  ...where,
  name,
  strike: (exchange) =>
    exchange.json(error.http, [errorElement(error, "sandbox-fault")], { "request-id": "sandbox-fault" }),
});

const broken = (name: string, how: Damage, where: Where): Fault => ({
  when: onQuery(),
  ...where,
  name,
  strike: async (exchange, answer) => {
    damage(exchange, how);
    await answer();
  },
});

const quota = (code: string, scope: "ACCOUNT" | "DEVELOPER", seconds: number): SandboxError =>
  new SandboxError(
    429,
    "RESOURCE_EXHAUSTED",
    "quotaError",
    code,
    `Too many requests. Retry in ${String(seconds)} seconds.`,
    { scope, seconds },
  );

/** What Google Ads is known to do on a bad day. */
export const googleFaults = {
  /** Any error code, answered before the first batch. */
  error: (http: number, status: string, family: string, code: string, where: Where = {}) =>
    refusal(`${family}.${code}`, new SandboxError(http, status, family, code, "Sandbox fault."), where),
  tooManyRequests: (seconds = 1, scope: "ACCOUNT" | "DEVELOPER" = "ACCOUNT", where: Where = {}) =>
    refusal("429", quota("RESOURCE_TEMPORARILY_EXHAUSTED", scope, seconds), where),
  dailyQuota: (seconds = 40_591, where: Where = {}) =>
    refusal("daily quota", quota("RESOURCE_EXHAUSTED", "DEVELOPER", seconds), where),
  /** The account refuses for good. */
  noPermission: (accountId: string, where: Where = {}) =>
    refusal(
      "no permission",
      new SandboxError(
        403,
        "PERMISSION_DENIED",
        "authorizationError",
        "USER_PERMISSION_DENIED",
        "User doesn't have permission to access customer.",
      ),
      { times: Infinity, when: onQuery({ accountId }), ...where },
    ),
  unsupportedVersion: (where: Where = {}) =>
    refusal(
      "unsupported version",
      new SandboxError(
        400,
        "INVALID_ARGUMENT",
        "requestError",
        "UNSUPPORTED_VERSION",
        "Version v24 is deprecated.",
      ),
      { times: Infinity, ...where },
    ),
  /** A token that Google suddenly finds stale. */
  unauthorized: (where: Where = {}) =>
    refusal(
      "401",
      new SandboxError(
        401,
        "UNAUTHENTICATED",
        "authenticationError",
        "OAUTH_TOKEN_INVALID",
        "The token is invalid.",
      ),
      where,
    ),
  invalidGrant: (where: Where = {}): Fault => ({
    when: onToken,
    times: Infinity,
    ...where,
    name: "invalid_grant",
    strike: (exchange) =>
      exchange.json(400, {
        error: "invalid_grant",
        error_description: "Token has been expired or revoked.",
      }),
  }),
  /** Good batches, then an error in place of the next one, under a status of 200. */
  trailingError: (after = 1, where: Where = {}) =>
    broken(
      "trailing error",
      {
        after,
        way: {
          kind: "error",
          element: errorElement(
            new SandboxError(500, "INTERNAL", "internalError", "TRANSIENT_ERROR", "Please retry."),
            "sandbox-fault",
          ),
        },
      },
      where,
    ),
  repeatedBatch: (after = 0, where: Where = {}) =>
    broken("repeated batch", { after, way: { kind: "repeat" } }, where),
  resetWithinBatch: (after = 1, where: Where = {}) =>
    broken("reset within a batch", { after, way: { kind: "reset" } }, where),
  truncated: (after = 1, where: Where = {}) =>
    broken("truncated", { after, way: { kind: "truncate" } }, where),
  stalled: (after = 1, where: Where = {}) => broken("stalled", { after, way: { kind: "stall" } }, where),
} as const;
