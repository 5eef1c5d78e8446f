import type { FailureKind } from "../../domain/failure.ts";

/** What an error of Google's means for us. */
export interface ErrorVerdict {
  readonly kind: FailureKind;
  readonly remedy: string;
  /** For `busy`: whose limit it is where the error does not say. For `request`: whom it stops. */
  readonly scope?: "account" | "platform";
  /** For `busy`: how long to wait where the error does not say, and doubled with each repetition. */
  readonly waitSeconds?: number;
  /** Whether a fresh access token may mend it. */
  readonly staleToken?: true;
  /** What a caller may act upon: another text of the same query may be taken; the account was never or is no longer in use. */
  readonly reason?: "refused_query" | "not_enabled";
  /** The account is closed or not enabled, rather than out of our reach. */
  readonly closed?: boolean;
}

const reconnect: ErrorVerdict = {
  kind: "credentials",
  remedy:
    "sign in again with a Google user who may read the accounts and set connectors.google.refreshToken to the new token",
};
const staleToken: ErrorVerdict = { ...reconnect, staleToken: true };
const project: ErrorVerdict = {
  kind: "credentials",
  remedy:
    "see the API Center and the Google Cloud project of connectors.google.clientId: the Google Ads API must be enabled and approved there for production accounts",
};
const permission: ErrorVerdict = {
  kind: "account",
  remedy:
    "give the signed-in user access to this account, or set connectors.google.loginCustomerId to a manager that has it",
};
const closed: ErrorVerdict = {
  kind: "account",
  closed: true,
  remedy: "the account is closed, suspended or not set up; its stored figures are kept",
};
const notEnabled: ErrorVerdict = { ...closed, reason: "not_enabled" };
const wrongAccount: ErrorVerdict = {
  kind: "account",
  remedy: "check the id in connectors.google.accounts; a brand-new account may need some minutes",
};
const manager: ErrorVerdict = {
  kind: "account",
  remedy: "this is a manager account, which has no figures of its own; name its client accounts instead",
};
const developerToken: ErrorVerdict = {
  kind: "credentials",
  remedy: "set connectors.google.developerToken: the API Center of a Google Ads manager account has it",
};
const transient: ErrorVerdict = { kind: "transient", remedy: "it is tried again" };
/** One account's refusal, which reaches further where several accounts in a row meet it. */
const refused: ErrorVerdict = {
  kind: "request",
  scope: "account",
  reason: "refused_query",
  remedy:
    "upgrade costper: this query does not fit the API any more; if it is current, report the request id",
};
const wait = (scope: "account" | "platform", waitSeconds: number): ErrorVerdict => ({
  kind: "busy",
  scope,
  waitSeconds,
  remedy: "costper waits as long as Google asks; a higher access level of the Cloud project raises the limit",
});

