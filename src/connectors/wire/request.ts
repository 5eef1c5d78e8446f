import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { asFailure, type Failure } from "../../domain/failure.ts";
import type { Platform } from "../../domain/platform.ts";
import { interrupted } from "./exchange.ts";
import type { Limits } from "./limits.ts";
import { createRefusals, type Refusals } from "./refusals.ts";

/** The inner layer of retries, seconds apart; the outer one, per slice, stands in `domain/failure.ts`. */
export const requestRetry = { attempts: 5, firstDelayMs: 1_000, longestDelayMs: 30_000 } as const;

export interface RequestOptions {
  /** Absent: nothing is paced, and a `busy` answer ends the call. */
  readonly limits?: Limits | undefined;
  readonly log: Logger;
  /** Whose limits the call counts against; null for calls that belong to no account. */
  readonly accountId: string | null;
  readonly signal: AbortSignal;
  /** The platform's name of the call, for the log. */
  readonly call: string;
  readonly now: () => Date;
  readonly platform?: Platform | undefined;
  /** Where the platform's own limits ask for fewer attempts than usual. */
  readonly attempts?: number | undefined;
  /** Tests shorten the delays; nothing else does. */
  readonly firstDelayMs?: number | undefined;
}

const refusals = new WeakMap<Limits, Refusals>();

/** Limits are one per platform and process, and so is what the platform refuses of late. */
const refusalsOf = (limits: Limits): Refusals => {
  let known = refusals.get(limits);
  if (!known) refusals.set(limits, (known = createRefusals()));
  return known;
};

/**
 * Runs one request under the platform's limits. `transient` failures are repeated with growing, jittered delay;
 * `busy` ones pause the account or the application and are repeated when the pause is over.
 * A refusal that is `request` of scope `account` reaches further once several accounts in a row meet it.
 * @throws Failure of any other kind at once; `transient` after the last attempt; `busy` where the pause is too long;
 * `cancelled` as soon as the signal aborts.
 */
export const request = async <T>(options: RequestOptions, send: () => Promise<T>): Promise<T> => {
  const { limits, signal, accountId, attempts = requestRetry.attempts } = options;
  let failures = 0;
  let pauses = 0;
  for (;;) {
    let sent = false;
    const call = () => {
      sent = true;
      return send();
    };
    try {
      if (signal.aborted) throw interrupted(signal, options.platform);
      const answer = await (limits ? limits.run(accountId, signal, call) : call());
      if (limits && accountId !== null) refusalsOf(limits).answered(options.call);
      return answer;
    } catch (error) {
      if (signal.aborted) throw interrupted(signal, options.platform);
      const failure = asFailure(error);
      // A call that was not even let through has found a pause too long to wait for.
      if (limits && failure.kind === "busy" && failure.retryAt && sent && pauses < 10) {
        pauses += 1;
        limits.pause(failure.scope === "platform" ? null : accountId, failure.retryAt, failure.message);
      } else if (failure.kind === "transient" && failures < attempts - 1) {
        await pause(backoffMs(failures, options.firstDelayMs), signal, options.platform);
        failures += 1;
      } else if (limits && accountId !== null)
        throw refusalsOf(limits).judged(options.call, accountId, failure);
      else throw failure;
      logRetry(options, failure, failures + pauses);
    }
  }
};

/** Sleeps. @throws Failure `cancelled` as soon as the signal aborts. */
export const pause = async (ms: number, signal: AbortSignal, platform?: Platform): Promise<void> => {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw interrupted(signal, platform);
  }
};

/** Full jitter on a doubling delay: between half of it and all of it. */
const backoffMs = (failures: number, firstDelayMs: number = requestRetry.firstDelayMs): number =>
  Math.min(firstDelayMs * 2 ** failures, requestRetry.longestDelayMs) * (0.5 + Math.random() / 2);

const logRetry = (options: RequestOptions, failure: Failure, attempt: number): void =>
  options.log.info(
    {
      call: options.call,
      account: options.accountId,
      kind: failure.kind,
      code: failure.code,
      attempt,
      until: failure.retryAt,
    },
    "request is repeated",
  );
