import * as z from "zod";
import { Failure, type FailureKind } from "../../domain/failure.ts";
import type { AnswerHeaders } from "../wire/exchange.ts";
import { cloudRefusal } from "../wire/google-cloud.ts";
import { jsonOrUndefined } from "../wire/json.ts";
import { retryAfterMs } from "../wire/retry-after.ts";
import { type ErrorVerdict, verdictOf } from "./verdicts.ts";

/** Where an error came from, and what must not show in its message. */
export interface ErrorContext {
  /** What was asked, in words: `the performance query`. */
  readonly what: string;
  readonly accountId?: string | undefined;
  /** Named where the platform refuses it: then the query is what must change. */
  readonly query?: string;
  readonly now: () => Date;
  /** Takes secrets out of what the platform wrote. */
  readonly redact: (text: string) => string;
  /** How often in a row the platform has already answered `busy`. */
  readonly repetition?: number;
}

const oneError = z.looseObject({
  errorCode: z.record(z.string(), z.unknown()).optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  details: z
    .looseObject({
      quotaErrorDetails: z
        .looseObject({ rateScope: z.string().optional(), retryDelay: z.string().optional() })
        .optional(),
    })
    .optional()
    .catch(undefined),
});

const errorBody = z.looseObject({
  code: z.number().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  status: z.string().optional().catch(undefined),
  details: z
    .array(
      z.looseObject({
        errors: z.array(oneError).optional().catch(undefined),
        requestId: z.string().optional().catch(undefined),
        reason: z.string().optional().catch(undefined),
        retryDelay: z.string().optional().catch(undefined),
      }),
    )
    .optional()
    .catch(undefined),
});

/** The `error` of an answer, which is an object, or an array of one from searchStream; undefined for anything else. */
const errorOf = (body: unknown): z.infer<typeof errorBody> | undefined => {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (typeof first !== "object" || first === null || !("error" in first)) return undefined;
  const parsed = errorBody.safeParse(first.error);
  return parsed.success ? parsed.data : undefined;
};

const seconds = (duration: string | undefined): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)s?$/.exec(duration ?? "");
  return match ? Number(match[1]) : undefined;
};

/** The kind that reaches furthest comes first: it is what a person must know of several errors. */
const severity: readonly FailureKind[] = [
  "credentials",
  "request",
  "account",
  "data",
  "busy",
  "transient",
  "cancelled",
];

interface Judged {
  readonly verdict: ErrorVerdict;
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly rateScope: string | undefined;
  readonly retryDelay: number | undefined;
  /** The Ads API itself gave no error of its own. */
  readonly isFrontEnd: boolean;
}

const judge = (http: number, error: z.infer<typeof errorBody> | undefined): Judged => {
  const status = error?.status;
  const details = error?.details ?? [];
  const reason = details.find((detail) => detail.reason !== undefined)?.reason;
  const delay = details.map((detail) => seconds(detail.retryDelay)).find((value) => value !== undefined);
  const whole: Judged = {
    verdict: verdictOf({ http, status, reason }),
    code: reason ?? status,
    message: error?.message,
    rateScope: undefined,
    retryDelay: delay,
    isFrontEnd: true,
  };
  const single = details
    .flatMap((detail) => detail.errors ?? [])
    .map((one): Judged => {
      const [family, code] = Object.entries(one.errorCode ?? {})[0] ?? [];
      const quota = one.details?.quotaErrorDetails;
      const name = typeof code === "string" ? code : undefined;
      return {
        verdict: verdictOf({ family, code: name, reason, status, http }),
        code: family === undefined ? whole.code : `${family}.${name ?? "UNKNOWN"}`,
        message: one.message ?? whole.message,
        rateScope: quota?.rateScope,
        retryDelay: seconds(quota?.retryDelay) ?? delay,
        isFrontEnd: false,
      };
    });
  const rank = ({ verdict }: Judged) => severity.indexOf(verdict.kind);
  const delayOf = ({ verdict, retryDelay }: Judged) => retryDelay ?? verdict.waitSeconds ?? 0;
  return single.sort((a, b) => rank(a) - rank(b) || delayOf(b) - delayOf(a))[0] ?? whole;
};

const api = {
  service: "googleads.googleapis.com",
  scope: "https://www.googleapis.com/auth/adwords",
  setting: "connectors.google.refreshToken",
} as const;

/** Longest wait that is made up where Google names none. */
const longestGuessSeconds = 3_600;

/** A Failure that also tells what a caller may do about it. */
export interface AnsweredFailure {
  readonly failure: Failure;
  /** A fresh access token may mend it. */
  readonly staleToken: boolean;
  /** The body holds an error; without one it was judged by its status alone. */
  readonly isError: boolean;
}

/**
 * What an error answer means. `http` is the status of the answer; of an `error` element in the midst of a stream,
 * the code that it carries itself, since the answer had begun with 200.
 */
export const failureOf = (
  context: ErrorContext,
  http: number,
  body: string | object,
  headers?: AnswerHeaders,
): AnsweredFailure => {
  const error = errorOf(typeof body === "string" ? jsonOrUndefined(body) : body);
  const judged = judge(error?.code ?? http, error);
  const { verdict } = judged;
  const requestId =
    error?.details?.find((detail) => detail.requestId !== undefined)?.requestId ??
    headers?.get("request-id") ??
    undefined;
  const said = judged.message ?? `an answer with HTTP status ${String(http)} that is no error of the Ads API`;
  const code = judged.code ?? `HTTP ${String(http)}`;
  const askedMs = retryAfterMs(headers?.get("retry-after"), context.now());
  const waitSeconds =
    judged.retryDelay ??
    (askedMs === undefined ? undefined : askedMs / 1_000) ??
    Math.min((verdict.waitSeconds ?? 30) * 2 ** (context.repetition ?? 0), longestGuessSeconds);
  const scope =
    judged.rateScope === "ACCOUNT"
      ? "account"
      : judged.rateScope === "DEVELOPER"
        ? "platform"
        : verdict.scope;
  const cloud = error && judged.isFrontEnd ? cloudRefusal(error, api) : undefined;
  const query = verdict.kind === "request" && context.query !== undefined ? `; asked: ${context.query}` : "";
  return {
    staleToken: verdict.staleToken === true,
    isError: error !== undefined,
    failure: new Failure({
      kind: cloud ? "credentials" : verdict.kind,
      platform: "google",
      message: context.redact(`${context.what} was answered ${code}: ${said.slice(0, 400)}${query}`),
      remedy: cloud?.remedy ?? verdict.remedy,
      code: cloud?.reason ?? code,
      status: http,
      ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
      closed: verdict.closed ?? false,
      ...(verdict.kind === "busy"
        ? {
            scope: scope ?? "platform",
            retryAt: new Date(context.now().getTime() + Math.ceil(waitSeconds * 1_000)),
          }
        : {}),
      // A call that belongs to no account can only be refused to all.
      ...(verdict.kind === "request" && verdict.scope !== undefined && context.accountId !== undefined
        ? { scope: verdict.scope }
        : {}),
      ...(context.accountId === undefined ? {} : { accountId: context.accountId }),
      ...(requestId === undefined ? {} : { requestId }),
    }),
  };
};
