import * as z from "zod";
import { asFailure, Failure } from "../../domain/failure.ts";
import { createRedactor } from "../../domain/secrets.ts";
import type { ConnectorContext } from "../connector.ts";
import type { TextAnswer } from "../wire/exchange.ts";
import { jsonOrUndefined } from "../wire/json.ts";
import { createPageGuard } from "../wire/paging.ts";
import { pause, request } from "../wire/request.ts";
import { type ApiParams, openApi } from "./api.ts";
import { failureOf, type GraphError, invalidParameter, TooMuchData, wrongSignature } from "./failures.ts";
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
  /** What is asked for, where it is not the account or something of it: errors mean something else there. */
  readonly object?: "report run";
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
    error_user_msg: z.string().optional().catch(undefined),
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
  const ask = openApi(settings);
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

  const { redact } = createRedactor(settings.accessToken, settings.appSecret);

  const text = (said: string): string => redact(said).slice(0, 300);

  const errorOf = (body: unknown): GraphError | undefined => {
    const parsed = errorBody.safeParse(body);
    if (parsed.success) {
      const { error } = parsed.data;
      return {
        message: text(error.message),
        code: error.code,
        subcode: error.error_subcode,
        type: error.type,
        isTransient: error.is_transient,
        title: error.error_user_title && text(error.error_user_title),
        userMessage: error.error_user_msg && text(error.error_user_msg),
        traceId: error.fbtrace_id,
      };
    }
    return undefined;
  };

  const failed = (call: Call, answer: TextAnswer, body: unknown): Failure | undefined => {
    const usage = readUsage(answer.headers);
    heed(usage, call.accountId);
    const error = errorOf(body);
    const wait = Math.max(usage.account.regainMs, usage.application.regainMs) || defaultRegainMs;
    const where = {
      call: call.name,
      accountId: call.accountId,
      object: call.object,
      status: answer.status,
      retryAt: new Date(context.now().getTime() + wait),
    };
    if (error) return failureOf(error, where);
    if (answer.status === 429 || answer.status === 401)
      return failureOf({ code: 0, message: `HTTP ${answer.status}` }, where);
    const readable = typeof body === "object" && body !== null && !Array.isArray(body);
    if (answer.status < 400 && readable) return undefined;
    return new Failure({
      kind: "transient",
      platform: "meta",
      status: answer.status,
      ...(call.accountId === null ? {} : { accountId: call.accountId }),
      code: `http ${answer.status}`,
      message: `${call.name}: an answer that is no JSON object (HTTP ${answer.status})`,
      remedy: "try again later",
    });
  };

  const call: Client["call"] = async (call) => {
    let signatureErrors = 0;
    const send = async (): Promise<Readonly<Record<string, unknown>>> => {
      const { method = "GET", params = {}, path, name, signal } = call;
      const answer = await ask({ method, path, params, name, signal });
      context.onRequest?.({ call: call.name, status: answer.status });
      const body = jsonOrUndefined(quoteIds(answer.text));
      const failure = failed(call, answer, body);
      if (!failure) return body as Readonly<Record<string, unknown>>;
      // 104 is a wrong signature, yet now and then a dropped connection: it gets one more try.
      if (failure.reason === wrongSignature && ((signatureErrors += 1) > 1 || failure.kind !== "transient"))
        throw new Failure({
          kind: "credentials",
          platform: "meta",
          message: failure.message,
          ...(failure.code === undefined ? {} : { code: failure.code }),
          remedy: "check connectors.meta.appSecret: it must belong to the app that issued the token",
        });
      throw failure;
    };
    return request(
      {
        limits: context.limits,
        log: context.log,
        accountId: call.accountId,
        signal: call.signal,
        call: call.name,
        platform: "meta",
        now: context.now,
      },
      send,
    );
  };

  async function* pages(pageCall: Call, pageSize: number): AsyncGenerator<readonly unknown[]> {
    let limit = pageSize;
    let restarts = 0;
    let after: string | undefined;
    const guard = createPageGuard({ what: pageCall.name, ...about(pageCall), kind: "data" });
    for (;;) {
      let body;
      try {
        body = await call({ ...pageCall, params: { ...pageCall.params, limit, after } });
      } catch (error) {
        const tooMuch = error instanceof TooMuchData && limit > smallestPage;
        const staleCursor =
          after !== undefined && asFailure(error).reason === invalidParameter && restarts < 1;
        if (!tooMuch && !staleCursor) throw error;
        if (tooMuch) limit = Math.max(smallestPage, Math.floor(limit / 2));
        else restarts += 1;
        after = undefined;
        guard.restart();
        continue;
      }
      const page = pageBody.safeParse(body);
      if (!page.success) throw damaged(pageCall, "a page without a list of rows");
      // The last page has a cursor too: only `next` says that there is more.
      const isLast = !page.data.paging?.next;
      after = isLast ? undefined : page.data.paging?.cursors?.after;
      if (!isLast && after === undefined) throw damaged(pageCall, "paging that leads nowhere");
      guard.check(page.data.data, after);
      yield page.data.data;
      if (isLast) return;
    }
  }

  const roomForJob: Client["roomForJob"] = async (accountId, signal) => {
    const reading = readings.get(accountId);
    if (!reading || reading.percent < noNewJobs.percent) return;
    const waitMs = reading.at + noNewJobs.readingMs - context.now().getTime();
    if (waitMs <= 0) return;
    context.log.info({ account: accountId, percent: reading.percent, waitMs }, "report waits for the limit");
    await pause(Math.min(waitMs, noNewJobs.readingMs), signal, "meta");
  };

  return { call, pages, roomForJob };
};

/** What failures of a call say of where they came from, and how they are borne. */
const about = ({ accountId }: Call) =>
  ({
    kind: "transient",
    platform: "meta",
    ...(accountId === null ? {} : { accountId }),
    remedy: "try again later",
  }) as const;

const damaged = (call: Call, what: string): Failure =>
  new Failure({ ...about(call), message: `${call.name}: ${what}` });

/** Ids may come as JSON numbers; they are put in quotes before they are read. */
const quoteIds = (text: string): string => text.replace(/"((?:\w+_)?id)"\s*:\s*(\d+)/g, '"$1":"$2"');
