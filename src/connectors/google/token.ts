import { z } from "zod";
import { Failure } from "../../domain/failure.ts";
import { readText, send } from "./http.ts";

export interface TokenOptions {
  readonly endpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  readonly idleMs: number;
  readonly now: () => Date;
  readonly redact: (text: string) => string;
  /** Told of each new access token, so that it can be kept out of messages. */
  readonly onToken: (token: string) => void;
  readonly onAnswer: (status: number) => void;
}

/** Access tokens out of one refresh token. */
export interface AccessTokens {
  /** A token that is still good; all who ask at once share one exchange. */
  get(signal: AbortSignal): Promise<string>;
  /** The platform refused this token: the next `get` fetches another. */
  reject(token: string): void;
}

const answerShape = z.looseObject({
  access_token: z.string().min(1),
  expires_in: z.number().positive().catch(3_600),
});
const errorShape = z.looseObject({
  error: z.string().catch(""),
  error_description: z.string().catch(""),
});

// A token is renewed a little early, so that none runs out on its way.
const marginMs = (lifeSeconds: number): number => Math.min(60_000, lifeSeconds * 100);

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const refusal = (options: TokenOptions, status: number, text: string): Failure => {
  const { error = "", error_description: said = "" } = errorShape.safeParse(json(text)).data ?? {};
  const message = options.redact(
    `the token endpoint answered ${error || `HTTP ${String(status)}`}${said ? `: ${said.slice(0, 200)}` : ""}`,
  );
  const about = { platform: "google", code: error || `HTTP ${String(status)}`, message } as const;
  if (status === 429 || status === 408 || status >= 500 || status < 400)
    return new Failure({ ...about, kind: "transient", remedy: "it is tried again" });
  if (error === "invalid_client")
    return new Failure({
      ...about,
      kind: "credentials",
      remedy: "check connectors.google.clientId and clientSecret against the Google Cloud console",
    });
  return new Failure({
    ...about,
    kind: "credentials",
    remedy:
      error === "unauthorized_client"
        ? "connectors.google.refreshToken was made for another OAuth client: use its clientId and clientSecret, or sign in again"
        : "sign in again and set connectors.google.refreshToken; an OAuth consent screen in state Testing ends tokens after seven days",
  });
};

export const createAccessTokens = (options: TokenOptions): AccessTokens => {
  let current: { readonly token: string; readonly goodUntil: number } | undefined;
  let exchange: Promise<string> | undefined;

  const fetchToken = async (): Promise<string> => {
    // Shared by all who wait for it, so one caller's abort does not end it; the idle limit does.
    const answer = await send(
      `${options.endpoint}/token`,
      {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({
          refresh_token: options.refreshToken,
          client_id: options.clientId,
          client_secret: options.clientSecret,
          grant_type: "refresh_token",
        }).toString(),
      },
      { signal: new AbortController().signal, idleMs: options.idleMs },
    );
    const text = await readText(answer);
    options.onAnswer(answer.status);
    const granted = answer.status === 200 ? answerShape.safeParse(json(text)) : undefined;
    if (!granted?.success) throw refusal(options, answer.status, text);
    const { access_token: token, expires_in: seconds } = granted.data;
    options.onToken(token);
    current = { token, goodUntil: options.now().getTime() + seconds * 1_000 - marginMs(seconds) };
    return token;
  };

  return {
    async get(signal) {
      signal.throwIfAborted();
      if (current && options.now().getTime() < current.goodUntil) return current.token;
      exchange ??= fetchToken().finally(() => (exchange = undefined));
      const shared = exchange;
      return new Promise<string>((resolve, reject) => {
        const onAbort = () => reject(signal.reason as Error);
        signal.addEventListener("abort", onAbort, { once: true });
        shared.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
      });
    },
    reject(token) {
      if (current?.token === token) current = undefined;
    },
  };
};
