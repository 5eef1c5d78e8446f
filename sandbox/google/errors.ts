/** An error as the platform would answer it. */
export class SandboxError extends Error {
  readonly http: number;
  readonly status: string;
  readonly family: string;
  readonly code: string;
  /** Seconds after which to try again, and whose limit it is. */
  readonly quota: { readonly scope: "ACCOUNT" | "DEVELOPER"; readonly seconds: number } | undefined;

  constructor(
    http: number,
    status: string,
    family: string,
    code: string,
    message: string,
    quota?: { readonly scope: "ACCOUNT" | "DEVELOPER"; readonly seconds: number },
  ) {
    super(message);
    this.name = "SandboxError";
    this.http = http;
    this.status = status;
    this.family = family;
    this.code = code;
    this.quota = quota;
  }
}

/** The `{"error": ...}` of an answer. */
export const errorElement = (error: SandboxError, requestId: string): object => ({
  error: {
    code: error.http,
    message: "Request contains an error.",
    status: error.status,
    details: [
      {
        "@type": "type.googleapis.com/google.ads.googleads.v24.errors.GoogleAdsFailure",
        errors: [
          {
            errorCode: { [error.family]: error.code },
            message: error.message,
            ...(error.quota
              ? {
                  details: {
                    quotaErrorDetails: {
                      rateScope: error.quota.scope,
                      rateName: "Number of operations",
                      retryDelay: `${String(error.quota.seconds)}s`,
                    },
                  },
                }
              : {}),
          },
        ],
        requestId,
      },
    ],
  },
});
