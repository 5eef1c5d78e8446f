import * as z from "zod";
import { Failure, type FailureDetails } from "../../domain/failure.ts";
import type { AnswerHeaders } from "../wire/exchange.ts";
import { jsonOrUndefined } from "../wire/json.ts";
import { retryAfterMs } from "../wire/retry-after.ts";
import { quotaIn } from "./limit-headers.ts";
import { unnamedPauseMs } from "./pace.ts";

/** What a caller mends in a way of its own: `Failure.reason`. */
export const reasons = {
  /** A hundred jobs are processing for the account. */
  tooManyJobs: "too many jobs",
  /** The account has no such feature, such as web conversions. */
  notOnAccount: "not on this account",
  /** To be asked in smaller parts. */
  tooComplex: "too complex",
  /** One of the ids that were asked for is not known. */
  unknownEntity: "unknown entity",
  invalidParameter: "invalid parameter",
  /** The limit of 15 minutes is used up. */
  throttled: "throttled",
} as const;

export interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly headers: AnswerHeaders;
}

export interface RefusalContext {
  /** What was asked, as messages begin. */
  readonly call: string;
  /** X's own id; null where the call belongs to no account. */
  readonly accountId: string | null;
  readonly now: Date;
  /** How often this call was throttled without being told until when, and turned away by an overloaded X, before. */
  readonly throttled: number;
  readonly turnedAway: number;
  readonly redact: (text: string) => string;
}

const errorShape = z.object({
  code: z.union([z.string(), z.number()]).transform(String).optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  parameter: z.string().optional().catch(undefined),
});
const bodyShape = z.object({ errors: z.array(errorShape).min(1) });

/** Codes of the shared edge, in the older numeric form. */
const numericCodes: Readonly<Record<string, string>> = { "88": "TOO_MANY_REQUESTS", "34": "ROUTE_NOT_FOUND" };

type Verdict = Pick<FailureDetails, "kind" | "remedy" | "retryAt" | "scope" | "reason"> & {
  readonly what?: string;
};

/** An overloaded X is waited for so often; after that it counts as any other server error. */
const mostTurnedAway = 4;
const longestAwayMs = 15 * 60_000;

const upgrade = "report it to costper: X's interface and this version of costper differ";
const unwell = "X is unwell; try again";

const throttle = ({ headers }: Refusal, { accountId, now, throttled }: RefusalContext): Verdict => {
  const quota = quotaIn(headers);
  const named = quota?.resetAt && quota.resetAt > now ? quota.resetAt : undefined;
  // A second more, since X counts in whole ones; retrying before the reset can cost access.
  const retryAt = named
    ? new Date(named.getTime() + 1_000)
    : new Date(now.getTime() + unnamedPauseMs(throttled));
  return {
    kind: "busy",
    reason: reasons.throttled,
    retryAt,
    scope: accountId !== null && quota?.of === "account" ? "account" : "platform",
    what: "X's limit of requests in 15 minutes is reached",
    remedy: "nothing: it goes on by itself when the limit is over",
  };
};

const badRequest = (code: string): Verdict => {
  switch (code) {
    case "TOO_MANY_JOBS":
      return {
        kind: "transient",
        reason: reasons.tooManyJobs,
        what: "X has as many reports in work for this account as it allows (100)",
        remedy: "run the sync again later; another program may be asking for reports of this account",
      };
    case "INVALID_ACCOUNT_SERVICE_LEVEL":
      return {
        kind: "account",
        reason: reasons.notOnAccount,
        what: "the account has no access to this feature of X",
        remedy: "have X switch it on for the ad account",
      };
    case "REQUEST_TOO_COMPLEX":
      return { kind: "request", reason: reasons.tooComplex, remedy: upgrade };
    case "INVALID_PARAMETER":
      return { kind: "request", reason: reasons.invalidParameter, remedy: upgrade };
    default:
      return { kind: "request", remedy: upgrade };
  }
};

