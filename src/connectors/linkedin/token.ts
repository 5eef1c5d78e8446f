import { createHash } from "node:crypto";
import { z } from "zod";
import { Failure } from "../../domain/failure.ts";
import type { ConnectorContext } from "../connector.ts";
import { request } from "../wire/request.ts";
import { refreshFailure } from "./failures.ts";
import { exchange } from "./http.ts";
import type { Pace } from "./pace.ts";
import type { Redactor } from "./redact.ts";
import { parseJson } from "./restli.ts";
import type { LinkedinSettings } from "./settings.ts";

/** What a refresh left behind; kept together, so that the two tokens never come from different refreshes. */
const grantSchema = z.object({
  accessToken: z.string().min(1),
  /** Epoch ms; a configured access token does not tell. */
  expiresAt: z.number().optional(),
  mintedAt: z.number().optional(),
  refreshToken: z.string().min(1).optional(),
});

export type Grant = z.infer<typeof grantSchema>;

export interface Tokens {
  /** A token with at least a day left, renewed where need be. */
  current(signal: AbortSignal): Promise<Grant>;
  /** A token other than the refused one: another process's, or a new one where `renew`; undefined where there is none. */
  replace(refused: Grant, signal: AbortSignal, renew: boolean): Promise<Grant | undefined>;
}

const dayMs = 86_400_000;

const answerSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive(),
  refresh_token: z.string().min(1).nullish(),
  refresh_token_expires_in: z.coerce.number().nullish(),
});

const missing = (what: string): Failure =>
  new Failure({
    kind: "credentials",
    platform: "linkedin",
    message: `LinkedIn: ${what} is not set`,
    remedy: "set connectors.linkedin.clientId, clientSecret and refreshToken, or accessToken",
  });

const waitFor = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  // Nobody may be left to hear of its failure.
  work.catch(() => undefined);
  signal.throwIfAborted();
  let onAbort = () => {};
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        onAbort = () => reject(signal.reason as Error);
        signal.addEventListener("abort", onAbort, { once: true });
      }),
    ]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
};

