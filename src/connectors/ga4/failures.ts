import { DateTime } from "luxon";
import * as z from "zod";
import { Failure } from "../../domain/failure.ts";
import { cloudRefusal } from "../wire/google-cloud.ts";
import { jsonOrUndefined } from "../wire/json.ts";
import { analyticsScope } from "./token.ts";

const errorShape = z.object({
  error: z.object({
    status: z.string().optional(),
    message: z.string().default(""),
    details: z.array(z.unknown()).optional().catch(undefined),
  }),
});

const api = {
  service: "analyticsdata.googleapis.com",
  scope: analyticsScope,
  setting: "connectors.ga4's refresh token or service account key",
} as const;

/**
 * Quotas refill with the hour; the daily ones at midnight in California ("Data API limits and quotas"). Both have the
 * same code: only the sentence tells which is spent.
 */
const refill = (message: string, now: Date): Date => {
  const clock = DateTime.fromJSDate(now, { zone: "America/Los_Angeles" });
  const unit = /per day/i.test(message) ? "day" : "hour";
  return clock
    .plus({ [unit]: 1 })
    .startOf(unit)
    .toJSDate();
};

/** What an answer other than 200 means for the property. */
export const failureOf = (options: {
  readonly status: number;
  readonly body: string;
  readonly property: string;
  /** Takes secrets out of what Google wrote. */
  readonly redact: (text: string) => string;
  readonly now: Date;
}): Failure => {
  const { status, property, now } = options;
  const said = errorShape.safeParse(jsonOrUndefined(options.body)).data?.error;
  const message = options.redact(said?.message ?? "").slice(0, 400);
  const about = `GA4 property ${property}`;
  const coded = { status, ...(said?.status === undefined ? {} : { code: said.status }) };
  if (status === 401)
    return new Failure({
      kind: "credentials",
      message: `${about}: Google refuses the credentials`,
      remedy: "renew connectors.ga4's refresh token or service account key (scope analytics.readonly)",
      ...coded,
    });
  const cloud = status === 403 && said ? cloudRefusal(said, api) : undefined;
  if (cloud)
    return new Failure({
      kind: "credentials",
      message: `${about}: Google lets the credentials not through (${message})`,
      remedy: cloud.remedy,
      ...coded,
      code: cloud.reason,
    });
  if (status === 403)
    return new Failure({
      kind: "account",
      accountId: property,
      message: `${about} gives no access: ${message || "permission denied"}`,
      remedy: "add the user or service account to the property as Viewer",
      ...coded,
    });
  if (status === 404)
    return new Failure({
      kind: "account",
      accountId: property,
      message: `${about} does not exist`,
      remedy: "connectors.ga4.properties takes the property's number, not a measurement or account id",
      ...coded,
    });
  if (status === 429)
    return new Failure({
      kind: "busy",
      accountId: property,
      message: `${about}: its quota is spent${message === "" ? "" : ` (${message})`}`,
      retryAt: refill(message, now),
      ...coded,
    });
  if (status >= 500 || status === 408)
    return new Failure({
      kind: "transient",
      message: `${about}: the server answered ${String(status)}`,
      ...coded,
    });
  return new Failure({
    kind: "request",
    scope: "account",
    accountId: property,
    message: `${about}: the request was refused with ${String(status)}${message === "" ? "" : `: ${message}`}`,
    remedy: "a dimension or metric may have been renamed; update costper",
    ...coded,
  });
};
