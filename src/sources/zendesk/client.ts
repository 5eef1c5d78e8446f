import * as z from "zod";
import type { TextAnswer } from "../../connectors/wire/exchange.ts";
import { jsonOrUndefined } from "../../connectors/wire/json.ts";
import { retryAfterMs } from "../../connectors/wire/retry-after.ts";
import { Failure } from "../../domain/failure.ts";
import { clientTokens } from "../client-token.ts";
import type { SourceContext } from "../source.ts";
import { createPace, type KeepPace, openWire } from "../wire.ts";
import type { ZendeskSettings } from "./type.ts";

/** What is asked as fast as Zendesk lets its exports be asked, and what is not. */
export type ZendeskPace = "tickets" | "calls" | "other";

export interface ZendeskClient {
  get<Schema extends z.ZodType>(
    path: string,
    parameters: Readonly<Record<string, string>>,
    options: { readonly schema: Schema; readonly pace: ZendeskPace; readonly signal: AbortSignal },
  ): Promise<z.output<Schema>>;
}

// Texts may quote what was asked: only these words of an error are read.
const errorShape = z.object({
  error: z
    .union([z.string(), z.object({ title: z.string().nullish() }).transform(({ title }) => title ?? "")])
    .catch(""),
});

const saidIn = ({ text }: TextAnswer): string =>
  errorShape.safeParse(jsonOrUndefined(text)).data?.error ?? "";
const noHelpDesk = "No help desk";

const minuteMs = 60_000;
const tokenSeconds = 7_200;

/** Troubles that pass, beside those of the server: a conflict, and two of the front end's own. */
const passing: ReadonlySet<number> = new Set([408, 409, 520, 524]);

/** What an answer that is no success means ("Rate limits", "Responses"). */
const failureOf = (
  answer: TextAnswer,
  { call, name, now }: { readonly call: string; readonly name: string; readonly now: Date },
): Failure => {
  const { status, headers } = answer;
  const said = saidIn(answer);
  const isGone = said.startsWith(noHelpDesk);
  const code = isGone ? "no_help_desk" : /^\w{1,80}$/.test(said) ? said : String(status);
  const about = {
    status,
    code,
    message: `source ${name}, ${call}: Zendesk answered ${String(status)}${code === String(status) ? "" : ` ${code}`}`,
  };
  if (status === 429 || (status === 503 && headers.get("retry-after") !== null))
    return new Failure({
      ...about,
      kind: "busy",
      scope: "platform",
      remedy: "nothing: it goes on when the limit is over",
      retryAt: new Date(now.getTime() + (retryAfterMs(headers.get("retry-after"), now) ?? minuteMs)),
    });
  if (status === 401)
    return new Failure({
      ...about,
      kind: "credentials",
      remedy: `check the OAuth client or the API token of sources.${name}`,
    });
  if (status === 403 || isGone)
    return new Failure({
      ...about,
      kind: "account",
      remedy: isGone
        ? `check sources.${name}.subdomain; the account may have been closed`
        : "let an admin give the OAuth client's user the rights to export tickets and calls",
    });
  if (status >= 500 || passing.has(status))
    return new Failure({ ...about, kind: "transient", remedy: "it is tried again" });
  return new Failure({ ...about, kind: "request", remedy: "report it to costper" });
};

/** Each kind of export may be asked for ten times a minute ("Incremental Exports"). */
const exportMs = 6_500;
const otherMs = 100;

export const createZendeskClient = (settings: ZendeskSettings, context: SourceContext): ZendeskClient => {
  const { name, now, firstDelayMs } = context;
  const { subdomain, clientId = "", clientSecret = "", email, apiToken, timeoutSeconds } = settings;
  const base = settings.endpoints.api ?? `https://${subdomain}.zendesk.com`;
  const wire = openWire(context, { timeoutSeconds, concurrency: 1, longestWaitMs: 2 * minuteMs });
  const once = (ms: number): KeepPace => createPace(() => 1, firstDelayMs ?? ms);
  const paces = { tickets: once(exportMs), calls: once(exportMs), other: once(otherMs) };
  const withToken = clientTokens(context, {
    label: "Zendesk",
    url: `${base}/oauth/tokens`,
    clientId,
    clientSecret,
    fields: { scope: "read" },
    json: { expires_in: tokenSeconds },
    // A subdomain that is nobody's answers the sign-in as it answers everything.
    judge: (answer) =>
      saidIn(answer).startsWith(noHelpDesk)
        ? failureOf(answer, { call: "/oauth/tokens", name, now: now() })
        : undefined,
    timeoutSeconds,
    remedy: `check clientId and clientSecret of sources.${name}: a confidential OAuth client is needed`,
  });
  const basic =
    email === undefined || apiToken === undefined
      ? undefined
      : `Basic ${Buffer.from(`${email}/token:${apiToken}`).toString("base64")}`;

  return {
    get: async (path, parameters, { schema, pace, signal }) => {
      const query = new URLSearchParams(parameters).toString();
      const ask = (authorization: string) =>
        wire.ask({
          call: path,
          schema,
          signal,
          pace: paces[pace],
          sent: async () => ({
            url: `${base}${path}${query === "" ? "" : `?${query}`}`,
            headers: { authorization, accept: "application/json" },
          }),
          judge: (answer) =>
            answer.status === 200 ? undefined : failureOf(answer, { call: path, name, now: now() }),
        });
      const { body } = await (basic === undefined
        ? withToken(signal, ({ accessToken }) => ask(`Bearer ${accessToken}`))
        : ask(basic));
      return body;
    },
  };
};