const forbidden = (code: string, accountId: string | null): Verdict => {
  if (code === "UNAUTHORIZED_CLIENT_APPLICATION")
    return {
      kind: "credentials",
      what: "the application is not approved for X's Ads API",
      remedy: "apply for Ads API access for the application of connectors.x.consumerKey",
    };
  if (code === "CURRENT_USER_SUSPENDED")
    return {
      kind: "credentials",
      what: "the X user of the access token is suspended",
      remedy: "use the access token of another user in connectors.x.accessToken and accessTokenSecret",
    };
  if (accountId === null)
    return {
      kind: "credentials",
      what: "X refuses the application or its user",
      remedy: "check at X what application and user may do",
    };
  return {
    kind: "account",
    what: "no access to this ad account",
    remedy:
      "give the user of the access token at least the role CAMPAIGN_ANALYST (not ANALYST) on the ad account",
  };
};

/** `ROUTE_NOT_FOUND` speaks of the call, `CAMPAIGN_NOT_FOUND` and the like of what was asked for. */
const notFound = (code: string, accountId: string | null): Verdict => {
  if (code === "ROUTE_NOT_FOUND" || accountId === null)
    return { kind: "request", what: "X does not know the call", remedy: upgrade };
  if (code === "ACCOUNT_NOT_FOUND") return forbidden(code, accountId);
  return {
    kind: "account",
    reason: reasons.unknownEntity,
    what: "X does not know what was asked for",
    remedy: "check the account at X",
  };
};

const overloaded = (refusal: Refusal, { now, turnedAway }: RefusalContext): Verdict => {
  const waitMs = retryAfterMs(refusal.headers.get("retry-after"), now);
  if (refusal.status !== 503 || waitMs === undefined || turnedAway >= mostTurnedAway)
    return { kind: "transient", remedy: unwell };
  return {
    kind: "busy",
    scope: "account",
    retryAt: new Date(now.getTime() + Math.min(waitMs, longestAwayMs)),
    what: "X is over capacity",
    remedy: "nothing: it goes on by itself",
  };
};

const verdict = (refusal: Refusal, code: string, context: RefusalContext): Verdict => {
  const { status } = refusal;
  if (status === 429 || code === "TOO_MANY_REQUESTS") return throttle(refusal, context);
  if (status === 408 || status === 423) return { kind: "transient", remedy: unwell };
  if (status >= 500) return overloaded(refusal, context);
  switch (status) {
    case 400:
      return badRequest(code);
    case 401:
      return {
        kind: "credentials",
        what: "X does not accept the signature",
        remedy:
          "check the four keys of connectors.x: the token may have been revoked at X; and this machine's clock, which may be off by at most five minutes",
      };
    case 403:
      return forbidden(code, context.accountId);
    case 404:
      return notFound(code, context.accountId);
    default:
      return { kind: "request", remedy: upgrade };
  }
};

/** What a refused call means. `code` is `status/X's code`. */
export const refusalFailure = (refusal: Refusal, context: RefusalContext): Failure => {
  const [error] = bodyShape.safeParse(jsonOrUndefined(refusal.text)).data?.errors ?? [];
  const code = error?.code === undefined ? "" : (numericCodes[error.code] ?? error.code);
  const { what, ...rest } = verdict(refusal, code, context);
  const said = context.redact(
    [code, error?.parameter, error?.message].filter(Boolean).join(" ").slice(0, 300),
  );
  return new Failure({
    ...rest,
    platform: "x",
    message: `${context.call}: ${what ?? `X answered ${String(refusal.status)}`}${said === "" ? "" : ` (${said})`}`,
    status: refusal.status,
    code: code === "" ? String(refusal.status) : `${String(refusal.status)}/${code}`,
    ...(context.accountId === null ? {} : { accountId: context.accountId }),
  });
};

export const hasReason = (error: unknown, reason: (typeof reasons)[keyof typeof reasons]): error is Failure =>
  error instanceof Failure && error.reason === reason;
