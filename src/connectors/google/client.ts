import { z } from "zod";
import { Failure } from "../../domain/failure.ts";
import { createRedactor } from "../../domain/secrets.ts";
import type { ConnectorContext } from "../connector.ts";
import { type Answer, type AnswerHeaders, interrupted, open as openExchange } from "../wire/exchange.ts";
import { checkJsonSize, JsonTooLarge, readJson } from "../wire/json.ts";
import { request } from "../wire/request.ts";
import { type AnswerScanner, type Piece, scanAnswer, TooLong } from "./answer-scanner.ts";
import { accessibleCustomersUrl, callHeaders, searchStreamUrl } from "./api.ts";
import { checkColumns, type ColumnCheck } from "./columns.ts";
import { type ErrorContext, failureOf } from "./failures.ts";
import { plainQuery } from "./queries.ts";
import { readRows, type RowReader } from "./row-reader.ts";
import type { GoogleSettings } from "./settings.ts";
import { googleTokens } from "./token.ts";

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

interface Call {
  /** Google's name of it. */
  readonly name: string;
  readonly url: string;
  readonly loginCustomerId?: string | undefined;
  readonly body?: object;
  readonly signal: AbortSignal;
}

/** Error answers are small; so is the list of accounts. */
const shortAnswerBytes = 4_000_000;

const transient = (message: string, accountId?: string): Failure =>
  new Failure({
    kind: "transient",
    platform: "google",
    message,
    remedy: "it is tried again; nothing of a broken answer is kept",
    ...(accountId === undefined ? {} : { accountId }),
  });

const tooLarge = ({ what, accountId }: ErrorContext, sentence: string): Failure =>
  new Failure({
    kind: "data",
    platform: "google",
    code: "too_large",
    message: `${what}: ${sentence}`,
    remedy: "ask for fewer days or accounts at once; nothing of the answer is kept",
    ...(accountId === undefined ? {} : { accountId }),
  });

/** Pieces are small; of one that is not, it is first looked at what it would grow to. */
const suspectBytes = 1_000_000;

const isRefusedQuery = (error: unknown): boolean =>
  error instanceof Failure && error.reason === "refused_query";

