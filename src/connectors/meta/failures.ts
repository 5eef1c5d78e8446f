import { Failure, type FailureDetails } from "../../domain/failure.ts";

/** What a Graph API error body says, whatever the HTTP status; absent parts are undefined. */
export interface GraphError {
  readonly message: string;
  readonly code: number;
  readonly subcode?: number | undefined;
  readonly type?: string | undefined;
  readonly isTransient?: boolean | undefined;
  /** What Meta would have people read (`error_user_title`, `error_user_msg`). */
  readonly title?: string | undefined;
  readonly userMessage?: string | undefined;
  readonly traceId?: string | undefined;
}

/** Where an error came from, and what is needed to act on it. */
interface ErrorContext {
  readonly call: string;
  readonly accountId: string | null;
  readonly status: number;
  /** What the call asks for; absent: something of the account. */
  readonly object?: "report run" | undefined;
  /** When the usage headers say that a throttled caller may return; default five minutes. */
  readonly retryAt: Date;
}

/** Reasons of failures that callers act upon. */
export const wrongSignature = "wrong_signature";
export const unknownObject = "unknown_object";
/** An argument is not taken; of a page that was asked for by its cursor: the cursor. */
export const invalidParameter = "invalid_parameter";

/** The report is too large to be computed or delivered: asking again is no use, asking for less is. */
export class TooMuchData extends Failure {}

type RuleOutcome = Pick<FailureDetails, "kind" | "scope" | "remedy"> & {
  readonly tooMuch?: true;
  readonly waits?: true;
  /** Holds whatever `is_transient` says. */
  readonly firm?: true;
};

interface Rule {
  readonly when: (error: GraphError, status: number) => boolean;
  readonly outcome: RuleOutcome;
}

const codes =
  (...list: readonly number[]) =>
  ({ code }: GraphError): boolean =>
    list.includes(code);
const pairs =
  (...list: readonly `${number}/${number}`[]) =>
  ({ code, subcode }: GraphError): boolean =>
    list.some((pair) => pair === `${code}/${subcode}`);

const busy: RuleOutcome = { kind: "busy", waits: true, remedy: "wait; what is loaded is kept" };
const transient: RuleOutcome = { kind: "transient", remedy: "try again later" };
const credentials: RuleOutcome = {
  kind: "credentials",
  remedy:
    "make a new token (business settings, system users) with ads_read and put it into connectors.meta.accessToken",
};
const request: RuleOutcome = { kind: "request", remedy: "the request is at fault; look for a newer costper" };
/** One account's refusal, which reaches further where several accounts in a row meet it. */
const refusal: RuleOutcome = { ...request, scope: "account" };
const permission: RuleOutcome = {
  kind: "account",
  remedy: "give the token's user access to this ad account, or leave it out of connectors.meta.accounts",
};

/**
 * The first rule that fits decides ("Ads Insights API Error Codes", "Handling Errors", "Rate Limits"). The codes of
 * the body decide, not the HTTP status: Meta answers a throttled call with 400 as well as with 403.
 */
