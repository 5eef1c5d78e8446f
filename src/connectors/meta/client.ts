import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { asFailure, Failure } from "../../domain/failure.ts";
import type { ConnectorContext } from "../connector.ts";
import { request } from "../wire/request.ts";
import { type Api, type ApiAnswer, type ApiParams, openApi } from "./api.ts";
import { failureOf, type GraphError, TooMuchData } from "./failures.ts";
import type { MetaSettings } from "./settings.ts";
import { defaultRegainMs, noNewJobs, pauseMs, readUsage, type Usage } from "./usage.ts";

interface Call {
  readonly method?: "GET" | "POST";
  readonly path: readonly string[];
  readonly params?: ApiParams;
  /** The platform's name of the call, for logs and messages. */
  readonly name: string;
  /** Bare; null for calls that belong to no account. */
  readonly accountId: string | null;
  readonly signal: AbortSignal;
}

export interface Client {
  call(call: Call): Promise<Readonly<Record<string, unknown>>>;
  /**
   * The rows of an edge, page by page. A page size that proves too large is halved and the list begun again, so
   * that rows may come twice: the caller keys them.
   */
  pages(call: Call, pageSize: number): AsyncGenerator<readonly unknown[]>;
  /** Resolves once the account's meters allow another report. */
  roomForJob(accountId: string, signal: AbortSignal): Promise<void>;
}

const errorBody = z.object({
  error: z.object({
    message: z.string().catch(""),
    type: z.string().optional().catch(undefined),
    code: z.coerce.number().catch(0),
    error_subcode: z.coerce.number().optional().catch(undefined),
    is_transient: z.boolean().optional().catch(undefined),
    error_user_title: z.string().optional().catch(undefined),
    fbtrace_id: z.string().optional().catch(undefined),
  }),
});

const pageBody = z.object({
  data: z.array(z.unknown()),
  paging: z
    .object({
      cursors: z.object({ after: z.string().optional() }).optional(),
      next: z.string().nullish(),
    })
    .nullish(),
});

const smallestPage = 10;

