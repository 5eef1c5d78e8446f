import { createHash } from "node:crypto";
import * as z from "zod";
import type { Redactor } from "../../domain/secrets.ts";
import type { ConnectorContext } from "../connector.ts";
import { interrupted, unlessAborted } from "./exchange.ts";
import { jsonOrUndefined } from "./json.ts";
import { request } from "./request.ts";
import { askToken, type Granted, type TokenEndpoint } from "./token-endpoint.ts";

/** An access token and what came with it; kept together, so that two tokens never come from different renewals. */
const grantShape = z.object({
  accessToken: z.string().min(1),
  /** Epoch ms; a configured access token does not tell. */
  expiresAt: z.number().optional(),
  mintedAt: z.number().optional(),
  refreshToken: z.string().min(1).optional(),
  instanceUrl: z.string().optional(),
});

export type Grant = z.infer<typeof grantShape>;

/** Access tokens of one credential. */
export interface AccessTokens {
  /** A token that is still good, renewed where need be; all who ask at once share one renewal. @throws Failure */
  current(signal: AbortSignal): Promise<Grant>;
  /**
   * A token other than the refused one: another caller's or process's, or a new one where `mayRenew`; undefined
   * where there is none.
   */
  replace(refused: Grant, signal: AbortSignal, mayRenew?: boolean): Promise<Grant | undefined>;
}

/** What a credential is made of: another one has another place in the store. */
export interface Credential {
  /** A platform's name or `ga4`. */
  readonly name: string;
  /** The configured refresh token; absent for a service account or a bare access token. */
  readonly refreshToken?: string | undefined;
  /** A configured access token, used until it is refused. */
  readonly accessToken?: string | undefined;
  /** What else there is to it: the client's id. */
  readonly identity?: string | undefined;
}

