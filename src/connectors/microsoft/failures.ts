import * as z from "zod";
import { Failure, type FailureDetails } from "../../domain/failure.ts";
import type { TextAnswer } from "../wire/exchange.ts";
import { jsonOrUndefined } from "../wire/json.ts";

/** Reasons of failures that callers act upon. */
export const reasons = {
  /** The access token has expired, or is not accepted: another one may be. */
  token: "token",
  /** The customer has as many reports under way as it may. */
  tooManyReports: "too_many_reports",
  /** The platform no longer knows the report. */
  unknownReport: "unknown_report",
  /** The request could not be read, perhaps for a column that is gone. */
  columns: "columns",
  /** The link to the report's file has expired. */
  expiredLink: "expired_link",
} as const;

export interface RefusalContext {
  /** Microsoft's name of the call. */
  readonly call: string;
  readonly service: "clientCenter" | "reporting";
  readonly accountId: string | null;
  /** Whether discovery found the account in use. */
  readonly active: boolean;
  readonly now: Date;
  readonly callRateMs: number;
  /** Takes secrets out of what Microsoft wrote. */
  readonly redact: (text: string) => string;
}

const entryShape = z.object({
  Code: z.coerce.number().optional().catch(undefined),
  ErrorCode: z.string().catch(""),
  Message: z.string().catch(""),
});
type Entry = z.infer<typeof entryShape>;

const entries = z.array(entryShape).nullish().catch(undefined);
const faultShape = z.object({
  Errors: entries,
  OperationErrors: entries,
  BatchErrors: entries,
  TrackingId: z.string().nullish().catch(undefined),
});

interface Fault {
  readonly entries: readonly Entry[];
  readonly trackingId: string | undefined;
}

/** Either envelope, or both wrapped in `ApplicationFault` (the migration guide); anything else has no entries. */
const readFault = (text: string): Fault => {
  const body = jsonOrUndefined(text);
  const wrapped = z.object({ ApplicationFault: z.unknown() }).safeParse(body).data?.ApplicationFault;
  const fault = faultShape.safeParse(wrapped ?? body).data;
  return {
    entries: [fault?.Errors, fault?.OperationErrors, fault?.BatchErrors].flatMap((list) => list ?? []),
    trackingId: fault?.TrackingId ?? undefined,
  };
};

/** Whether an answer is a refusal, whatever its status: of most numbers it is not documented. */
export const isRefusal = ({ status, text }: Pick<TextAnswer, "status" | "text">): boolean =>
  status < 200 || status >= 300 || readFault(text).entries.length > 0;

type Verdict = Pick<FailureDetails, "kind" | "remedy" | "retryAt" | "scope" | "reason" | "closed"> & {
  readonly what?: string;
};

const signIn = "sign in again and set connectors.microsoft.refreshToken";

const bug: Verdict = { kind: "request", remedy: "upgrade costper; if it is the newest, report it" };

const notPermitted: Verdict = {
  kind: "account",
  what: "no permission for this ad account",
  remedy:
    "give the user who signed in a role on the account, or leave it out of connectors.microsoft.accounts",
};

/** What the numbers of both services mean; the table of the contract. */
const common = (code: number | undefined, context: RefusalContext): Verdict | undefined => {
  switch (code) {
    case 0:
      return { kind: "transient", remedy: "Microsoft is unwell; try again" };
    case 100:
      return { ...bug, reason: reasons.columns };
    case 105:
      return context.active
        ? {
            kind: "credentials",
            reason: reasons.token,
            what: "Microsoft accepts the token or the developer token no longer",
            remedy: `check connectors.microsoft.developerToken (it must be of the production environment), or ${signIn}`,
          }
        : {
            kind: "account",
            closed: true,
            what: "the account is not active",
            remedy: "nothing, if it is closed",
          };
    case 106:
      return context.accountId === null
        ? { kind: "credentials", what: "the user may not do this", remedy: signIn }
        : notPermitted;
    case 109:
      return {
        kind: "credentials",
        reason: reasons.token,
        what: "Microsoft says that the access token has expired",
        remedy: signIn,
      };
    case 113:
    case 116:
      return bug;
    case 117:
      return {
        kind: "busy",
        scope: "platform",
        retryAt: new Date(context.now.getTime() + context.callRateMs),
        what: "Microsoft's limit of calls per minute is reached",
        remedy: "nothing: it goes on by itself",
      };
    case 120:
    case 123:
      return { kind: "credentials", what: "Microsoft no longer accepts this login", remedy: signIn };
    default:
      return undefined;
  }
};

