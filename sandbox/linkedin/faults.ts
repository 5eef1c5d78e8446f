import { answers, onPath } from "../faults.ts";
import type { Exchange, Fault } from "../server.ts";
import { refusals } from "./answers.ts";

type Where = Pick<Fault, "when" | "after" | "times">;

const rest = onPath("/rest/");

const refusal =
  (name: keyof typeof refusals) =>
  (where: Where & { headers?: Record<string, string> } = {}): Fault =>
    answers(refusals[name][0], refusals[name][1], { when: rest, ...where });

const invalidParameter = (code: string) => ({
  status: 400,
  code: "ILLEGAL_ARGUMENT",
  errorDetailType: "com.linkedin.common.error.BadRequest",
  message: "Invalid param. Please see errorDetails for more information.",
  errorDetails: {
    inputErrors: [{ code, description: "Unknown field", input: { inputPath: { fieldPath: "fields" } } }],
  },
});

/** LinkedIn's own misbehaviours; those of any platform stand in `sandbox/faults.ts`. They strike below `/rest/`. */
export const linkedinFaults = {
  expiredToken: refusal("expiredToken"),
  /** A revoked token; with `times`, a new token that is not live yet. */
  revokedToken: refusal("revokedToken"),
  invalidToken: refusal("invalidToken"),
  denied: refusal("denied"),
  dailyQuota: refusal("dailyQuota"),
  volume: refusal("volume"),
  throttled: refusal("throttled"),
  versionDead: (where: Where = {}): Fault =>
    answers(
      426,
      { status: 426, code: "NONEXISTENT_VERSION", message: "Requested version 20260901 is not active" },
      { when: rest, ...where },
    ),
  invalidParameter: (where: Where = {}): Fault =>
    answers(400, invalidParameter("PARAM_INVALID"), { when: rest, ...where }),
  retiredField: (where: Where = {}): Fault =>
    answers(400, invalidParameter("FIELD_INVALID"), { when: rest, ...where }),
  notFound: (where: Where = {}): Fault => ({
    ...where,
    name: "not found",
    when: where.when ?? rest,
    strike: (exchange) => exchange.text(404, "Not Found", { "content-type": "text/plain" }),
  }),
  tooLong: (where: Where = {}): Fault => ({
    ...where,
    name: "uri too long",
    when: where.when ?? rest,
    strike: (exchange) => exchange.text(414, "<html>Request-URI Too Long</html>"),
  }),
  refreshRefused: (error: string, status = 400, where: Where = {}): Fault =>
    answers(
      status,
      { error, error_description: "The provided authorization grant is invalid, expired or revoked" },
      { when: onPath("/oauth/"), ...where },
    ),
  /** An answer of the test's choosing, whichever the call. */
  answers: (status: number, body: unknown, when: (exchange: Exchange) => boolean = rest): Fault =>
    answers(status, body, { when }),
} as const;
