import * as z from "zod";
import { Failure } from "../../domain/failure.ts";
import type { Platform } from "../../domain/platform.ts";
import type { Redactor } from "../../domain/secrets.ts";
import { exchange, type TextAnswer } from "./exchange.ts";
import { jsonOrUndefined } from "./json.ts";
import { retryAfterMs } from "./retry-after.ts";

/** An OAuth 2 token endpoint, and how its refusals are told to people. */
export interface TokenEndpoint {
  readonly url: string;
  /** As messages name the platform: `LinkedIn`. */
  readonly label: string;
  readonly platform?: Platform | undefined;
  readonly idleMs: number;
  readonly timeoutSetting: string;
  /** What a refusal is told as; default: it renewed no access token. */
  readonly refusal?: string;
  /** What a person can do about a refusal, by OAuth's `error`; absent: of any other. */
  readonly remedyOf: (error: string) => string;
  /** The fields go as JSON with these numbers beside them, in the place of a form. */
  readonly json?: Readonly<Record<string, number>> | undefined;
  /** What an answer without a token means on this endpoint alone; undefined: what it means everywhere. */
  readonly judge?: ((answer: TextAnswer) => Failure | undefined) | undefined;
}

/** What an endpoint granted. */
export interface Granted {
  readonly accessToken: string;
  readonly lifeSeconds: number | undefined;
  /** Where the platform rotates refresh tokens: the one to use from now on. */
  readonly refreshToken: string | undefined;
  readonly refreshLifeSeconds: number | undefined;
  /** What was granted, as the endpoint writes it; undefined where it does not say. */
  readonly scope: string | undefined;
  /** Where the account's data are, where the endpoint names it. */
  readonly instanceUrl: string | undefined;
}

const answerShape = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().nullish().catch(undefined),
  refresh_token: z.string().min(1).nullish(),
  refresh_token_expires_in: z.coerce.number().positive().nullish().catch(undefined),
  scope: z.string().nullish().catch(undefined),
  instance_url: z.string().nullish().catch(undefined),
});
const errorShape = z.object({ error: z.string().min(1), error_description: z.string().catch("") });

/** Errors of OAuth 2 that pass by themselves, under whatever status they come. */
const passing: ReadonlySet<string> = new Set(["temporarily_unavailable", "server_error", "slow_down"]);

const longestAnswerBytes = 1_000_000;

/**
 * What an answer without a token means; the one table. Only an OAuth error that the endpoint itself wrote speaks
 * against a credential: throttles, server errors and pages of a front end never do.
 */
export const tokenFailure = (
  {
    label,
    platform,
    remedyOf,
    refusal = "renewed no access token",
  }: Pick<TokenEndpoint, "label" | "platform" | "remedyOf" | "refusal">,
  { status, headers, text }: TextAnswer,
  redactor: Redactor,
  now: Date,
): Failure => {
  const said = errorShape.safeParse(jsonOrUndefined(text)).data;
  const about = {
    status,
    code: said?.error ?? String(status),
    message: redactor.redact(
      `${label} ${refusal}: ${said ? [said.error, said.error_description.slice(0, 200)].filter(Boolean).join(": ") : `the token endpoint answered ${String(status)}${status < 300 ? " without one" : ""}`}`,
    ),
    ...(platform === undefined ? {} : { platform }),
  };
  const waitMs = status === 429 ? retryAfterMs(headers.get("retry-after"), now) : undefined;
  if (waitMs !== undefined)
    return new Failure({
      ...about,
      kind: "busy",
      scope: "platform",
      retryAt: new Date(now.getTime() + waitMs),
      remedy: "nothing: it is tried again when the platform's limit is over",
    });
  const refuses = said !== undefined && !passing.has(said.error);
  return refuses && status >= 400 && status < 500 && status !== 408 && status !== 429
    ? new Failure({ ...about, kind: "credentials", remedy: remedyOf(said.error) })
    : new Failure({ ...about, kind: "transient", remedy: "it is tried again" });
};

/**
 * Asks a token endpoint once. The form goes as application/x-www-form-urlencoded, unless the endpoint wants JSON.
 * @throws Failure by the table of `tokenFailure`; `transient` where nobody answers.
 */
export const askToken = async (
  endpoint: TokenEndpoint,
  form: Readonly<Record<string, string>>,
  options: {
    readonly signal: AbortSignal;
    readonly redactor: Redactor;
    readonly now: () => Date;
    readonly onStatus?: (status: number) => void;
  },
): Promise<Granted> => {
  options.redactor.add(form["client_secret"], form["refresh_token"], form["assertion"]);
  const answer = await exchange(
    {
      ...endpoint,
      call: "token",
      method: "POST",
      headers: {
        "content-type":
          endpoint.json === undefined ? "application/x-www-form-urlencoded" : "application/json",
        accept: "application/json",
      },
      body:
        endpoint.json === undefined
          ? new URLSearchParams(form).toString()
          : JSON.stringify({ ...form, ...endpoint.json }),
      signal: options.signal,
    },
    longestAnswerBytes,
  );
  options.onStatus?.(answer.status);
  const granted =
    answer.status >= 200 && answer.status < 300
      ? answerShape.safeParse(jsonOrUndefined(answer.text)).data
      : undefined;
  if (!granted)
    throw endpoint.judge?.(answer) ?? tokenFailure(endpoint, answer, options.redactor, options.now());
  return {
    accessToken: granted.access_token,
    lifeSeconds: granted.expires_in ?? undefined,
    refreshToken: granted.refresh_token ?? undefined,
    refreshLifeSeconds: granted.refresh_token_expires_in ?? undefined,
    scope: granted.scope ?? undefined,
    instanceUrl: granted.instance_url ?? undefined,
  };
};