const ofReports = (code: number | undefined): Verdict | undefined => {
  switch (code) {
    case 207:
      return {
        kind: "busy",
        reason: reasons.tooManyReports,
        what: "the customer has too many reports under way",
        remedy: "nothing: it goes on by itself; other tools may hold reports of the same customer",
      };
    case 2003:
      return notPermitted;
    case 2004:
      return { kind: "transient", what: "the report's figures are not ready", remedy: "try again later" };
    case 2010:
      return {
        ...bug,
        what: "Microsoft does not keep these days",
        remedy: "ask for days of the last 36 months, up to today",
      };
    case 2100:
    case 2101:
      // Not asked again: another report is made instead.
      return { kind: "data", reason: reasons.unknownReport, remedy: "try again" };
    default:
      if (code === undefined || code < 2_000 || code >= 2_200) return undefined;
      return code >= 2_014 && code <= 2_034 ? { ...bug, reason: reasons.columns } : bug;
  }
};

/** What the status means where no number speaks. Never trusted where one does. */
const ofStatus = (status: number, context: RefusalContext): Verdict => {
  if (status >= 300 && status < 400)
    return {
      kind: "request",
      what: "answered with a redirect, which is not followed",
      remedy: "check connectors.microsoft.endpoints",
    };
  if (status === 401)
    return {
      kind: "credentials",
      reason: reasons.token,
      what: "Microsoft does not accept the access token",
      remedy: signIn,
    };
  if (status === 403 && context.accountId !== null) return notPermitted;
  if (status === 429)
    return {
      kind: "busy",
      scope: "platform",
      retryAt: new Date(context.now.getTime() + context.callRateMs),
      what: "Microsoft throttles the application",
      remedy: "nothing: it goes on by itself",
    };
  if (status === 408 || status >= 500) return { kind: "transient", remedy: "Microsoft is unwell; try again" };
  // An unknown refusal of one account says nothing of the others.
  return context.accountId === null ? bug : { ...bug, scope: "account" };
};

/** What a refused call means. `code` is `status/Microsoft's number`. */
export const refusalFailure = (answer: TextAnswer, context: RefusalContext): Failure => {
  const { entries: told, trackingId } = readFault(answer.text);
  const verdictOf = ({ Code }: Entry): Verdict | undefined =>
    common(Code, context) ?? (context.service === "reporting" ? ofReports(Code) : undefined);
  const known = told.find((entry) => verdictOf(entry) !== undefined);
  const entry = known ?? told[0];
  const { what, ...rest } = (known && verdictOf(known)) ?? ofStatus(answer.status, context);
  const said = told
    .map(({ Code, ErrorCode, Message }) =>
      [Code, ErrorCode, Message].filter((part) => part !== "" && part !== undefined).join(" "),
    )
    .join("; ");
  const quoted = context.redact(said).slice(0, 300);
  return new Failure({
    ...rest,
    platform: "microsoft",
    status: answer.status,
    message: `${context.call}: ${what ?? `Microsoft answered ${String(answer.status)}`}${quoted === "" ? "" : ` (${quoted})`}`,
    code:
      entry?.Code === undefined ? String(answer.status) : `${String(answer.status)}/${String(entry.Code)}`,
    ...(context.accountId === null ? {} : { accountId: context.accountId }),
    ...(trackingId === undefined ? {} : { requestId: trackingId }),
  });
};

/** What a download that was refused means; its address is never told. */
export const downloadFailure = ({ status, text }: TextAnswer, accountId: string): Failure => {
  const expired = status === 403 || status === 404 || text.includes("AuthenticationFailed");
  return new Failure({
    kind: "transient",
    platform: "microsoft",
    accountId,
    status,
    code: String(status),
    ...(expired ? { reason: reasons.expiredLink } : {}),
    message: `report download: ${expired ? "the link to the file has expired" : `the file's host answered ${String(status)}`}`,
    remedy: "nothing of it was published; it is fetched again",
  });
};