export const createClient = (settings: MetaSettings, context: ConnectorContext): Client => {
  let api: Promise<Api> | undefined;
  const openedApi = (): Promise<Api> =>
    (api ??= openApi({
      baseUrl: settings.endpoints.graph,
      version: settings.apiVersion,
      token: settings.accessToken,
      appSecret: settings.appSecret,
      idleMs: settings.timeoutSeconds * 1_000,
    }));
  const readings = new Map<string, { percent: number; at: number }>();

  const heed = (usage: Usage, accountId: string | null): void => {
    const at = context.now().getTime();
    const pause = (account: string | null, ms: number | undefined) => {
      if (ms !== undefined) context.limits.pause(account, new Date(at + ms));
    };
    pause(null, pauseMs(usage.application));
    if (accountId === null) return;
    pause(accountId, pauseMs(usage.account));
    readings.set(accountId, {
      percent: Math.max(usage.account.percent, usage.application.percent),
      at,
    });
  };

  const secrets = [settings.accessToken, settings.appSecret].filter((text) => text !== undefined);
  const redact = (text: string): string =>
    secrets
      .reduce((clean, secret) => clean.replaceAll(secret, "[secret]"), text)
      .replace(/((?:access_token|appsecret_proof|client_secret|input_token)=)[^&\s"']+/g, "$1[secret]");

  const errorOf = (body: unknown): GraphError | undefined => {
    const parsed = errorBody.safeParse(body);
    if (parsed.success) {
      const { error } = parsed.data;
      return {
        message: redact(error.message).slice(0, 300),
        code: error.code,
        subcode: error.error_subcode,
        type: error.type,
        isTransient: error.is_transient,
        title: error.error_user_title,
        traceId: error.fbtrace_id,
      };
    }
    return undefined;
  };

  const failed = (call: Call, answer: ApiAnswer, body: unknown): Failure | undefined => {
    const usage = readUsage(answer.headers);
    heed(usage, call.accountId);
    const error = errorOf(body);
    const wait = Math.max(usage.account.regainMs, usage.application.regainMs) || defaultRegainMs;
    const where = {
      call: call.name,
      accountId: call.accountId,
      status: answer.status,
      retryAt: new Date(context.now().getTime() + wait),
    };
    if (error) return failureOf(error, where);
    if (answer.status === 429) return failureOf({ code: 0, message: "HTTP 429" }, where);
    const readable = typeof body === "object" && body !== null && !Array.isArray(body);
    if (answer.status < 400 && readable) return undefined;
    return new Failure({
      kind: "transient",
      platform: "meta",
      ...(call.accountId === null ? {} : { accountId: call.accountId }),
      code: `http ${answer.status}`,
      message: `${call.name}: an answer that is no JSON object (HTTP ${answer.status})`,
      remedy: "try again later",
    });
  };

  const call: Client["call"] = async (call) => {
    let signatureErrors = 0;
    const send = async (): Promise<Readonly<Record<string, unknown>>> => {
      const ask = await openedApi();
      const answer = await ask(call.method ?? "GET", call.path, call.params ?? {}, call.signal);
      context.onRequest?.({ call: call.name, status: answer.status });
      const body = parse(answer.text);
      const failure = failed(call, answer, body);
      if (!failure) return body as Readonly<Record<string, unknown>>;
      // 104 is a wrong signature, yet now and then a dropped connection: it gets one more try.
      if (failure.code?.split("/")[0] === "104" && (signatureErrors += 1) > 1)
        throw new Failure({
          kind: "credentials",
          platform: "meta",
          code: failure.code,
          message: failure.message,
          remedy: "check connectors.meta.appSecret: it must belong to the app that issued the token",
        });
      throw failure;
    };
    try {
      return await request(
        {
          limits: context.limits,
          log: context.log,
          accountId: call.accountId,
          signal: call.signal,
          call: call.name,
          now: context.now,
        },
        send,
      );
    } catch (error) {
      throw call.signal.aborted ? cancelled(call.signal) : asFailure(error);
    }
  };

  async function* pages(pageCall: Call, pageSize: number): AsyncGenerator<readonly unknown[]> {
    let limit = pageSize;
    let restarts = 0;
    let after: string | undefined;
    const asked = new Set<string>();
    for (;;) {
      let body;
      try {
        body = await call({ ...pageCall, params: { ...pageCall.params, limit, after } });
      } catch (error) {
        const tooMuch = error instanceof TooMuchData && limit > smallestPage;
        const staleCursor = after !== undefined && asFailure(error).code === "100" && restarts < 1;
        if (!tooMuch && !staleCursor) throw error;
        if (tooMuch) limit = Math.max(smallestPage, Math.floor(limit / 2));
        else restarts += 1;
        after = undefined;
        asked.clear();
        continue;
      }
      const page = pageBody.safeParse(body);
      if (!page.success) throw damaged(pageCall, "a page without a list of rows");
      yield page.data.data;
      // The last page has a cursor too: only `next` says that there is more.
      if (!page.data.paging?.next) return;
      after = page.data.paging.cursors?.after;
      if (after === undefined || asked.has(after)) throw damaged(pageCall, "paging that leads nowhere");
      asked.add(after);
    }
  }

  const roomForJob: Client["roomForJob"] = async (accountId, signal) => {
    const reading = readings.get(accountId);
    if (!reading || reading.percent < noNewJobs.percent) return;
    const waitMs = reading.at + noNewJobs.readingMs - context.now().getTime();
    if (waitMs <= 0) return;
    context.log.info({ account: accountId, percent: reading.percent, waitMs }, "report waits for the limit");
    await pause(Math.min(waitMs, noNewJobs.readingMs), signal);
  };

  return { call, pages, roomForJob };
};

/** Sleeps; an abort is a `cancelled` failure. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw cancelled(signal);
  }
};

const cancelled = (signal: AbortSignal): Failure =>
  signal.reason instanceof Failure
    ? signal.reason
    : new Failure({ kind: "cancelled", platform: "meta", message: "interrupted" });

const damaged = (call: Call, what: string): Failure =>
  new Failure({
    kind: "transient",
    platform: "meta",
    ...(call.accountId === null ? {} : { accountId: call.accountId }),
    message: `${call.name}: ${what}`,
    remedy: "try again later",
  });

/** Ids may come as JSON numbers beyond what a double holds; they are put in quotes before they are read. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text.replace(/"((?:\w+_)?id)"\s*:\s*(\d+)/g, '"$1":"$2"')) as unknown;
  } catch {
    return undefined;
  }
};
