import { Failure, type FailureDetails } from "../../domain/failure.ts";
import type { AnswerHeaders, TextAnswer } from "../wire/exchange.ts";
import { jsonOrUndefined } from "../wire/json.ts";
import { retryAfterMs } from "../wire/retry-after.ts";

export interface RefusalContext {
  /** LinkedIn's name of the call. */
  readonly call: string;
  readonly accountId: string | null;
  readonly apiVersion: string;
  readonly now: Date;
  /** How often this call has been throttled, or stopped for volume, before. */
  readonly throttled: number;
  readonly stoppedForVolume: number;
  readonly throttleDelaysMs: readonly number[];
  /** Takes secrets out of what LinkedIn wrote. */
  readonly redact: (text: string) => string;
}

/** Waits between throttled attempts where LinkedIn names none; a fifth throttle counts as the day's quota. */
export const throttleDelaysMs = [5_000, 15_000, 45_000, 120_000] as const;
const longestRetryAfterMs = 60_000;
/** 45 million metric values in any five minutes; half a minute on top. */
const volumePauseMs = 330_000;
const mostVolumePauses = 5;

/** Reasons of failures that callers act upon. */
export const volumeLimit = "volume_limit";
const revokedToken = "revoked_token";

/** How LinkedIn says that a token is revoked, which is also how a token looks that is seconds old. */
const revokedCodes: ReadonlySet<string> = new Set(["65601", "REVOKED_ACCESS_TOKEN"]);

interface Body {
  readonly code: string | undefined;
  readonly serviceCode: string | undefined;
  readonly message: string;
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" ? String(value) : undefined;

/** `code` and `errorDetails` came with newer resources; older ones have `message` alone; gateways answer with pages. */
const readBody = (text: string): Body => {
  const parsed = jsonOrUndefined(text);
  const body = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Record<string, unknown>;
  const details = body["errorDetails"] as { inputErrors?: unknown } | null | undefined;
  const inputs = Array.isArray(details?.inputErrors) ? (details.inputErrors as unknown[]) : [];
  const first = inputs[0] as
    | { code?: unknown; description?: unknown; input?: { inputPath?: { fieldPath?: unknown } } }
    | null
    | undefined;
  const where = [first?.code, first?.input?.inputPath?.fieldPath, first?.description]
    .map(textOf)
    .filter((part) => part !== undefined)
    .join(" ");
  return {
    code: textOf(body["code"]),
    serviceCode: textOf(body["serviceErrorCode"]),
    message: [textOf(body["message"]), where].filter(Boolean).join(" ").slice(0, 400),
  };
};

export const requestIdOf = (headers: AnswerHeaders): string | undefined =>
  headers.get("x-li-uuid") ?? headers.get("x-li-request-id") ?? undefined;

/** The quota of a day ends at midnight UTC; five minutes later it is surely new. */
const nextQuota = (now: Date): Date => {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), 0, 5);
  return new Date(today > now.getTime() ? today : today + 86_400_000);
};

const later = (now: Date, ms: number): Date => new Date(now.getTime() + ms);

export const askAgain =
  "authorise the application again and set connectors.linkedin.refreshToken (or accessToken)";

type Refusal = Pick<FailureDetails, "kind" | "remedy" | "retryAt" | "scope" | "reason"> & {
  readonly what?: string;
};

