import { Failure } from "../../domain/failure.ts";

export interface Sent {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly call: string;
  readonly signal: AbortSignal;
  /** Given up when nothing has come for so long, and after four times as long in any case. */
  readonly timeoutMs: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * One HTTP exchange, body included.
 * @throws Failure `transient` where the connection fails or falls silent; the signal's reason where it is aborted.
 */
export const exchange = async (sent: Sent): Promise<Answer> => {
  const silence = new AbortController();
  const tooLong = new Failure({
    kind: "transient",
    platform: "linkedin",
    message: `${sent.call}: nothing came for ${sent.timeoutMs / 1_000} s`,
    remedy: "try again; connectors.linkedin.timeoutSeconds sets how long it waits",
    code: "timeout",
  });
  const giveUp = () => silence.abort(tooLong);
  const idle = setTimeout(giveUp, sent.timeoutMs);
  const total = setTimeout(giveUp, sent.timeoutMs * 4);
  try {
    const response = await fetch(sent.url, {
      method: sent.method,
      headers: sent.headers,
      ...(sent.body === undefined ? {} : { body: sent.body }),
      // A redirect would carry the token to wherever it points.
      redirect: "error",
      signal: AbortSignal.any([sent.signal, silence.signal]),
    });
    idle.refresh();
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of response.body ?? []) {
      idle.refresh();
      text += decoder.decode(chunk as Uint8Array, { stream: true });
    }
    return { status: response.status, headers: response.headers, text: text + decoder.decode() };
  } catch (error) {
    sent.signal.throwIfAborted();
    if (silence.signal.aborted) throw tooLong;
    throw connectionFailure(sent.call, error);
  } finally {
    clearTimeout(idle);
    clearTimeout(total);
  }
};

/** fetch hides what went wrong in `cause`; only its code is told, never the URL or a header. */
const connectionFailure = (call: string, error: unknown): Failure => {
  const cause =
    error instanceof Error ? (error.cause as { code?: unknown; message?: unknown } | undefined) : undefined;
  const redirected = String(cause?.message).includes("redirect");
  return new Failure({
    kind: redirected ? "request" : "transient",
    platform: "linkedin",
    message: redirected
      ? `${call}: answered with a redirect, which is not followed`
      : `${call}: the connection to LinkedIn failed`,
    remedy: redirected ? "check connectors.linkedin.endpoints" : "try again; check the network",
    code: typeof cause?.code === "string" ? cause.code : "connection",
  });
};
