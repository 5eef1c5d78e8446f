import { randomBytes } from "node:crypto";
import type * as z from "zod";
import { createRedactor } from "../../domain/secrets.ts";
import type { ConnectorContext } from "../connector.ts";
import { exchange, type TextAnswer } from "../wire/exchange.ts";
import { readJson } from "../wire/json.ts";
import { request } from "../wire/request.ts";
import { hasReason, reasons, refusalFailure } from "./failures.ts";
import { type Quota, quotaIn } from "./limit-headers.ts";
import { authorization, type Parameters, percentEncoded, queryOf } from "./oauth.ts";
import type { Pace } from "./pace.ts";
import type { XSettings } from "./settings.ts";

export interface Call<Schema extends z.ZodType> {
  readonly method?: "GET" | "POST";
  /** Below `/12/`, each part as it is. */
  readonly path: readonly string[];
  readonly parameters?: Parameters;
  /** What is asked, for messages, logs and metrics. */
  readonly name: string;
  /** X's own id; null where the call belongs to no account. */
  readonly accountId: string | null;
  /** Whose pauses and slots the call takes, where not the account's. */
  readonly lane?: string;
  readonly signal: AbortSignal;
  readonly schema: Schema;
  /** A longer wait for the limit fails the call at once, `reason` throttled: there is another way. */
  readonly longestWaitMs?: number;
  /** Told of the quota that each answer shows. */
  readonly onQuota?: (quota: Quota) => void;
}

/** Sends one signed call and gives the checked answer. Throws `Failure` only. */
export type Ask = <Schema extends z.ZodType>(call: Call<Schema>) => Promise<z.output<Schema>>;

export const openClient = (settings: XSettings, context: ConnectorContext, pace: Pace): Ask => {
  const { consumerKey, consumerSecret, accessToken, accessTokenSecret } = settings;
  const credentials = { consumerKey, consumerSecret, accessToken, accessTokenSecret };
  const { redact } = createRedactor(consumerKey, consumerSecret, accessToken, accessTokenSecret);
  const warned = new Set<string>();

  const send = (call: Call<z.ZodType>): Promise<TextAnswer> => {
    const { method = "GET", parameters = {} } = call;
    const url = [settings.endpoints.api, "12", ...call.path.map(percentEncoded)].join("/");
    const query = queryOf(parameters);
    return exchange({
      url: query === "" ? url : `${url}?${query}`,
      method,
      headers: {
        authorization: authorization({
          method,
          url,
          parameters,
          credentials,
          nonce: randomBytes(16).toString("hex"),
          epochSeconds: Math.floor(context.now().getTime() / 1_000),
        }),
        accept: "application/json",
      },
      // A POST without a body is refused by some front ends unless it says so.
      ...(method === "POST" ? { body: "" } : {}),
      signal: call.signal,
      call: call.name,
      platform: "x",
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting: "connectors.x.timeoutSeconds",
    });
  };

  /** X announces the end of a call in a header: said once for each. */
  const noteWarning = (call: Call<z.ZodType>, answer: TextAnswer): void => {
    const warning = answer.headers.get("x-api-warn");
    if (warning === null || warned.has(call.name)) return;
    warned.add(call.name);
    context.log.warn(
      { platform: "x", call: call.name, warning: redact(warning).slice(0, 300) },
      "X warns of a call",
    );
  };

  return async (call) => {
    let throttled = 0;
    let turnedAway = 0;
    const { log, limits, now } = context;
    const outcome = await request(
      {
        limits,
        log,
        accountId: call.lane ?? call.accountId,
        signal: call.signal,
        call: call.name,
        now,
        platform: "x",
        firstDelayMs: pace.firstDelayMs,
      },
      async () => {
        const answer = await send(call);
        context.onRequest?.({ call: call.name, status: answer.status });
        noteWarning(call, answer);
        const quota = quotaIn(answer.headers);
        if (quota) call.onQuota?.(quota);
        if (answer.status >= 200 && answer.status < 300) return { value: read(call, answer) };
        const failure = refusalFailure(answer, {
          call: call.name,
          accountId: call.accountId,
          now: now(),
          throttled,
          turnedAway,
          redact,
        });
        log.info(
          { platform: "x", call: call.name, account: call.accountId, code: failure.code },
          "X refused a call",
        );
        if (failure.kind === "busy" && !hasReason(failure, reasons.throttled)) turnedAway += 1;
        if (!hasReason(failure, reasons.throttled)) throw failure;
        throttled += 1;
        const waitMs = (failure.retryAt?.getTime() ?? 0) - now().getTime();
        // A thrown one would be waited out.
        if (waitMs > (call.longestWaitMs ?? Infinity)) return { throttle: failure };
        throw failure;
      },
    );
    if ("throttle" in outcome) throw outcome.throttle;
    return outcome.value;
  };
};

const read = <Schema extends z.ZodType>(call: Call<Schema>, answer: TextAnswer): z.output<Schema> =>
  readJson(answer.text, call.schema, {
    what: call.name,
    platform: "x",
    status: answer.status,
    ...(call.accountId === null ? {} : { accountId: call.accountId }),
  });