/** Codes that mean something of their own, by family (contract of the API's `errorCode`, one key each). */
const byCode: Readonly<Record<string, Readonly<Record<string, ErrorVerdict>>>> = {
  internalError: {
    INTERNAL_ERROR: transient,
    TRANSIENT_ERROR: transient,
    DEADLINE_EXCEEDED: transient,
  },
  databaseError: { CONCURRENT_MODIFICATION: transient },
  quotaError: {
    RESOURCE_TEMPORARILY_EXHAUSTED: wait("platform", 30),
    RESOURCE_EXHAUSTED: wait("platform", 30),
    EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION: wait("account", 300),
    EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION: wait("account", 3_600),
    ACCESS_PROHIBITED: project,
  },
  authenticationError: {
    OAUTH_TOKEN_REVOKED: reconnect,
    OAUTH_TOKEN_DISABLED: reconnect,
    GOOGLE_ACCOUNT_DELETED: reconnect,
    GOOGLE_ACCOUNT_USER_NOT_FOUND: reconnect,
    NOT_ADS_USER: reconnect,
    TWO_STEP_VERIFICATION_NOT_ENROLLED: reconnect,
    ADVANCED_PROTECTION_NOT_ENROLLED: reconnect,
    OAUTH_TOKEN_EXPIRED: staleToken,
    OAUTH_TOKEN_INVALID: staleToken,
    OAUTH_TOKEN_HEADER_INVALID: staleToken,
    GOOGLE_ACCOUNT_COOKIE_INVALID: staleToken,
    AUTHENTICATION_ERROR: staleToken,
    DEVELOPER_TOKEN_INVALID: project,
    ORGANIZATION_NOT_RECOGNIZED: project,
    ORGANIZATION_NOT_APPROVED: project,
    ORGANIZATION_NOT_ASSOCIATED_WITH_DEVELOPER_TOKEN: project,
    DEVELOPER_TOKEN_PARAMETER_MISSING: developerToken,
    CUSTOMER_NOT_FOUND: wrongAccount,
    CLIENT_CUSTOMER_ID_INVALID: wrongAccount,
    CLIENT_CUSTOMER_ID_IS_REQUIRED: wrongAccount,
  },
  authorizationError: {
    DEVELOPER_TOKEN_NOT_APPROVED: project,
    DEVELOPER_TOKEN_PROHIBITED: project,
    DEVELOPER_TOKEN_NOT_ON_ALLOWLIST: project,
    PROJECT_DISABLED: project,
    CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION: project,
    CLOUD_PROJECT_NOT_UNDER_ORGANIZATION: project,
    MISSING_TOS: project,
    SERVICE_ACCESS_DENIED: project,
    USER_PERMISSION_DENIED: permission,
    INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION: permission,
    METRIC_ACCESS_DENIED: permission,
    ACTION_NOT_PERMITTED: {
      kind: "account",
      remedy: `${permission.remedy}; where every account says so, the Cloud project has test access only`,
    },
    CUSTOMER_NOT_ENABLED: notEnabled,
    ACCESS_DENIED_FOR_ACCOUNT_TYPE: closed,
    ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT: notEnabled,
    INCOMPLETE_SIGNUP: notEnabled,
  },
  headerError: { INVALID_LOGIN_CUSTOMER_ID: permission },
  requestError: {
    UNSUPPORTED_VERSION: {
      kind: "request",
      remedy: "upgrade costper: Google has switched off the API version that this one speaks",
    },
    CLOUD_PROJECT_NOT_FOUND: project,
    INVALID_CUSTOMER_ID: wrongAccount,
    CANNOT_BE_EXECUTED_BY_MANAGER_ACCOUNT: manager,
    DEVELOPER_TOKEN_PARAMETER_MISSING: developerToken,
    RPC_DEADLINE_TOO_SHORT: transient,
    EXPIRED_PAGE_TOKEN: transient,
    INVALID_PAGE_TOKEN: transient,
  },
  queryError: {
    REQUESTED_METRICS_FOR_MANAGER: manager,
  },
  dateRangeError: {
    REQUESTED_DATE_GRANULARITY_NOT_SUPPORTED: {
      kind: "data",
      remedy: "ask for a later start: Google keeps daily figures for 37 months",
    },
  },
};

/** Families whose other codes all mean the same. */
const byFamily: Readonly<Record<string, ErrorVerdict>> = {
  internalError: transient,
  quotaError: wait("platform", 30),
  authenticationError: reconnect,
  authorizationError: permission,
};

/** `google.rpc.ErrorInfo` reasons, which come where the request did not reach the Ads API itself. */
const byReason: Readonly<Record<string, ErrorVerdict>> = {
  SERVICE_DISABLED: project,
  CONSUMER_INVALID: project,
  ACCESS_TOKEN_SCOPE_INSUFFICIENT: reconnect,
  ACCESS_TOKEN_EXPIRED: staleToken,
  CREDENTIALS_MISSING: staleToken,
  RATE_LIMIT_EXCEEDED: wait("platform", 30),
};

const byStatus: Readonly<Record<string, ErrorVerdict>> = {
  UNAUTHENTICATED: staleToken,
  PERMISSION_DENIED: permission,
  RESOURCE_EXHAUSTED: wait("platform", 30),
  UNAVAILABLE: transient,
  ABORTED: transient,
  UNKNOWN: transient,
  INTERNAL: transient,
  CANCELLED: transient,
  DEADLINE_EXCEEDED: transient,
  UNIMPLEMENTED: refused,
};

const byHttp = (http: number): ErrorVerdict => {
  if (http === 401) return staleToken;
  if (http === 403) return permission;
  if (http === 429) return wait("platform", 30);
  if ([408, 409, 425, 499].includes(http) || http >= 500 || http < 400) return transient;
  return refused;
};

/** The verdict over one error: its code first, then the reason of the front end, the status, the HTTP code. */
export const verdictOf = (error: {
  readonly family?: string | undefined;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  readonly status?: string | undefined;
  readonly http: number;
}): ErrorVerdict =>
  byCode[error.family ?? ""]?.[error.code ?? ""] ??
  byFamily[error.family ?? ""] ??
  byReason[error.reason ?? ""] ??
  byStatus[error.status ?? ""] ??
  byHttp(error.http);
