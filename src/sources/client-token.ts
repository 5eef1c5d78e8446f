import type { TextAnswer } from "../connectors/wire/exchange.ts";
import { type Grant, openTokens } from "../connectors/wire/tokens.ts";
import { Failure } from "../domain/failure.ts";
import { createRedactor } from "../domain/secrets.ts";
import type { SourceContext } from "./source.ts";

/** Runs a request with an access token; one that has ended is replaced once. */
export type WithToken = <T>(signal: AbortSignal, ask: (grant: Grant) => Promise<T>) => Promise<T>;

/** Access tokens by the client credentials flow (RFC 6749 section 4.4): kept in memory alone. */
export const clientTokens = (
  context: SourceContext,
  options: {
    /** As messages name the system. */
    readonly label: string;
    readonly url: string;
    readonly clientId: string;
    readonly clientSecret: string;
    /** What is sent beside the credential. */
    readonly fields?: Readonly<Record<string, string>>;
    /** The fields go as JSON, with these numbers. */
    readonly json?: Readonly<Record<string, number>>;
    /** What a refusal means here alone. */
    readonly judge?: (answer: TextAnswer) => Failure | undefined;
    readonly timeoutSeconds: number;
    readonly remedy: string;
  },
): WithToken => {
  const { name, log, now, firstDelayMs } = context;
  const { label, url, clientId, clientSecret, fields = {}, json, judge, timeoutSeconds, remedy } = options;
  const tokens = openTokens({
    name: `source ${name}`,
    endpoint: {
      url,
      label: `source ${name}: ${label}`,
      idleMs: timeoutSeconds * 1_000,
      timeoutSetting: `sources.${name}.timeoutSeconds`,
      refusal: "gave no access token",
      remedyOf: () => remedy,
      json,
      judge,
    },
    context: { log, now },
    redactor: createRedactor(clientSecret),
    identity: clientId,
    form: () => ({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      ...fields,
    }),
    kept: false,
    firstDelayMs,
  });
  return async (signal, ask) => {
    const grant = await tokens.current(signal);
    try {
      return await ask(grant);
    } catch (error) {
      if (!(error instanceof Failure) || error.status !== 401) throw error;
      const next = await tokens.replace(grant, signal);
      if (next === undefined) throw error;
      return ask(next);
    }
  };
};