export const createGoogleClient = (settings: GoogleSettings, context: ConnectorContext): GoogleClient => {
  const { developerToken, endpoints } = settings;
  const redactor = createRedactor(settings.clientSecret, developerToken);
  const { redact } = redactor;
  const tokens = googleTokens(settings, context, redactor);

  /** Sends with an access token; one that Google finds stale is renewed once. @throws Failure for any error answer. */
  const authorised = async (call: Call, about: ErrorContext): Promise<Answer> => {
    const { signal, url, loginCustomerId, body } = call;
    let grant = await tokens.current(signal);
    for (let renewed = false; ; renewed = true) {
      const { accessToken } = grant;
      const answer = await openExchange({
        url,
        call: about.what,
        platform: "google",
        signal,
        idleMs: settings.timeoutSeconds * 1_000,
        timeoutSetting: "connectors.google.timeoutSeconds",
        headers: {
          ...callHeaders({ accessToken, developerToken, loginCustomerId }),
          ...(body && { "content-type": "application/json" }),
        },
        ...(body && { method: "POST", body: JSON.stringify(body) }),
      });
      context.onRequest?.({ call: call.name, status: answer.status });
      if (answer.status === 200) return answer;
      const text = await answer.text(shortAnswerBytes);
      const { failure, staleToken } = failureOf(about, answer.status, text, answer.headers);
      const next = staleToken && !renewed ? await tokens.replace(grant, signal) : undefined;
      if (!next) throw failure;
      grant = next;
    }
  };

  const ask = <T>(
    name: string,
    accountId: string | null,
    signal: AbortSignal,
    send: () => Promise<T>,
  ): Promise<T> =>
    request(
      {
        limits: context.limits,
        log: context.log,
        platform: "google",
        accountId,
        signal,
        call: name,
        now: context.now,
      },
      send,
    );

  const parsePiece = (
    about: ErrorContext,
    piece: Piece,
    headers: AnswerHeaders,
    columns: ColumnCheck,
    reader: RowReader | undefined,
  ): readonly unknown[] => {
    if (piece.kind === "read") {
      columns.see(piece.rows);
      return piece.rows;
    }
    const { kind, bytes } = piece;
    let batch: { readonly error?: unknown; readonly results?: unknown; readonly fieldMask?: unknown };
    try {
      const text = bytes.toString("utf8");
      if (bytes.length > suspectBytes) checkJsonSize(text);
      if (kind === "rows") {
        const rows = JSON.parse(`[${text}]`) as unknown[];
        columns.see(rows);
        reader?.learn(rows.at(-1));
        return rows;
      }
      batch = JSON.parse(text) as typeof batch;
    } catch (error) {
      if (error instanceof JsonTooLarge) throw tooLarge(about, `an element ${error.message}`);
      throw transient(`${about.what} was answered with broken JSON`, about.accountId);
    }
    // After the first batch the status is 200 already: an error then comes as an element of its own.
    if (batch.error !== undefined) throw failureOf(about, 200, batch, headers).failure;
    if (typeof batch.fieldMask === "string") columns.mask(batch.fieldMask);
    if (batch.results === undefined) return [];
    if (!Array.isArray(batch.results))
      throw transient(`${about.what} was answered with results that are no list`, about.accountId);
    columns.see(batch.results);
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
        if (whole.isError) throw whole.failure;
        throw transient(`${about.what} was answered with a truncated text`, about.accountId);
      }
      if (head.length === 0) head.push(chunk.subarray(0, 65_536));
      try {
        const pieces = scanner.push(chunk);
        if (pieces.length > 0) return pieces;
      } catch (error) {
        if (error instanceof TooLong) throw tooLarge(about, error.message);
        const whole = failureOf(about, 200, Buffer.concat(head).toString("utf8"), answer.headers);
        if (whole.isError) throw whole.failure;
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
        const answer = await authorised(
          {
            name: "googleAds:searchStream",
            url: searchStreamUrl(endpoints.api, customerId),
            loginCustomerId,
            body: { query: query() },
            signal,
          },
          about(),
        );
        try {
          // Only rows of figures come by the million.
          const reader = gaql.includes("metrics.") ? readRows() : undefined;
          const scanner = scanAnswer(reader);
          const parse = (piece: Piece) => parsePiece(about(), piece, answer.headers, columns, reader);
          const head: Buffer[] = [];
          const columns = checkColumns(about().what, gaql, customerId);
          const pieces = await nextPieces(about(), answer, scanner, head);
          const batch = pieces?.[0] ? parse(pieces[0]) : undefined;
          const rest = pieces?.slice(1);
          if (!whole) return { answer, scanner, head, batch, rest, columns, parse };
          const rows = [...(batch ?? [])];
          for (let more = rest; more; more = await nextPieces(about(), answer, scanner, head))
            for (const piece of more) rows.push(...parse(piece));
          return { answer, scanner, head, batch: rows, rest: undefined, columns, parse };
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
        const { answer, scanner, head, batch, rest, columns, parse } = await ask(
          `searchStream ${name}`,
          customerId,
          signal,
          counted,
        );
        try {
          if (batch && batch.length > 0) {
            count += batch.length;
            yield batch;
          }
          for (let pieces = rest; pieces; pieces = await nextPieces(about(), answer, scanner, head))
            for (const piece of pieces) {
              if (signal.aborted) throw interrupted(signal, "google");
              const rows = parse(piece);
              count += rows.length;
              if (rows.length > 0) yield rows;
            }
          columns.end();
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
        throw signal.aborted ? interrupted(signal, "google") : error;
      }
    },

    accessibleCustomers(signal) {
      const name = "customers:listAccessibleCustomers";
      const about: ErrorContext = { what: "listAccessibleCustomers", now: context.now, redact };
      return ask(name, null, signal, async () => {
        const answer = await authorised({ name, url: accessibleCustomersUrl(endpoints.api), signal }, about);
        const text = await answer.text(shortAnswerBytes);
        const { failure, isError } = failureOf(about, 200, text, answer.headers);
        if (isError) throw failure;
        // A user without any account is answered with an empty object.
        const { resourceNames = [] } = readJson(text, accessible, {
          what: about.what,
          kind: "transient",
          platform: "google",
        });
        return resourceNames.flatMap((resource) => /^customers\/(\d+)$/.exec(resource)?.[1] ?? []);
      });
    },
  };
};

/** `{"resourceNames":["customers/1112223333"]}` */
const accessible = z.object({ resourceNames: z.array(z.string()).optional() });
