import * as z from "zod";
import { asFailure, type Failure } from "../../domain/failure.ts";
import { createRedactor } from "../../domain/secrets.ts";
import type { ConnectorContext } from "../connector.ts";
import { exchange, type TextAnswer } from "../wire/exchange.ts";
import { readJson } from "../wire/json.ts";
import { pause, request } from "../wire/request.ts";
import type { Grant } from "../wire/tokens.ts";
import { refusalFailure, requestIdOf, saysRevoked, statusOf, volumeLimit } from "./failures.ts";
import type { LinkedinPace } from "./pace.ts";
import type { LinkedinSettings } from "./settings.ts";
import { isYoung, linkedinTokens } from "./token.ts";

export interface Call {
  /** The path below `/rest/`. */
  readonly resource: string;
  /** Rest.li text, without the `?`. */
  readonly query: string;
  /** False for a GET of one entity. */
  readonly finder: boolean;
  /** Null where the call belongs to no account: then 403 and 404 concern the application. */
  readonly accountId: string | null;
  readonly signal: AbortSignal;
}

/** Sends one call, with everything that LinkedIn wants around it, and gives the parsed answer. Throws `Failure` only. */
export type Ask = (call: Call) => Promise<unknown>;

/** LinkedIn refuses queries of more than 4 KB; a longer one travels in the body of a POST. */
const longestQuery = 4_000;

export const openClient = (
  settings: LinkedinSettings,
  context: ConnectorContext,
  pace: LinkedinPace,
): Ask => {
  const redactor = createRedactor(settings.clientSecret);
  const tokens = linkedinTokens(settings, context, redactor, pace);

  const send = (call: Call, grant: Grant, tunnel: boolean): Promise<TextAnswer> => {
    const url = `${settings.endpoints.api}/rest/${call.resource}`;
    const headers = {
      authorization: `Bearer ${grant.accessToken}`,
      "linkedin-version": settings.apiVersion,
      "x-restli-protocol-version": "2.0.0",
      accept: "application/json",
      ...(call.finder ? { "x-restli-method": "FINDER" } : {}),
    };
    const common = {
      call: nameOf(call),
      platform: "linkedin",
      signal: call.signal,
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting: "connectors.linkedin.timeoutSeconds",
    } as const;
    if (!tunnel)
      return exchange({ ...common, url: call.query ? `${url}?${call.query}` : url, method: "GET", headers });
    return exchange({
      ...common,
      url,
      method: "POST",
      headers: {
        ...headers,
        "x-http-method-override": "GET",
        "content-type": "application/x-www-form-urlencoded",
      },
      body: call.query,
    });
  };

  /** One call with one token: passing failures and throttles are waited out here. */
  const attempt = (call: Call, grant: Grant): Promise<unknown> => {
    let throttled = 0;
    let stoppedForVolume = 0;
    let tunnel = Buffer.byteLength(call.query) > longestQuery;
    return request(
      {
        limits: context.limits,
        log: context.log,
        accountId: call.accountId,
        signal: call.signal,
        call: nameOf(call),
        platform: "linkedin",
        now: context.now,
        firstDelayMs: pace.firstDelayMs,
      },
      async () => {
        let answer = await send(call, grant, tunnel);
        if (answer.status === 414 && !tunnel) {
          tunnel = true;
          answer = await send(call, grant, tunnel);
        }
        context.onRequest?.({ call: nameOf(call), status: answer.status });
        if (answer.status >= 200 && answer.status < 300) return parsed(call, answer);
        const failure = refusalFailure(answer, {
          call: nameOf(call),
          accountId: call.accountId,
          apiVersion: settings.apiVersion,
          now: context.now(),
          throttled,
          stoppedForVolume,
          throttleDelaysMs: pace.throttleDelaysMs,
          redact: redactor.redact,
        });
        if (failure.reason === volumeLimit) stoppedForVolume += 1;
        else if (answer.status === 429) throttled += 1;
        logRefusal(context, call, answer, failure);
        throw failure;
      },
    );
  };

  const ask: Ask = async (call) => {
    let grant = await tokens.current(call.signal);
    let replaced = false;
    for (let graces = 0; ;) {
      try {
        return await attempt(call, grant);
      } catch (error) {
        if (statusOf(error) !== 401) throw error;
        const delayMs = pace.graceDelaysMs[graces];
        if (saysRevoked(error)) {
          // Said of a token that is seconds old, it is not true yet; said of any other, only a new consent helps.
          if (isYoung(grant, context.now()) && delayMs !== undefined) {
            graces += 1;
            await pause(delayMs, call.signal, "linkedin");
            continue;
          }
        }
        const next = replaced ? undefined : await tokens.replace(grant, call.signal, !saysRevoked(error));
        if (next === undefined) throw error;
        replaced = true;
        grant = next;
      }
    }
  };

  return async (call) => {
    try {
      return await ask(call);
    } catch (error) {
      throw asFailure(error);
    }
  };
};

/** LinkedIn's name of the call, without ids: `adAccounts/adCampaigns`. */
const nameOf = (call: Call): string => call.resource.replaceAll(/\/[^/]*\d[^/]*/g, "");

const parsed = (call: Call, answer: TextAnswer): unknown => {
  const requestId = requestIdOf(answer.headers);
  return readJson(answer.text, z.unknown(), {
    what: nameOf(call),
    platform: "linkedin",
    status: answer.status,
    code: String(answer.status),
    ...(requestId === undefined ? {} : { requestId }),
  });
};

const logRefusal = (context: ConnectorContext, call: Call, answer: TextAnswer, failure: Failure): void =>
  context.log.info(
    {
      platform: "linkedin",
      call: nameOf(call),
      account: call.accountId,
      status: answer.status,
      code: failure.code,
      liUuid: answer.headers.get("x-li-uuid"),
      liFabric: answer.headers.get("x-li-fabric"),
      liRequestId: answer.headers.get("x-li-request-id"),
    },
    "LinkedIn refused a call",
  );
