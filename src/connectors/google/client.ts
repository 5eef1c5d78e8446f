import { plainQuery } from "./queries.ts";
import { Failure } from "../../domain/failure.ts";
import type { ConnectorContext } from "../connector.ts";
import { request } from "../wire/request.ts";
import { type AnswerScanner, type Piece, scanAnswer } from "./answer-scanner.ts";
import { type ErrorContext, failureOf } from "./failures.ts";
import { type Answer, interrupted, readText, send } from "./http.ts";
import { accessibleCustomersUrl, buildStreamRequest } from "./sdk.ts";
import type { GoogleSettings } from "./settings.ts";
import { createAccessTokens } from "./token.ts";

/** One GAQL query of one account. */
interface Query {
  /** Its name in logs and messages. */
  readonly name: string;
  readonly gaql: string;
  readonly customerId: string;
  readonly loginCustomerId?: string | undefined;
  readonly signal: AbortSignal;
  /** For short answers: nothing is yielded before all is there, so that a break at any point is retried here. */
  readonly whole?: boolean;
}

export interface GoogleClient {
  /**
   * Runs a query and yields its rows as they come off the wire, some hundred at a time. Failures before the first
   * rows are retried here; later ones end the stream, which then starts over as a whole.
   * @throws Failure
   */
  rows(query: Query): AsyncGenerator<readonly unknown[]>;
  /** Ids of the accounts to which the user was added directly. */
  accessibleCustomers(signal: AbortSignal): Promise<string[]>;
}

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const transient = (message: string, accountId?: string): Failure =>
  new Failure({
    kind: "transient",
    platform: "google",
    message,
    remedy: "it is tried again; nothing of a broken answer is kept",
    ...(accountId === undefined ? {} : { accountId }),
  });

const isRefusedQuery = (error: unknown): boolean =>
  error instanceof Failure &&
  error.kind === "request" &&
  !/UNSUPPORTED_VERSION|PROJECT/.test(error.code ?? "");

