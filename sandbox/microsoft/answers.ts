import type { Exchange } from "../server.ts";

/** A refusal of the API: which of the two envelopes, and its one entry. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  readonly errorCode: string;

  constructor(status: number, code: number, errorCode: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.errorCode = errorCode;
  }

  /** `AdApiFaultDetail` for what concerns the call itself, `ApiFaultDetail` for what concerns its content. */
  get body(): object {
    const TrackingId = `0a1b2c3d-0000-4000-8000-${String(this.code).padStart(12, "0")}`;
    const { code: Code, errorCode: ErrorCode, message: Message } = this;
    return Code < 200 && Code !== 100
      ? { Errors: [{ Code, ErrorCode, Message, Detail: null }], TrackingId, Type: "AdApiFaultDetail" }
      : {
          OperationErrors: [{ Code, ErrorCode, Message, Details: null }],
          BatchErrors: [],
          TrackingId,
          Type: "ApiFaultDetail",
        };
  }
}

/** Microsoft's refusals by number; the text is what people see. */
const known = {
  0: [500, "InternalError", "An internal error has occurred."],
  100: [400, "NullRequest", "The request message is null."],
  105: [
    401,
    "InvalidCredentials",
    "Authentication failed. Either supplied credentials are invalid or the account is inactive.",
  ],
  106: [403, "UserIsNotAuthorized", "The user is not authorized to perform this action."],
  109: [401, "AuthenticationTokenExpired", "Authentication token expired."],
  116: [400, "RequestMissingHeaders", "The request is missing required headers."],
  117: [429, "CallRateExceeded", "You have exceeded the number of calls that you can make in a minute."],
  207: [400, "ConcurrentRequestOverLimit", "You have exceeded the number of concurrent report requests."],
  2001: [400, "ReportingServiceNullReportRequest", "The report type is null."],
  2002: [400, "ReportingServiceUnknownReportType", "The report type is unknown."],
  2003: [
    400,
    "AccountNotAuthorized",
    "The user is not permitted to request reports of an account in the scope.",
  ],
  2004: [400, "NoCompleteDataAvaliable", "The complete data is not available."],
  2009: [400, "ReportingServiceInvalidDateRange", "The date range is not valid."],
  2010: [400, "ReportingServiceDateOutOfRange", "The date range is outside of the days that are kept."],
  2011: [400, "ReportingServiceEndDateBeforeStartDate", "The end date is before the start date."],
  2014: [400, "ReportingServiceMissingColumns", "The report has no columns."],
  2015: [400, "ReportingServiceMissingRequiredColumn", "A required column is missing."],
  2016: [400, "ReportingServiceDuplicateColumn", "A column is requested twice."],
  2017: [400, "ReportingServiceNoPerformanceColumn", "The report has no performance column."],
  2100: [400, "ReportingServiceInvalidReportId", "The report request id is not valid."],
} as const satisfies Record<number, readonly [status: number, errorCode: string, message: string]>;

export type KnownCode = keyof typeof known;

export const refusal = (code: KnownCode): Refusal => {
  const [status, errorCode, message] = known[code];
  return new Refusal(status, code, errorCode, message);
};

export const send = (exchange: Exchange, { status, body }: Refusal): void => exchange.json(status, body);
