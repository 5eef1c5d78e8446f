import type * as z from "zod";
import type { AnswerHeaders } from "../../connectors/wire/exchange.ts";
import { retryAfterMs } from "../../connectors/wire/retry-after.ts";
import { Failure } from "../../domain/failure.ts";
import type { SourceContext } from "../source.ts";
import { createPace, openWire } from "../wire.ts";
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
  const { name, now } = context;
  const wire = openWire(context, {
    timeoutSeconds: settings.timeoutSeconds,
    concurrency: 2,
    longestWaitMs: 120_000,
  });
  const keepPace = createPace(() => pace.requests, pace.windowMs);
  return {
    get: (path, parameters, schema, signal) => {
      const query = new URLSearchParams(parameters).toString();
      return wire.ask({
        call: path,
        schema,
        signal,
        pace: keepPace,
        sent: async () => ({
          url: `${baseOf(settings)}/api/v3${path}${query === "" ? "" : `?${query}`}`,
          // Answers come in the account's zone unless told otherwise ("Utilizing time zone offset").
          headers: { apikey: settings.apiKey, "timezone-offset": "0", accept: "application/json" },
        }),
        judge: ({ status, headers }) =>
          status === 200 ? undefined : failureOf(status, headers, name, path, now()),
      });
    },
  };
};
