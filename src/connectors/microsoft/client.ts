import * as z from "zod";
import { Failure } from "../../domain/failure.ts";
import { createRedactor } from "../../domain/secrets.ts";
import type { ConnectorContext } from "../connector.ts";
import { type Answer, exchange, open } from "../wire/exchange.ts";
import { readJson } from "../wire/json.ts";
import { pause, request } from "../wire/request.ts";
import { type Grant, openTokens, refreshForm } from "../wire/tokens.ts";
import { downloadFailure, isRefusal, reasons, refusalFailure } from "./failures.ts";
import { credential } from "./credential.ts";
import type { Pace } from "./pace.ts";
import type { MicrosoftSettings } from "./settings.ts";

const platform = "microsoft";
const timeoutSetting = "connectors.microsoft.timeoutSeconds";

/** Without `offline_access` no refresh token comes back ("Get access and refresh tokens"). */
const scope = "https://ads.microsoft.com/msads.manage offline_access";

/** Whose figures a reporting call is about, and through which customer they are reached. */
export interface CallAccount {
  readonly id: string;
  readonly customerId: string;
  readonly active: boolean;
}

export interface Call<T> {
  readonly service: "clientCenter" | "reporting";
  /** The path below the service's version: `GenerateReport/Submit`. */
  readonly path: string;
  readonly body: object;
  /** For reporting calls. */
  readonly account?: CallAccount;
  readonly signal: AbortSignal;
  /** Reads the answer; what it throws as `transient` is asked again. */
  readonly read: (answer: unknown) => T;
}

export interface Client {
  /** Sends one call, with everything that Microsoft wants around it. Throws `Failure` only. */
  ask<T>(call: Call<T>): Promise<T>;
  /** Opens a report's file. No credential goes along: the link itself is signed. Asked once; throws `Failure` only. */
  download(url: string, account: CallAccount, signal: AbortSignal): Promise<Answer>;
}

const services = { clientCenter: "CustomerManagement/v13", reporting: "Reporting/v13" } as const;

/** Only over TLS, but for a host of this very machine. */
const isTrusted = (link: string): boolean => {
  if (!URL.canParse(link)) return false;
  const { protocol, hostname } = new URL(link);
  return (
    protocol === "https:" ||
    (protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname))
  );
};

const tokensOf = (
  settings: MicrosoftSettings,
  context: ConnectorContext,
  redactor: ReturnType<typeof createRedactor>,
  pace: Pace,
) =>
  openTokens({
    ...credential(settings),
    endpoint: {
      url: `${settings.endpoints.oauth}/${settings.tenant}/oauth2/v2.0/token`,
      label: "Microsoft",
      platform,
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting,
      remedyOf: (error) =>
        error === "invalid_client" || error === "unauthorized_client"
          ? "check connectors.microsoft.clientId, clientSecret and tenant"
          : error === "invalid_request"
            ? "check connectors.microsoft.clientSecret: a public client must have none, a web application needs one"
            : "the consent has ended (a changed password, 90 days without use): sign in again and set connectors.microsoft.refreshToken",
    },
    context,
    redactor,
    form: (newest) =>
      refreshForm({
        clientId: settings.clientId,
        clientSecret: settings.clientSecret,
        refreshToken: newest ?? settings.refreshToken,
        scope,
      }),
    kept: true,
    // How long it lives is not promised: it is renewed at 80 % of what it says.
    marginMs: (lifeMs) => (lifeMs ?? 0) / 5,
    firstDelayMs: pace.firstDelayMs,
  });

export const createClient = (settings: MicrosoftSettings, context: ConnectorContext, pace: Pace): Client => {
  const redactor = createRedactor(settings.clientSecret, settings.developerToken);
  const tokens = tokensOf(settings, context, redactor, pace);
  const idleMs = settings.timeoutSeconds * 1_000;

  /** A good refresh token is refused now and then (AADSTS70000): it is tried again before a person hears of it. */
  const patient = async (
    get: () => Promise<Grant | undefined>,
    signal: AbortSignal,
  ): Promise<Grant | undefined> => {
    for (const delayMs of [...pace.grantDelaysMs, undefined]) {
      try {
        return await get();
      } catch (error) {
        const refused = error instanceof Failure && error.code === "invalid_grant";
        if (!refused || delayMs === undefined) throw error;
        context.log.info({ waitMs: delayMs }, "refresh token refused, tried again");
        await pause(delayMs, signal, platform);
      }
    }
    return undefined;
  };

  const attempt = <T>(call: Call<T>, grant: Grant): Promise<T> => {
    const { account, service, path, signal } = call;
    const accountId = account?.id ?? null;
    return request(
      {
        limits: context.limits,
        log: context.log,
        accountId,
        signal,
        call: path,
        now: context.now,
        platform,
        firstDelayMs: pace.firstDelayMs,
      },
      async () => {
        const answer = await exchange({
          url: `${settings.endpoints[service]}/${services[service]}/${path}`,
          method: "POST",
          headers: {
            "content-type": "application/json",
            accept: "application/json",
            authorization: `Bearer ${grant.accessToken}`,
            developertoken: settings.developerToken,
            ...(account ? { customerid: account.customerId, customeraccountid: account.id } : {}),
          },
          body: JSON.stringify(call.body),
          call: path,
          platform,
          signal,
          idleMs,
          timeoutSetting,
        });
        context.onRequest?.({ call: path, status: answer.status });
        if (!isRefusal(answer))
          return call.read(
            readJson(answer.text, z.unknown(), { what: path, platform, status: answer.status }),
          );
        const failure = refusalFailure(answer, {
          call: path,
          service,
          accountId,
          active: account?.active ?? true,
          now: context.now(),
          callRateMs: pace.callRateMs,
          redact: redactor.redact,
        });
        context.log.info(
          {
            call: path,
            account: accountId,
            status: answer.status,
            code: failure.code,
            trackingId: failure.requestId,
          },
          "Microsoft refused a call",
        );
        throw failure;
      },
    );
  };

  return {
    async ask(call) {
      const grant = await patient(() => tokens.current(call.signal), call.signal);
      if (!grant) throw new RangeError("a token is either there or refused");
      try {
        return await attempt(call, grant);
      } catch (error) {
        if (!(error instanceof Failure) || error.reason !== reasons.token) throw error;
        const next = await patient(() => tokens.replace(grant, call.signal), call.signal);
        if (!next) throw error;
        return attempt(call, next);
      }
    },
    download: (url, account, signal) => {
      if (!isTrusted(url))
        throw new Failure({
          kind: "data",
          platform,
          accountId: account.id,
          code: "link",
          message: "report download: the link to the file is no https address",
          remedy: "report it to costper; nothing of this window was published",
        });
      const call = "report download";
      return request(
        {
          limits: context.limits,
          log: context.log,
          accountId: account.id,
          signal,
          call,
          now: context.now,
          platform,
          attempts: 1,
        },
        async () => {
          const answer = await open({ url, call, platform, signal, idleMs, timeoutSetting, redirects: 3 });
          context.onRequest?.({ call, status: answer.status });
          if (answer.status === 200) return answer;
          throw downloadFailure({ ...answer, text: await answer.text(64_000) }, account.id);
        },
      );
    },
  };
};
