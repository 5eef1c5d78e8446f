import { Failure, type FailureDetails } from "../../domain/failure.ts";
import { parseJson } from "./restli.ts";

/** An answer that is no success, as far as it matters for what happens next. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

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

interface Body {
  readonly code: string | undefined;
  readonly serviceCode: string | undefined;
  readonly message: string;
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" ? String(value) : undefined;

/** `code` and `errorDetails` came with newer resources; older ones have `message` alone; gateways answer with pages. */
const readBody = (text: string): Body => {
  let body: Record<string, unknown> = {};
  try {
    const parsed = parseJson(text);
    if (typeof parsed === "object" && parsed !== null) body = parsed as Record<string, unknown>;
  } catch {
    return { code: undefined, serviceCode: undefined, message: "" };
  }
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

export const requestIdOf = (headers: Headers): string | undefined =>
  headers.get("x-li-uuid") ?? headers.get("x-li-request-id") ?? undefined;

/** The quota of a day ends at midnight UTC; five minutes later it is surely new. */
const nextQuota = (now: Date): Date => {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), 0, 5);
  return new Date(today > now.getTime() ? today : today + 86_400_000);
};

const retryAfterMs = (header: string | null, now: Date): number | undefined => {
  if (header === null) return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now.getTime();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), longestRetryAfterMs) : undefined;
};

const later = (now: Date, ms: number): Date => new Date(now.getTime() + ms);

const askAgain = "authorise the application again and set connectors.linkedin.refreshToken (or accessToken)";

type Verdict = Pick<FailureDetails, "kind" | "remedy" | "retryAt" | "scope"> & { readonly what?: string };

const throttle = (body: Body, headers: Headers, context: RefusalContext): Verdict => {
  const { now } = context;
  const quota: Verdict = {
    kind: "busy",
    scope: "platform",
    retryAt: nextQuota(now),
    what: "LinkedIn's quota of the day is used up",
    remedy: "what is loaded is kept; the quota is new at 00:00 UTC, run the sync again after that",
  };
  if (/\bDAY\b/.test(body.message)) return quota;
  if (/45 million/i.test(body.message))
    return {
      kind: "busy",
      scope: "platform",
      retryAt: later(now, context.stoppedForVolume < mostVolumePauses ? volumePauseMs : 3_600_000),
      what: "LinkedIn's limit of metric values in five minutes is reached",
      remedy: "nothing: it goes on by itself; fewer accounts at once make it rarer",
    };
  const delayMs = context.throttleDelaysMs[context.throttled];
  if (delayMs === undefined) return quota;
  return {
    kind: "busy",
    scope: "platform",
    retryAt: later(now, retryAfterMs(headers.get("retry-after"), now) ?? delayMs),
    what: "LinkedIn throttles the application",
    remedy: "nothing: it goes on by itself",
  };
};

const verdict = ({ status, headers }: Refusal, body: Body, context: RefusalContext): Verdict => {
  if (status === 408 || status >= 500) return { kind: "transient", remedy: "LinkedIn is unwell; try again" };
  switch (status) {
    case 401:
      return { kind: "credentials", what: "LinkedIn does not accept the access token", remedy: askAgain };
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
      return { kind: "request", remedy: versionRemedy };
  }
};

const versionRemedy =
  "upgrade costper, or set connectors.linkedin.apiVersion to a version that still knows it";

/** What a refused call means: which kind of failure, and until when. `code` is `status/LinkedIn's code`. */
export const refusalFailure = (refusal: Refusal, context: RefusalContext): Failure => {
  const body = readBody(refusal.text);
  const { what, ...rest } = verdict(refusal, body, context);
  const code = body.serviceCode ?? body.code;
  const requestId = requestIdOf(refusal.headers);
  const said = context.redact(body.message);
  return new Failure({
    ...rest,
    message: `${context.call}: ${what ?? `LinkedIn answered ${refusal.status}`}${said ? ` (${said})` : ""}`,
    platform: "linkedin",
    ...(context.accountId === null ? {} : { accountId: context.accountId }),
    code: code === undefined ? String(refusal.status) : `${refusal.status}/${code}`,
    ...(requestId === undefined ? {} : { requestId }),
  });
};

/** The HTTP status that a failure came from; undefined where there was none. */
export const statusOf = (failure: unknown): number | undefined =>
  failure instanceof Failure && failure.code !== undefined && /^\d{3}(\/|$)/.test(failure.code)
    ? Number(failure.code.slice(0, 3))
    : undefined;

/** Whether the refused token is said to be revoked, which is also how a token looks that is seconds old. */
export const saysRevoked = (failure: unknown): boolean =>
  failure instanceof Failure && (failure.code === "401/65601" || failure.code === "401/REVOKED_ACCESS_TOKEN");

/** A failed answer of the token endpoint: decided by `error`, since its statuses vary. */
export const refreshFailure = (refusal: Refusal, redact: (text: string) => string): Failure => {
  let error: unknown;
  let description: unknown;
  try {
    const body = parseJson(refusal.text) as Record<string, unknown> | null;
    error = body?.["error"];
    description = body?.["error_description"];
  } catch {
    // A page instead of JSON: LinkedIn's front end, worth another try.
  }
  const final = ["invalid_grant", "invalid_request", "invalid_client", "unauthorized_client"];
  const requestId = requestIdOf(refusal.headers);
  const stops = typeof error === "string" && final.includes(error);
  const clientIsWrong = error === "invalid_client" || error === "unauthorized_client";
  return new Failure({
    kind: stops ? "credentials" : "transient",
    platform: "linkedin",
    message: redact(
      `LinkedIn renewed no access token: ${[error, description].filter((part) => typeof part === "string").join(": ") || `status ${refusal.status}`}`,
    ),
    remedy: !stops
      ? "try again"
      : clientIsWrong
        ? "check connectors.linkedin.clientId and clientSecret"
        : `the refresh token is expired or revoked (it lives 365 days from the consent): ${askAgain}`,
    code: stops ? String(error) : String(refusal.status),
    ...(requestId === undefined ? {} : { requestId }),
  });
};
