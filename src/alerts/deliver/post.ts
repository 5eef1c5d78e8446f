import { open } from "../../connectors/wire/exchange.ts";
import { guardedLookup, privateAddress } from "../../connectors/wire/guarded-lookup.ts";
import { retryAfterMs } from "../../connectors/wire/retry-after.ts";
import { asFailure } from "../../domain/failure.ts";
import { targetProblem } from "../rule/target.ts";

/** Why a notice was not taken; `message` names no URL, since a chat's URL is its password. */
export class DeliveryError extends Error {
  /** Not before so many ms, where the receiver said so. */
  readonly retryAfterMs: number | undefined;
  /** The receiver understood and will never take this notice. */
  readonly rejected: boolean;
  /** Some of its readers have it: to send it again would tell them twice. */
  readonly taken: boolean;

  constructor(
    message: string,
    options: { retryAfterMs?: number | undefined; rejected?: boolean; taken?: boolean } = {},
  ) {
    super(message);
    this.name = "DeliveryError";
    this.retryAfterMs = options.retryAfterMs;
    this.rejected = options.rejected ?? false;
    this.taken = options.taken ?? false;
  }
}

const rejections = new Set([400, 405, 406, 411, 413, 415, 422]);

/**
 * Posts JSON to a webhook. A redirect is a failure: it is not followed.
 * @throws DeliveryError
 */
export const postJson = async (options: {
  readonly url: string;
  readonly allowPrivate: boolean;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}): Promise<void> => {
  const { url, allowPrivate, body, timeoutMs } = options;
  const problem = targetProblem(url, allowPrivate);
  if (problem !== undefined) throw new DeliveryError(`its URL ${problem}`);
  const answer = await open({
    url,
    method: "POST",
    headers: {
      "content-type": "application/json; charset=utf-8",
      "user-agent": "costper",
      ...options.headers,
    },
    body,
    call: "webhook",
    signal: new AbortController().signal,
    idleMs: timeoutMs,
    totalMs: timeoutMs,
    lookup: guardedLookup(allowPrivate),
  }).catch((error: unknown) => {
    throw unreached(error, timeoutMs);
  });
  answer.close();
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  const redirects = status >= 300 && status < 400 ? ", and redirects are not followed" : "";
  throw new DeliveryError(`it answered ${String(status)}${redirects}`, {
    retryAfterMs: retryAfterMs(answer.headers.get("retry-after"), new Date()),
    rejected: rejections.has(status),
  });
};

const unreached = (error: unknown, timeoutMs: number): DeliveryError => {
  const { code = "closed early" } = asFailure(error);
  if (code === privateAddress) return new DeliveryError("its name leads to a private address");
  return new DeliveryError(
    code === "timeout" ? `no answer within ${String(timeoutMs / 1_000)} s` : `no connection (${code})`,
  );
};