const throttle = (body: Body, headers: AnswerHeaders, context: RefusalContext): Refusal => {
  const { now } = context;
  const quota: Refusal = {
    kind: "busy",
    scope: "platform",
    retryAt: nextQuota(now),
    what: "LinkedIn's quota of the day is used up",
    remedy: "what is loaded is kept; the quota is new at 00:00 UTC, run the sync again after that",
  };
  if (/\bDAY\b/.test(body.message)) return quota;
  // LinkedIn gives this limit no code of its own: its sentence is all there is.
  if (/45 million/i.test(body.message))
    return {
      kind: "busy",
      reason: volumeLimit,
      scope: "platform",
      retryAt: later(now, context.stoppedForVolume < mostVolumePauses ? volumePauseMs : 3_600_000),
      what: "LinkedIn's limit of metric values in five minutes is reached",
      remedy: "nothing: it goes on by itself; fewer accounts at once make it rarer",
    };
  const delayMs = context.throttleDelaysMs[context.throttled];
  if (delayMs === undefined) return quota;
  const asked = retryAfterMs(headers.get("retry-after"), now);
  return {
    kind: "busy",
    scope: "platform",
    retryAt: later(now, asked === undefined ? delayMs : Math.min(asked, longestRetryAfterMs)),
    what: "LinkedIn throttles the application",
    remedy: "nothing: it goes on by itself",
  };
};

const verdict = ({ status, headers }: TextAnswer, body: Body, context: RefusalContext): Refusal => {
  if (status >= 300 && status < 400)
    return {
      kind: "request",
      what: "answered with a redirect, which is not followed",
      remedy: "check connectors.linkedin.endpoints",
    };
  if (status === 408 || status >= 500) return { kind: "transient", remedy: "LinkedIn is unwell; try again" };
  switch (status) {
    case 401:
      return {
        kind: "credentials",
        what: "LinkedIn does not accept the access token",
        remedy: askAgain,
        ...(revokedCodes.has(body.serviceCode ?? body.code ?? "") ? { reason: revokedToken } : {}),
      };
    case 403:
      return context.accountId === null || /\b(product|application)\b/i.test(body.message)
        ? {
            kind: "credentials",
            what: "the LinkedIn application may not use the Advertising API",
            remedy:
              "give the application the Advertising API product, with the scopes r_ads and r_ads_reporting",
          }
        : {
            kind: "account",
            what: "no permission for this ad account",
            remedy: "give the member who authorised the role VIEWER on the ad account",
          };
    case 404:
      return context.accountId === null
        ? { kind: "request", what: "LinkedIn does not know the resource", remedy: versionRemedy }
        : {
            kind: "account",
            what: "the ad account is gone or hidden",
            remedy: "check the account and the role of the member who authorised",
          };
    case 426:
      return {
        kind: "request",
        what: `LinkedIn API version ${context.apiVersion} is not active`,
        remedy: "set connectors.linkedin.apiVersion to a version that LinkedIn lists as active",
      };
    case 429:
      return throttle(body, headers, context);
    default:
      // One account's refusal, which reaches further where several accounts in a row meet it.
      return {
        kind: "request",
        remedy: versionRemedy,
        ...(context.accountId === null ? {} : { scope: "account" }),
      };
  }
};

const versionRemedy =
  "upgrade costper, or set connectors.linkedin.apiVersion to a version that still knows it";

/** What a refused call means: which kind of failure, and until when. `code` is `status/LinkedIn's code`. */
export const refusalFailure = (refusal: TextAnswer, context: RefusalContext): Failure => {
  const body = readBody(refusal.text);
  const { what, ...rest } = verdict(refusal, body, context);
  const code = body.serviceCode ?? body.code;
  const requestId = requestIdOf(refusal.headers);
  const said = context.redact(body.message);
  return new Failure({
    ...rest,
    message: `${context.call}: ${what ?? `LinkedIn answered ${refusal.status}`}${said ? ` (${said})` : ""}`,
    platform: "linkedin",
    status: refusal.status,
    ...(context.accountId === null ? {} : { accountId: context.accountId }),
    code: code === undefined ? String(refusal.status) : `${refusal.status}/${code}`,
    ...(requestId === undefined ? {} : { requestId }),
  });
};

/** The HTTP status that a failure came from; undefined where there was none. */
export const statusOf = (failure: unknown): number | undefined =>
  failure instanceof Failure ? failure.status : undefined;

export const saysRevoked = (failure: unknown): boolean =>
  failure instanceof Failure && failure.reason === revokedToken;