/** Keeps one access token per credential and renews it, one renewal at a time. */
export const openTokens = (
  settings: LinkedinSettings,
  context: ConnectorContext,
  redactor: Redactor,
  pace: Pace,
): Tokens => {
  const { clientId, clientSecret, refreshToken } = settings;
  const renewable = clientId !== undefined && clientSecret !== undefined && refreshToken !== undefined;
  const configured = [clientId, refreshToken ?? settings.accessToken].join("\n");
  const key = `linkedin:${createHash("sha256").update(configured).digest("hex").slice(0, 32)}`;
  let grant: Grant | undefined;
  let renewal: Promise<Grant> | undefined;

  const keep = (next: Grant): Grant => {
    redactor.add(next.accessToken, next.refreshToken);
    return (grant = next);
  };

  const stored = async (): Promise<Grant | undefined> => {
    const text = await context.tokens?.read(key);
    if (text === undefined) return undefined;
    try {
      return grantSchema.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  };

  const warnOf = (what: string, expiresAt: number, days: number): void => {
    const left = Math.floor((expiresAt - context.now().getTime()) / dayMs);
    if (left < days) context.log.warn({ daysLeft: left }, `${what} expires soon`);
  };

  const refresh = async (): Promise<Grant> => {
    if (clientId === undefined || clientSecret === undefined || refreshToken === undefined)
      throw missing(refreshToken === undefined ? "a refresh token" : "the client id or secret");
    const used = grant?.refreshToken ?? refreshToken;
    const call = "oauth/v2/accessToken";
    // A renewal serves every call that waits for it, so no single one of them may stop it.
    const signal = new AbortController().signal;
    const parsed = await request(
      {
        limits: context.limits,
        log: context.log,
        accountId: null,
        signal,
        call,
        now: context.now,
        firstDelayMs: pace.firstDelayMs,
      },
      async () => {
        const answer = await exchange({
          url: `${settings.endpoints.oauth}/oauth/v2/accessToken`,
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
          body: new URLSearchParams({
            grant_type: "refresh_token",
            refresh_token: used,
            client_id: clientId,
            client_secret: clientSecret,
          }).toString(),
          call,
          signal,
          timeoutMs: settings.timeoutSeconds * 1_000,
        });
        context.onRequest?.({ call, status: answer.status });
        return readAnswer(answer, redactor);
      },
    );
    const now = context.now().getTime();
    const next = keep({
      accessToken: parsed.access_token,
      expiresAt: now + parsed.expires_in * 1_000,
      mintedAt: now,
      refreshToken: parsed.refresh_token ?? used,
    });
    const refreshExpiresAt =
      parsed.refresh_token_expires_in == null ? undefined : now + parsed.refresh_token_expires_in * 1_000;
    await context.tokens?.write(
      key,
      JSON.stringify(next),
      refreshExpiresAt === undefined ? undefined : new Date(refreshExpiresAt),
    );
    // Only a person can renew the consent: a refresh never extends it.
    if (refreshExpiresAt !== undefined) warnOf("LinkedIn refresh token", refreshExpiresAt, 30);
    warnOf("LinkedIn access token", now + parsed.expires_in * 1_000, 14);
    return next;
  };

  /** Another process that was faster left its grant in the store, and may have ended ours. */
  const refreshAlone = async (): Promise<Grant> => {
    const { tokens } = context;
    if (!tokens?.alone) return refresh();
    const before = grant?.accessToken;
    return tokens.alone(key, async () => {
      const known = await stored();
      if (known && known.accessToken !== before && livesOn(known)) return keep(known);
      return refresh();
    });
  };

  const renew = (): Promise<Grant> => {
    renewal ??= refreshAlone().finally(() => {
      renewal = undefined;
    });
    return renewal;
  };

  /** A day before its end a token is renewed; one that lives shorter from the start, in its last tenth. */
  const livesOn = ({ expiresAt, mintedAt }: Grant): boolean => {
    if (expiresAt === undefined) return true;
    const margin = Math.min(dayMs, mintedAt === undefined ? dayMs : (expiresAt - mintedAt) / 10);
    return expiresAt - context.now().getTime() > margin;
  };

  const load = async (): Promise<Grant> => {
    const known = await stored();
    if (known) return keep(known);
    if (settings.accessToken !== undefined) return keep({ accessToken: settings.accessToken });
    return renew();
  };
  let loading: Promise<Grant> | undefined;

  return {
    async current(signal) {
      signal.throwIfAborted();
      if (renewal) return waitFor(renewal, signal);
      if (!grant) {
        loading ??= load().finally(() => {
          loading = undefined;
        });
        await waitFor(loading, signal);
      }
      if (grant && (livesOn(grant) || !renewable)) return grant;
      return waitFor(renew(), signal);
    },
    async replace(refused, signal, mayRenew) {
      if (grant && grant.accessToken !== refused.accessToken) return grant;
      const elsewhere = await stored();
      if (elsewhere && elsewhere.accessToken !== refused.accessToken && livesOn(elsewhere))
        return keep(elsewhere);
      return renewable && mayRenew ? waitFor(renew(), signal) : undefined;
    },
  };
};

const minuteMs = 60_000;

/** A token is not live for some seconds after it was minted: until then calls say that it is revoked. */
export const isYoung = (grant: Grant, now: Date): boolean =>
  grant.mintedAt !== undefined && now.getTime() - grant.mintedAt <= minuteMs;

const readAnswer = (
  answer: { readonly status: number; readonly headers: Headers; readonly text: string },
  redactor: Redactor,
): z.infer<typeof answerSchema> => {
  if (answer.status >= 200 && answer.status < 300) {
    try {
      const parsed = answerSchema.safeParse(parseJson(answer.text));
      if (parsed.success) return parsed.data;
    } catch {
      // No JSON: told like any other answer that is not a token.
    }
  }
  throw refreshFailure(answer, redactor.redact);
};
