import * as z from "zod";
import { Failure } from "../../domain/failure.ts";
import { createRedactor } from "../../domain/secrets.ts";
import type { ConnectorContext } from "../connector.ts";
import { interrupted } from "../wire/exchange.ts";
import { readJson } from "../wire/json.ts";
import { request } from "../wire/request.ts";
import { answerRows } from "./answer-rows.ts";
import { accessibleCustomersUrl, searchStreamUrl } from "./api.ts";
import { createSend, shortAnswerBytes } from "./call.ts";
import { type ErrorContext, failureOf } from "./failures.ts";
import { plainQuery } from "./queries.ts";
import type { GoogleSettings } from "./settings.ts";

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

const isRefusedQuery = (error: unknown): boolean =>
  error instanceof Failure && error.reason === "refused_query";

export const createGoogleClient = (settings: GoogleSettings, context: ConnectorContext): GoogleClient => {
  const { developerToken, endpoints } = settings;
  const redactor = createRedactor(settings.clientSecret, developerToken);
  const { redact } = redactor;
  const send = createSend(settings, context, redactor);

  const ask = <T>(
    name: string,
    accountId: string | null,
    signal: AbortSignal,
    work: () => Promise<T>,
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
      work,
    );

  let takesParameters = true;

  return {
    async *rows({ name, gaql, customerId, loginCustomerId, signal, whole = false }) {
      let busy = 0;
      const query = (): string => (takesParameters ? gaql : plainQuery(gaql));
      /** Sends the query and reads the first rows of its answer, or all of them. */
      const open = async () => {
        const about: ErrorContext = {
          what: `the ${name} query`,
          accountId: customerId,
          query: query(),
          now: context.now,
          redact,
          repetition: busy,
        };
        const answer = await send(
          {
            name: "googleAds:searchStream",
            url: searchStreamUrl(endpoints.api, customerId),
            loginCustomerId,
            body: { query: query() },
            signal,
          },
          about,
        );
        try {
          const rest = answerRows(answer, { about, gaql, customerId, signal });
          const first = await rest.next();
          const rows = [...(first.done ? [] : first.value)];
          if (whole) for await (const more of rest) rows.push(...more);
          return { answer, rows, rest };
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
        const { answer, rows, rest } = await ask(`searchStream ${name}`, customerId, signal, counted);
        try {
          count = rows.length;
          if (count > 0) yield rows;
          for await (const more of rest) {
            count += more.length;
            if (more.length > 0) yield more;
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
        throw signal.aborted ? interrupted(signal, "google") : error;
      }
    },

    accessibleCustomers(signal) {
      const name = "customers:listAccessibleCustomers";
      const about: ErrorContext = { what: "listAccessibleCustomers", now: context.now, redact };
      return ask(name, null, signal, async () => {
        const answer = await send({ name, url: accessibleCustomersUrl(endpoints.api), signal }, about);
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