export const createGoogleClient = (settings: GoogleSettings, context: ConnectorContext): GoogleClient => {
  const idleMs = settings.timeoutSeconds * 1_000;
  const secrets = new Set([settings.refreshToken, settings.clientSecret, settings.developerToken ?? ""]);
  const redact = (text: string): string =>
    [...secrets].reduce((rest, secret) => (secret === "" ? rest : rest.replaceAll(secret, "***")), text);
  const tokens = createAccessTokens({
    endpoint: settings.endpoints.oauth,
    clientId: settings.clientId,
    clientSecret: settings.clientSecret,
    refreshToken: settings.refreshToken,
    idleMs,
    now: context.now,
    redact,
    onToken: (token) => void secrets.add(token),
    onAnswer: (status) => context.onRequest?.({ call: "token", status }),
  });

  /** Sends with an access token; one that Google finds stale is renewed once. @throws Failure for any error answer. */
  const authorised = async (
    call: string,
    signal: AbortSignal,
    about: ErrorContext,
    build: (accessToken: string) => Promise<Sent>,
  ): Promise<Answer> => {
    for (let renewed = false; ; renewed = true) {
      const accessToken = await tokens.get(signal);
      const { url, ...init } = await build(accessToken);
      const headers = { ...init.headers, "user-agent": "costper (gzip)" };
      const answer = await send(url, { ...init, headers }, { signal, idleMs });
      context.onRequest?.({ call, status: answer.status });
      if (answer.status === 200) return answer;
      const text = await readText(answer);
      const { failure, staleToken } = failureOf(about, answer.status, text, answer.headers);
      if (!staleToken || renewed) throw failure;
      tokens.reject(accessToken);
    }
  };

  const parsePiece = (about: ErrorContext, { kind, bytes }: Piece, headers: Headers): readonly unknown[] => {
    let batch: { readonly error?: unknown; readonly results?: unknown };
    try {
      const text = bytes.toString("utf8");
      if (kind === "rows") return JSON.parse(`[${text}]`) as unknown[];
      batch = JSON.parse(text) as typeof batch;
    } catch {
      throw transient(`${about.what} was answered with broken JSON`, about.accountId);
    }
    // After the first batch the status is 200 already: an error then comes as an element of its own.
    if (batch.error !== undefined) throw failureOf(about, 200, batch, headers).failure;
    if (batch.results === undefined) return [];
    if (!Array.isArray(batch.results))
      throw transient(`${about.what} was answered with results that are no list`, about.accountId);
    return batch.results;
  };

  /** Reads on until some pieces are complete; none at the end of the array. */
  const nextPieces = async (
    about: ErrorContext,
    answer: Answer,
    scanner: AnswerScanner,
    head: Buffer[],
  ): Promise<Piece[] | undefined> => {
    for (;;) {
      const chunk = await answer.read();
      if (!chunk) {
        if (scanner.done) return undefined;
        const whole = failureOf(about, 200, Buffer.concat(head).toString("utf8"), answer.headers);
        // An object in the array's place may be an error, which search answers like that.
        if (whole.failure.code !== "HTTP 200") throw whole.failure;
        throw transient(`${about.what} was answered with a truncated text`, about.accountId);
      }
      if (head.length === 0) head.push(chunk.subarray(0, 65_536));
      try {
        const pieces = scanner.push(chunk);
        if (pieces.length > 0) return pieces;
      } catch {
        const { failure } = failureOf(about, 200, Buffer.concat(head).toString("utf8"), answer.headers);
        if (failure.code !== "HTTP 200") throw failure;
        throw transient(`${about.what} was answered with something else than JSON batches`, about.accountId);
      }
    }
  };

  let takesParameters = true;

  return {
    async *rows({ name, gaql, customerId, loginCustomerId, signal, whole = false }) {
      let busy = 0;
      const query = (): string => (takesParameters ? gaql : plainQuery(gaql));
      const about = (): ErrorContext => ({
        what: `the ${name} query`,
        accountId: customerId,
        query: query(),
        now: context.now,
        redact,
        repetition: busy,
      });
      const open = async () => {
        const answer = await authorised("googleAds:searchStream", signal, about(), async (accessToken) => ({
          method: "POST",
          ...(await buildStreamRequest({
            customerId,
            loginCustomerId,
            developerToken: settings.developerToken,
            accessToken,
            query: query(),
            endpoint: settings.endpoints.api,
          })),
        }));
        try {
          const scanner = scanAnswer();
          const head: Buffer[] = [];
          const pieces = await nextPieces(about(), answer, scanner, head);
          const batch = pieces?.[0] ? parsePiece(about(), pieces[0], answer.headers) : undefined;
          const rest = pieces?.slice(1);
          if (!whole) return { answer, scanner, head, batch, rest };
          const rows = [...(batch ?? [])];
          for (let more = rest; more; more = await nextPieces(about(), answer, scanner, head))
            for (const piece of more) rows.push(...parsePiece(about(), piece, answer.headers));
          return { answer, scanner, head, batch: rows, rest: undefined };
        } catch (error) {
          answer.close();
          throw error;
        }
      };
      const counted = async () => {
        try {
          return await open();
        } catch (error) {
          if (error instanceof Failure && error.kind === "busy") busy += 1;
          // The parameter only saves bytes: a server that refuses it is asked without, from then on.
          if (takesParameters && query() !== plainQuery(gaql) && isRefusedQuery(error)) {
            takesParameters = false;
            return open();
          }
          throw error;
        }
      };
      const startedAt = performance.now();
      let count = 0;
      try {
        const { answer, scanner, head, batch, rest } = await request(
          {
            limits: context.limits,
            log: context.log,
            accountId: customerId,
            signal,
            call: `searchStream ${name}`,
            now: context.now,
          },
          counted,
        );
        try {
          if (batch && batch.length > 0) {
            count += batch.length;
            yield batch;
          }
          for (let pieces = rest; pieces; pieces = await nextPieces(about(), answer, scanner, head))
            for (const piece of pieces) {
              signal.throwIfAborted();
              const rows = parsePiece(about(), piece, answer.headers);
              count += rows.length;
              if (rows.length > 0) yield rows;
            }
        } finally {
          answer.close();
        }
        context.log.debug(
          {
            call: `searchStream ${name}`,
            account: customerId,
            rows: count,
            ms: Math.round(performance.now() - startedAt),
            requestId: answer.headers.get("request-id"),
          },
          "query answered",
        );
      } catch (error) {
        throw signal.aborted ? interrupted(signal) : error;
      }
    },

    async accessibleCustomers(signal) {
      const about: ErrorContext = { what: "listAccessibleCustomers", now: context.now, redact };
      try {
        return await request(
          {
            limits: context.limits,
            log: context.log,
            accountId: null,
            signal,
            call: "customers:listAccessibleCustomers",
            now: context.now,
          },
          async () => {
            const url = await accessibleCustomersUrl(settings.endpoints.api);
            const answer = await authorised(
              "customers:listAccessibleCustomers",
              signal,
              about,
              async (accessToken) => ({
                url,
                method: "GET",
                headers: {
                  Authorization: `Bearer ${accessToken}`,
                  ...(settings.developerToken ? { "developer-token": settings.developerToken } : {}),
                },
              }),
            );
            const text = await readText(answer);
            const { failure } = failureOf(about, 200, text, answer.headers);
            // Without an error in it the text is judged by its status alone.
            if (failure.code !== "HTTP 200") throw failure;
            return customerIds(text, about.what);
          },
        );
      } catch (error) {
        throw signal.aborted ? interrupted(signal) : error;
      }
    },
  };
};

/** `{"resourceNames":["customers/1112223333"]}` as ids. */
const customerIds = (text: string, what: string): string[] => {
  let names: unknown;
  try {
    const answer = JSON.parse(text) as { resourceNames?: unknown; error?: unknown };
    // A user without any account is answered with an empty object.
    names = answer.resourceNames ?? (answer.error === undefined ? [] : undefined);
  } catch {
    throw transient(`${what} was answered with broken JSON`);
  }
  if (!Array.isArray(names)) throw transient(`${what} was answered without resource names`);
  return names.flatMap((name) => /^customers\/(\d+)$/.exec(String(name))?.[1] ?? []);
};
