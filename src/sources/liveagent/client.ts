import type { z } from "zod";
import { createLimits } from "../../connectors/wire/limits.ts";
import { type AnswerHeaders, exchange } from "../../connectors/wire/exchange.ts";
import { jsonOrUndefined, readJson } from "../../connectors/wire/json.ts";
import { pause, request } from "../../connectors/wire/request.ts";
import { retryAfterMs } from "../../connectors/wire/retry-after.ts";
import { Failure } from "../../domain/failure.ts";
import type { SourceContext } from "../source.ts";
import type { LiveagentSettings } from "./type.ts";

export interface LiveagentClient {
  get<Schema extends z.ZodType>(
    path: string,
    parameters: Readonly<Record<string, string>>,
    schema: Schema,
    signal: AbortSignal,
  ): Promise<{ readonly body: z.output<Schema>; readonly headers: AnswerHeaders }>;
}

/** Under the 180 requests a minute that a key may make ("Request rate limits"). */
const pace = { requests: 150, windowMs: 60_000 } as const;

const baseOf = ({ account, url, endpoints }: LiveagentSettings): string =>
  endpoints.api ?? url ?? `https://${account ?? ""}.ladesk.com`;

const failureOf = (
  status: number,
  headers: AnswerHeaders,
  name: string,
  call: string,
  now: Date,
): Failure => {
  // Bodies hold messages that may quote what was asked: only the status is told.
  const about = { status, message: `source ${name}, ${call}: LiveAgent answered ${String(status)}` };
  if (status === 429)
    return new Failure({
      ...about,
      kind: "busy",
      scope: "platform",
      remedy: "nothing: it goes on when the limit is over",
      retryAt: new Date(now.getTime() + (retryAfterMs(headers.get("retry-after"), now) ?? 60_000)),
    });
  if (status === 401)
    return new Failure({
      ...about,
      kind: "credentials",
      remedy: `make a new API v3 key and set it in sources.${name}.apiKey`,
    });
  if (status === 403)
    return new Failure({
      ...about,
      kind: "account",
      remedy:
        "give the API v3 key the privileges to read calls and tickets; the account may also be suspended",
    });
  if (status >= 500 || status === 408)
    return new Failure({ ...about, kind: "transient", remedy: "it is tried again" });
  return new Failure({
    ...about,
    kind: "request",
    remedy: "check account or url; else report it to costper",
  });
};

export const createLiveagentClient = (
  settings: LiveagentSettings,
  context: SourceContext,
): LiveagentClient => {
  const { name, log, now, firstDelayMs } = context;
  const limits = createLimits({
    platform: `source ${name}`,
    platformConcurrency: 2,
    accountConcurrency: 2,
    maxWaitMs: 120_000,
    now,
  });
  let sent: number[] = [];
  const keepPace = async (signal: AbortSignal): Promise<void> => {
    const since = () => performance.now() - pace.windowMs;
    sent = sent.filter((at) => at > since());
    const oldest = sent[sent.length - pace.requests];
    if (oldest !== undefined) await pause(oldest - since(), signal);
    sent.push(performance.now());
  };
  return {
    get: (path, parameters, schema, signal) =>
      request({ limits, log, accountId: null, signal, call: path, now, firstDelayMs }, async () => {
        await keepPace(signal);
        const query = new URLSearchParams(parameters).toString();
        const { status, headers, text } = await exchange({
          url: `${baseOf(settings)}/api/v3${path}${query === "" ? "" : `?${query}`}`,
          // Answers come in the account's zone unless told otherwise ("Utilizing time zone offset").
          headers: { apikey: settings.apiKey, "timezone-offset": "0", accept: "application/json" },
          signal,
          call: `source ${name}, ${path}`,
          idleMs: settings.timeoutSeconds * 1_000,
          timeoutSetting: `sources.${name}.timeoutSeconds`,
        });
        if (status !== 200) throw failureOf(status, headers, name, path, now());
        if (jsonOrUndefined(text) === undefined)
          throw new Failure({
            kind: "transient",
            message: `source ${name}, ${path}: the answer is not JSON`,
            remedy: "it is tried again",
          });
        return { body: readJson(text, schema, { what: `source ${name}, ${path}` }), headers };
      }),
  };
};
