import type { Redactor } from "../../domain/secrets.ts";
import type { ConnectorContext } from "../connector.ts";
import { type Answer, open } from "../wire/exchange.ts";
import { createAskCompactly } from "../wire/google-answers.ts";
import { callHeaders } from "./api.ts";
import { type ErrorContext, failureOf } from "./failures.ts";
import type { GoogleSettings } from "./settings.ts";
import { googleTokens } from "./token.ts";

export interface Call {
  /** Google's name of it. */
  readonly name: string;
  readonly url: string;
  readonly loginCustomerId?: string | undefined;
  readonly body?: object;
  readonly signal: AbortSignal;
}

/** Error answers are small; so is the list of accounts. */
export const shortAnswerBytes = 4_000_000;

/**
 * What sends a call with an access token; one that Google finds stale is renewed once. It gives the answer where that is
 * a good one, and throws a Failure for any other.
 */
export const createSend = (settings: GoogleSettings, context: ConnectorContext, redactor: Redactor) => {
  const tokens = googleTokens(settings, context, redactor);
  const { developerToken } = settings;
  const askCompactly = createAskCompactly();
  return async (call: Call, about: ErrorContext): Promise<Answer> => {
    const { signal, loginCustomerId, body } = call;
    let grant = await tokens.current(signal);
    for (let renewed = false; ; renewed = true) {
      const { accessToken } = grant;
      const answer = await askCompactly(call.url, async (url) => {
        const came = await open({
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
        context.onRequest?.({ call: call.name, status: came.status });
        return came;
      });
      if (answer.status === 200) return answer;
      const text = await answer.text(shortAnswerBytes);
      const { failure, staleToken } = failureOf(about, answer.status, text, answer.headers);
      const next = staleToken && !renewed ? await tokens.replace(grant, signal) : undefined;
      if (!next) throw failure;
      grant = next;
    }
  };
};
