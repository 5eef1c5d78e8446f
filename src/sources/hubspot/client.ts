import * as z from "zod";
import type { TextAnswer } from "../../connectors/wire/exchange.ts";
import { jsonOrUndefined } from "../../connectors/wire/json.ts";
import { pause } from "../../connectors/wire/request.ts";
import { addDays, dayAt } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import type { SourceContext } from "../source.ts";
import { createPace, openWire, type KeepPace } from "../wire.ts";
import type { HubspotSettings } from "./type.ts";

export interface HubspotClient {
  get<Schema extends z.ZodType>(path: string, schema: Schema, signal: AbortSignal): Promise<z.output<Schema>>;
  post<Schema extends z.ZodType>(
    path: string,
    body: unknown,
    schema: Schema,
    signal: AbortSignal,
  ): Promise<z.output<Schema>>;
}

// Messages quote values of people: of an error's body only these are read.
const errorShape = z.object({
  category: z.string().nullish(),
  correlationId: z.string().nullish(),
  policyName: z.string().nullish(),
  errors: z
    .array(
      z.object({ context: z.object({ requiredGranularScopes: z.array(z.string()).optional() }).nullish() }),
    )
    .nullish(),
});

const word = (text: string | null | undefined): string | undefined =>
  text != null && /^[\w.-]{1,80}$/.test(text) ? text : undefined;

/** What an answer that is no success means ("HubSpot's error codes", "API usage guidelines"). */
const failureOf = (
  answer: TextAnswer,
  { call, name, now }: { call: string; name: string; now: Date },
): Failure => {
  const { status, text } = answer;
  const said = errorShape.safeParse(jsonOrUndefined(text)).data ?? {};
  const code = word(said.category) ?? String(status);
  const id = word(said.correlationId);
  const about = {
    status,
    code,
    message: `source ${name}, ${call}: HubSpot answered ${String(status)}${code === String(status) ? "" : ` ${code}`}`,
    ...(id === undefined ? {} : { requestId: id }),
  };
  if (status === 429) {
    const policy = said.policyName ?? "";
    const isDaily = /daily/i.test(policy);
    const waitMs = /secondly/i.test(policy) && !/ten/i.test(policy) ? 1_000 : 10_000;
    return new Failure({
      ...about,
      kind: "busy",
      scope: "platform",
      message: isDaily ? `source ${name}: the HubSpot account's calls of the day are used up` : about.message,
      remedy: "nothing: it goes on when the limit is over",
      retryAt: isDaily
        ? new Date(`${addDays(dayAt(now, "UTC"), 1)}T00:05:00Z`)
        : new Date(now.getTime() + waitMs),
    });
  }
  if (status === 401)
    return new Failure({
      ...about,
      kind: "credentials",
      remedy: `make a new service key and set it in sources.${name}.token`,
    });
  if (status === 403) {
    const scopes = (said.errors ?? [])
      .flatMap(({ context }) => context?.requiredGranularScopes ?? [])
      .filter((scope) => word(scope) !== undefined);
    return new Failure({
      ...about,
      kind: "account",
      remedy:
        scopes.length > 0
          ? `give the service key the scopes ${scopes.join(", ")}`
          : "let a super admin check the service key and its scopes",
    });
  }
  if (status >= 500 || status === 408 || status === 423 || status === 477)
    return new Failure({ ...about, kind: "transient", remedy: "it is tried again" });
  return new Failure({
    ...about,
    kind: "request",
    remedy:
      status === 404
        ? `check sources.${name}.apiVersion: the version may have ended`
        : "report it to costper",
  });
};

/** Requests in ten seconds, and the least time between two searches. */
const pace = { requests: 90, windowMs: 10_000, searchMs: 500 } as const;

/** Of the account's day, the part that is left to others. */
const keptForOthers = 0.1;

export const createHubspotClient = (settings: HubspotSettings, context: SourceContext): HubspotClient => {
  const { name, now } = context;
  const wire = openWire(context, {
    timeoutSeconds: settings.timeoutSeconds,
    concurrency: 1,
    longestWaitMs: 60_000,
  });
  // A portal says how many it bears; we keep under half of it.
  let allowed: number = pace.requests;
  let searchedAt = 0;
  let spent: Failure | undefined;
  const keepPace = createPace(() => allowed, pace.windowMs);

  const keepSearchPace: KeepPace = async (signal) => {
    const waitMs = searchedAt + pace.searchMs * Math.min(1, pace.requests / allowed) - performance.now();
    if (waitMs > 0) await pause(waitMs, signal);
    await keepPace(signal);
    searchedAt = performance.now();
  };

  const note = ({ headers }: TextAnswer): void => {
    const most = Number(headers.get("x-hubspot-ratelimit-max") ?? Number.NaN);
    if (most > 0) allowed = Math.max(1, Math.floor(most * 0.47));
    const daily = Number(headers.get("x-hubspot-ratelimit-daily") ?? Number.NaN);
    const left = Number(headers.get("x-hubspot-ratelimit-daily-remaining") ?? Number.NaN);
    if (daily > 0 && left < daily * keptForOthers)
      spent = new Failure({
        kind: "busy",
        scope: "platform",
        message: `source ${name}: 90 % of the HubSpot account's calls of the day are used; the rest is left to others`,
        remedy: "nothing: it goes on tomorrow",
        retryAt: new Date(`${addDays(dayAt(now(), "UTC"), 1)}T00:05:00Z`),
      });
  };

  const ask = async <Schema extends z.ZodType>(
    path: string,
    posted: unknown,
    schema: Schema,
    signal: AbortSignal,
  ): Promise<z.output<Schema>> => {
    const call = path.split("?")[0] ?? path;
    if (spent) throw spent;
    const { body } = await wire.ask({
      call,
      schema,
      signal,
      pace: call.endsWith("/search") ? keepSearchPace : keepPace,
      sent: async () => ({
        url: `${settings.endpoints.api}${path}`,
        method: posted === undefined ? "GET" : "POST",
        headers: {
          authorization: `Bearer ${settings.token}`,
          accept: "application/json",
          ...(posted === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(posted === undefined ? {} : { body: JSON.stringify(posted) }),
      }),
      judge: (answer) => {
        note(answer);
        // A batch of which some are gone answers 207.
        return answer.status === 200 || answer.status === 207
          ? undefined
          : failureOf(answer, { call, name, now: now() });
      },
    });
    return body;
  };

  return {
    get: (path, schema, signal) => ask(path, undefined, schema, signal),
    post: ask,
  };
};
