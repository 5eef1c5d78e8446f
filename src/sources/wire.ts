import type * as z from "zod";
import { type AnswerHeaders, exchange, type Sent, type TextAnswer } from "../connectors/wire/exchange.ts";
import { readJson } from "../connectors/wire/json.ts";
import { createLimits } from "../connectors/wire/limits.ts";
import { pause, request } from "../connectors/wire/request.ts";
import type { Failure } from "../domain/failure.ts";
import type { SourceContext } from "./source.ts";

/** Keeps requests under a number in a window of time. */
export type KeepPace = (signal: AbortSignal) => Promise<void>;

export const createPace = (most: () => number, windowMs: number): KeepPace => {
  let sent: number[] = [];
  return async (signal) => {
    const since = () => performance.now() - windowMs;
    sent = sent.filter((at) => at > since());
    const oldest = sent[sent.length - most()];
    if (oldest !== undefined) await pause(Math.max(0, oldest - since()), signal);
    sent.push(performance.now());
  };
};

export interface WireAsk<Schema extends z.ZodType> {
  /** Its path, without what may be secret; messages name it. */
  readonly call: string;
  readonly schema: Schema;
  readonly signal: AbortSignal;
  readonly pace?: KeepPace | undefined;
  /** Made anew for each attempt. */
  readonly sent: () => Promise<Pick<Sent, "url" | "method" | "headers" | "body">>;
  /** What an answer means that is no success; undefined: it is one. */
  readonly judge: (answer: TextAnswer) => Failure | undefined;
}

export interface SourceWire {
  /** @throws Failure by `judge`; `transient` where it is no JSON; `data` where it is not as the schema says */
  ask<Schema extends z.ZodType>(
    ask: WireAsk<Schema>,
  ): Promise<{ readonly body: z.output<Schema>; readonly headers: AnswerHeaders }>;
}

/** The one way in which sources ask a system for JSON. */
export const openWire = (
  { name, log, now, firstDelayMs }: SourceContext,
  options: {
    readonly timeoutSeconds: number;
    readonly concurrency: number;
    /** A limit that holds longer ends the pull. */
    readonly longestWaitMs: number;
  },
): SourceWire => {
  const { timeoutSeconds, concurrency, longestWaitMs: maxWaitMs } = options;
  const limits = createLimits({
    platform: `source ${name}`,
    platformConcurrency: concurrency,
    accountConcurrency: concurrency,
    maxWaitMs,
    now,
  });
  return {
    ask: ({ call, schema, signal, pace, sent, judge }) =>
      request({ limits, log, accountId: null, signal, call, now, firstDelayMs }, async () => {
        await pace?.(signal);
        const answer = await exchange({
          ...(await sent()),
          signal,
          call: `source ${name}, ${call}`,
          idleMs: timeoutSeconds * 1_000,
          timeoutSetting: `sources.${name}.timeoutSeconds`,
        });
        const failure = judge(answer);
        if (failure !== undefined) throw failure;
        // Read here, so that a page of a front end is asked for again.
        const body = readJson(answer.text, schema, { what: `source ${name}, ${call}` });
        return { body, headers: answer.headers };
      }),
  };
};