export interface TokenOptions extends Credential {
  readonly endpoint: TokenEndpoint;
  /** `limits`: a renewal takes a slot of its own, so leave them out where callers hold one while they ask. */
  readonly context: Pick<ConnectorContext, "log" | "now" | "tokens" | "onRequest"> &
    Partial<Pick<ConnectorContext, "limits">>;
  /** Learns each token, so that none shows in a message. */
  readonly redactor: Redactor;
  /**
   * The fields of a renewal, without secrets beyond them.
   * @param refreshToken the newest one; undefined where none is configured.
   * @throws Failure `credentials` where something is missing.
   */
  readonly form: (
    refreshToken: string | undefined,
  ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** Whether `form` can renew at all; default true. */
  readonly renewable?: boolean;
  /**
   * Grants are kept in the token store, each before it is used, and one process renews at a time. Needed where a
   * renewal may end the token before it (LinkedIn, Microsoft).
   */
  readonly kept: boolean;
  /** How long before its end a token is renewed, by its life, both in ms; default a minute, at most a tenth. */
  readonly marginMs?: (lifeMs: number | undefined) => number;
  /** Told of each renewal: a platform may warn of ends. Epoch ms. */
  readonly onRenewed?: (ends: {
    readonly access?: number | undefined;
    readonly refresh?: number | undefined;
  }) => void;
  /** How often a renewal is tried; 1 where the caller repeats the whole call anyway. */
  readonly attempts?: number | undefined;
  /** Of the first repetition of a failed renewal; tests shorten it, nothing else does. */
  readonly firstDelayMs?: number | undefined;
}

/** The form of a plain refresh token ("Refreshing an Access Token", RFC 6749 section 6). */
export const refreshForm = (fields: {
  readonly clientId: string;
  /** Absent for a public client. */
  readonly clientSecret?: string | undefined;
  readonly refreshToken: string;
  readonly scope?: string | undefined;
}): Readonly<Record<string, string>> => ({
  grant_type: "refresh_token",
  refresh_token: fields.refreshToken,
  client_id: fields.clientId,
  ...(fields.clientSecret ? { client_secret: fields.clientSecret } : {}),
  ...(fields.scope ? { scope: fields.scope } : {}),
});

const usualMarginMs = (lifeMs: number | undefined): number => Math.min(60_000, (lifeMs ?? Infinity) / 10);

/** A renewal that may have ended the old token is seen through for a while after nobody waits for it any more. */
const graceMs = 10_000;

/** Where the grants of a credential stand in the store. */
export const credentialKey = ({ name, refreshToken, accessToken, identity }: Credential): string => {
  const credential = [identity, refreshToken ?? accessToken].join("\n");
  return `${name}:${createHash("sha256").update(credential).digest("hex").slice(0, 32)}`;
};

export const openTokens = (options: TokenOptions): AccessTokens => {
  const { context, endpoint, redactor, renewable = true, marginMs = usualMarginMs } = options;
  const { platform } = endpoint;
  const store = options.kept ? context.tokens : undefined;
  const key = credentialKey(options);
  let grant: Grant | undefined;
  /** Of a grant that could not be kept: it is not handed out before that has succeeded. */
  let keepNow: (() => Promise<void>) | undefined;
  redactor.add(options.refreshToken, options.accessToken);

  const use = (next: Grant): Grant => {
    redactor.add(next.accessToken, next.refreshToken);
    return (grant = next);
  };

  const stored = async (): Promise<Grant | undefined> => {
    const text = await store?.read(key);
    return text === undefined ? undefined : grantShape.safeParse(jsonOrUndefined(text)).data;
  };

  const livesOn = ({ expiresAt, mintedAt }: Grant): boolean => {
    if (expiresAt === undefined) return true;
    const life = mintedAt === undefined ? undefined : expiresAt - mintedAt;
    return expiresAt - context.now().getTime() > marginMs(life);
  };

  const keep = async (): Promise<void> => {
    await keepNow?.();
    keepNow = undefined;
  };
  const kept = async (signal: AbortSignal): Promise<void> => {
    if (signal.aborted) throw interrupted(signal, platform);
    if (keepNow) await unlessAborted(keep(), signal, platform);
  };

  const take = async (granted: Granted, used: string | undefined): Promise<Grant> => {
    const now = context.now().getTime();
    const end = (seconds: number | undefined) => (seconds === undefined ? undefined : now + seconds * 1_000);
    const refreshToken = granted.refreshToken ?? used;
    const next = use({
      accessToken: granted.accessToken,
      mintedAt: now,
      expiresAt: now + (granted.lifeSeconds ?? 3_600) * 1_000,
      ...(refreshToken === undefined ? {} : { refreshToken }),
      ...(granted.instanceUrl === undefined ? {} : { instanceUrl: granted.instanceUrl }),
    });
    const refreshEnd = end(granted.refreshLifeSeconds);
    if (store)
      keepNow = () =>
        store.write(key, JSON.stringify(next), refreshEnd === undefined ? undefined : new Date(refreshEnd));
    await keep();
    options.onRenewed?.({ access: end(granted.lifeSeconds), refresh: refreshEnd });
    return next;
  };

  const ask = async (signal: AbortSignal): Promise<Grant> => {
    const used = grant?.refreshToken ?? options.refreshToken;
    const form = await options.form(used);
    const call = "token";
    const onStatus = (status: number) => context.onRequest?.({ call, status });
    const send = () => askToken(endpoint, form, { signal, redactor, now: context.now, onStatus });
    const { log, now, limits } = context;
    const { firstDelayMs, attempts } = options;
    return take(
      await request(
        { limits, log, accountId: null, signal, call, now, platform, firstDelayMs, attempts },
        send,
      ),
      used,
    );
  };

  /** Another process that was faster left its grant in the store, and may have ended ours. */
  const renewAlone = (signal: AbortSignal): Promise<Grant> => {
    if (!store?.alone) return ask(signal);
    const before = grant?.accessToken;
    return store.alone(key, async () => {
      const known = await stored();
      return known && known.accessToken !== before && livesOn(known) ? use(known) : ask(signal);
    });
  };

  const load = async (signal: AbortSignal): Promise<Grant> => {
    const known = await stored();
    if (known) return use(known);
    if (options.accessToken !== undefined) return use({ accessToken: options.accessToken });
    return renewAlone(signal);
  };

  /** One piece of work that all callers share; it is given up once the last of them has gone. */
  const shared = (work: (signal: AbortSignal) => Promise<Grant>) => {
    let running: { readonly result: Promise<Grant>; readonly stop: AbortController } | undefined;
    let waiting = 0;
    let grace: NodeJS.Timeout | undefined;
    return async (signal: AbortSignal): Promise<Grant> => {
      clearTimeout(grace);
      if (!running) {
        const stop = new AbortController();
        const begun = { result: work(stop.signal), stop };
        const forget = () => {
          if (running === begun) running = undefined;
        };
        // Nobody may be left to hear of its failure.
        begun.result.then(forget, forget);
        running = begun;
      }
      const { result, stop } = running;
      waiting += 1;
      try {
        return await unlessAborted(result, signal, platform);
      } finally {
        waiting -= 1;
        if (waiting === 0 && running?.stop === stop)
          grace = setTimeout(
            () => {
              running = undefined;
              stop.abort();
            },
            options.kept ? graceMs : 0,
          ).unref();
      }
    };
  };
  const renew = shared(renewAlone);
  const loaded = shared(load);

  return {
    async current(signal) {
      await kept(signal);
      const known = grant ?? (await loaded(signal));
      return livesOn(known) || !renewable ? known : renew(signal);
    },
    async replace(refused, signal, mayRenew = true) {
      await kept(signal);
      if (grant && grant.accessToken !== refused.accessToken) return grant;
      const elsewhere = await unlessAborted(stored(), signal, platform);
      if (elsewhere && elsewhere.accessToken !== refused.accessToken && livesOn(elsewhere))
        return use(elsewhere);
      return renewable && mayRenew ? renew(signal) : undefined;
    },
  };
};
