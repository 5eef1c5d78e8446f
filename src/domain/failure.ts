import type { Platform } from "./platform.ts";
import { retries } from "./retry.ts";

/** What happens next decides the kind; see the table in docs/runbook.md. */
export type FailureKind = "busy" | "transient" | "credentials" | "account" | "request" | "data" | "cancelled";

/** How far a failure reaches: one slice, one account, everything of one credential, or one platform application. */
export type FailureScope = "slice" | "account" | "platform";

export interface FailureDetails {
  readonly kind: FailureKind;
  /** What went wrong, in a sentence, without any secret. */
  readonly message: string;
  /** What a person can do about it. */
  readonly remedy?: string;
  /** For `busy`: not before this instant. */
  readonly retryAt?: Date;
  /** For `busy`: whose limit it is. Defaults to the kind's own reach. */
  readonly scope?: FailureScope;
  readonly platform?: Platform;
  readonly accountId?: string;
  /** The platform's own code for it, and the id of the request, where it gave them. */
  readonly code?: string;
  readonly requestId?: string;
  /** The HTTP status of the answer that says so; absent where nothing was answered. */
  readonly status?: number;
  /** What a caller may mend in a way of its own, named by the connector: code decides on this, never on `message`. */
  readonly reason?: string;
  /** For `account`: the platform says that it is closed, cancelled or not enabled, rather than out of our reach. */
  readonly closed?: boolean;
  readonly cause?: unknown;
}

/** One row per kind: what the queue does and how many attempts a slice gets. The only such table. */
export const failureRules = {
  busy: { stops: "account", attempts: Infinity, retries: true },
  transient: { stops: "slice", attempts: retries.job.attempts, retries: true },
  credentials: { stops: "platform", attempts: 1, retries: false },
  account: { stops: "account", attempts: 1, retries: false },
  request: { stops: "platform", attempts: 1, retries: false },
  data: { stops: "slice", attempts: 1, retries: false },
  cancelled: { stops: "slice", attempts: Infinity, retries: true },
} as const satisfies Record<FailureKind, { stops: FailureScope; attempts: number; retries: boolean }>;

/** Everything that costper knows to have gone wrong. An error of any other class is treated as `transient`. */
export class Failure extends Error {
  readonly kind: FailureKind;
  readonly scope: FailureScope;
  readonly remedy: string;
  readonly retryAt: Date | undefined;
  readonly platform: Platform | undefined;
  readonly accountId: string | undefined;
  readonly code: string | undefined;
  readonly requestId: string | undefined;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly closed: boolean;

  constructor(details: FailureDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "Failure";
    this.kind = details.kind;
    this.scope = details.scope ?? failureRules[details.kind].stops;
    this.remedy = details.remedy ?? "";
    this.retryAt = details.retryAt;
    this.platform = details.platform;
    this.accountId = details.accountId;
    this.code = details.code;
    this.requestId = details.requestId;
    this.status = details.status;
    this.reason = details.reason;
    this.closed = details.closed ?? false;
  }
}

/** Turns whatever was thrown into a Failure; an abort becomes `cancelled`, the unknown becomes `transient`. */
export const asFailure = (error: unknown): Failure => {
  if (error instanceof Failure) return error;
  if (error instanceof Error && error.name === "AbortError")
    return new Failure({ kind: "cancelled", message: "interrupted", cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new Failure({ kind: "transient", message, cause: error });
};