const rules: readonly Rule[] = [
  {
    when: (error) =>
      pairs("100/1487534", "-3/1504045", "100/1504018", "2/1504038")(error) ||
      error.code === -3 ||
      /reduce the amount of data/i.test(`${error.message} ${error.title ?? ""} ${error.userMessage ?? ""}`),
    outcome: {
      kind: "data",
      tooMuch: true,
      remedy: "even the smallest part of this report is too large for the platform; try again tomorrow",
    },
  },
  {
    when: ({ code, message }) => code === 100 && message.includes("appsecret_proof"),
    outcome: {
      kind: "credentials",
      remedy: "set connectors.meta.appSecret to the secret of the app that issued the token",
    },
  },
  {
    when: (error) => codes(4, 32, 341)(error) || pairs("613/1996")(error),
    outcome: { ...busy, scope: "platform" },
  },
  {
    when: (error) => codes(17, 613)(error) || (error.code >= 80_000 && error.code <= 80_014),
    outcome: { ...busy, scope: "account" },
  },
  { when: codes(190, 102, 2500), outcome: credentials },
  { when: ({ code }, status) => code === 0 && status === 401, outcome: credentials },
  {
    when: (error) =>
      codes(3, 10)(error) ||
      (error.code >= 200 && error.code <= 299) ||
      pairs("100/33", "100/3191001")(error) ||
      // It comes without a subcode: the sentence is all there is.
      (error.code === 100 && /missing permission/i.test(error.message)),
    outcome: permission,
  },
  {
    when: ({ message }) => message.includes("summary param because they weren't there"),
    outcome: { ...transient, firm: true },
  },
  {
    when: codes(2635),
    outcome: {
      kind: "request",
      remedy: "set connectors.meta.apiVersion to a version that Meta still serves",
    },
  },
  {
    when: codes(3018),
    outcome: { kind: "request", scope: "slice", remedy: "Meta keeps 37 months; ask for younger days" },
  },
  { when: pairs("2/1504041", "2/1504042"), outcome: request },
  {
    when: (error, status) =>
      codes(1, 2, 960, 104)(error) || pairs("-2/2490547")(error) || error.subcode === 99 || status >= 500,
    outcome: transient,
  },
  { when: codes(100), outcome: refusal },
  { when: (_error, status) => status === 429, outcome: { ...busy, scope: "account" } },
  { when: (_error, status) => status >= 400 && status !== 408, outcome: refusal },
];

/** Meta's own word on whether asking again may help; a limit is waited for and a report cut smaller all the same. */
const heeding = ({ isTransient }: GraphError, outcome: RuleOutcome): RuleOutcome => {
  if (isTransient === undefined || outcome.kind === "busy" || outcome.tooMuch || outcome.firm) return outcome;
  if (isTransient) return transient;
  return outcome.kind === "transient" ? refusal : outcome;
};

const isLostRun = ({ code, subcode }: GraphError, { object }: ErrorContext): boolean =>
  code === 100 && subcode === 33 && object === "report run";

const reasonOf = (error: GraphError, context: ErrorContext): { readonly reason?: string } => {
  if (error.code === 104) return { reason: wrongSignature };
  if (error.code !== 100) return {};
  if (isLostRun(error, context)) return { reason: unknownObject };
  return error.subcode === undefined ? { reason: invalidParameter } : {};
};

/** The platform's sentence, and the one for people where it has one. */
const saidBy = ({ message, title, userMessage }: GraphError): string => {
  const forPeople = [title, userMessage].filter((text) => text && !message.includes(text)).join(": ");
  return `${message || "error without a message"}${forPeople && ` (${forPeople})`}`;
};

/** Sorts an error, with the call that it answers, by what happens next. */
export const failureOf = (error: GraphError, context: ErrorContext): Failure => {
  const rule = rules.find(({ when }) => when(error, context.status));
  const judged = rule?.outcome ?? transient;
  // A run that is not known yet, or no longer, is the caller's to ask for again.
  const {
    tooMuch,
    waits,
    firm: _firm,
    ...outcome
  } = isLostRun(error, context) ? judged : heeding(error, judged);
  const details: FailureDetails = {
    ...withoutAccount(outcome, context.accountId),
    platform: "meta",
    status: context.status,
    ...reasonOf(error, context),
    ...(context.accountId === null ? {} : { accountId: context.accountId }),
    code: error.subcode === undefined ? String(error.code) : `${error.code}/${error.subcode}`,
    ...(error.traceId === undefined ? {} : { requestId: error.traceId }),
    ...(waits ? { retryAt: context.retryAt } : {}),
    message: `${context.call}: ${saidBy(error)}`,
  };
  return tooMuch ? new TooMuchData(details) : new Failure(details);
};

/** A refusal that belongs to no account (listing accounts) is about the token or the request itself. */
const withoutAccount = (
  outcome: Pick<FailureDetails, "kind" | "scope" | "remedy">,
  accountId: string | null,
): Pick<FailureDetails, "kind" | "scope" | "remedy"> =>
  accountId !== null
    ? outcome
    : outcome.kind === "account"
      ? credentials
      : outcome.kind === "request" && outcome.scope === "account"
        ? request
        : outcome;
