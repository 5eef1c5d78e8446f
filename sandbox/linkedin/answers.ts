import type { Exchange } from "../server.ts";
import type { ParameterError } from "./syntax.ts";

/** LinkedIn's refusals, word for word where they are known. */
export const refusals = {
  noToken: [401, { status: 401, serviceErrorCode: 401, message: "Empty oauth2_access_token" }],
  invalidToken: [
    401,
    { status: 401, serviceErrorCode: 65600, code: "INVALID_ACCESS_TOKEN", message: "Invalid access token" },
  ],
  revokedToken: [
    401,
    {
      status: 401,
      serviceErrorCode: 65601,
      code: "REVOKED_ACCESS_TOKEN",
      message: "The token used in the request has been revoked by the user",
    },
  ],
  expiredToken: [
    401,
    {
      status: 401,
      serviceErrorCode: 65602,
      code: "EXPIRED_ACCESS_TOKEN",
      message: "The token used in the request has expired",
    },
  ],
  denied: [
    403,
    {
      status: 403,
      serviceErrorCode: 100,
      code: "ACCESS_DENIED",
      message: "Not enough permissions to access: adAnalytics.FINDER-analytics.20260901",
    },
  ],
  dailyQuota: [
    429,
    {
      status: 429,
      serviceErrorCode: 101,
      code: "TOO_MANY_REQUESTS",
      message:
        "Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource is reached.",
    },
  ],
  volume: [
    429,
    {
      status: 429,
      message:
        "The data request limit has been exceeded. More than 45 million metric values were requested in a 5-minute window.",
    },
  ],
  throttled: [
    429,
    {
      status: 429,
      serviceErrorCode: 101,
      code: "TOO_MANY_REQUESTS",
      message: "Resource level throttle APPLICATION SECOND limit for calls to this resource is reached.",
    },
  ],
} as const satisfies Record<string, readonly [number, unknown]>;

export const refuse = (exchange: Exchange, name: keyof typeof refusals): void =>
  exchange.json(refusals[name][0], refusals[name][1]);

export const notFound = (exchange: Exchange): void =>
  exchange.json(404, { status: 404, code: "NOT_FOUND", message: "No virtual resource found" });

export const badVersion = (exchange: Exchange, version: string | undefined): void => {
  if (version === undefined)
    exchange.json(400, {
      status: 400,
      code: "VERSION_MISSING",
      message: "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
    });
  else
    exchange.json(426, {
      status: 426,
      code: "NONEXISTENT_VERSION",
      message: `Requested version ${version.slice(0, 6)}01 is not active`,
    });
};

export const badParameter = (exchange: Exchange, error: ParameterError): void =>
  exchange.json(400, {
    status: 400,
    code: "ILLEGAL_ARGUMENT",
    errorDetailType: "com.linkedin.common.error.BadRequest",
    message: "Invalid param. Please see errorDetails for more information.",
    errorDetails: {
      inputErrors: [
        {
          code: error.code,
          description: error.message,
          input: { inputPath: { fieldPath: error.parameter } },
        },
      ],
    },
  });
