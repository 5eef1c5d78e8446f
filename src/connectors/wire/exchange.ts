import { type IncomingMessage, request as httpRequest, validateHeaderValue } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { Failure } from "../../domain/failure.ts";
import type { Platform } from "../../domain/platform.ts";
import { version } from "../../version.ts";
import { noteServerTime } from "./clock.ts";
import { agentFor } from "./proxy.ts";
import { type Body, bodyOf } from "./unpack.ts";

/** The headers of an answer, by name in any case. */
export interface AnswerHeaders {
  get(name: string): string | null;
}

/** One HTTP request, and how long and how much of an answer is borne. */
export interface Sent {
  readonly url: string | URL;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the exchange at any point, and whoever waits for it. */
  readonly signal: AbortSignal;
  /** What is asked, in the platform's word; messages begin with it. */
  readonly call: string;
  readonly platform?: Platform | undefined;
  /** Given up when nothing has come for so long, before the headers or within the body. */
  readonly idleMs: number;
  /** Given up after so much waiting in all, however steadily it drips; a reader's own time does not count. */
  readonly totalMs?: number;
  /** The setting to name where the silence was too long: `connectors.<platform>.timeoutSeconds`. */
  readonly timeoutSetting?: string;
  /**
   * How many redirects are followed; default none. Only a GET without credentials may follow any, and never from
   * https to http.
   */
  readonly redirects?: number;
  /** Resolves the host's name, where addresses are to be refused; ignored where a proxy stands between. */
  readonly lookup?: LookupFunction;
}

/** An answer whose body is read piece by piece; nothing is read ahead, so that the sender waits for us. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /**
   * The next bytes, unpacked, or undefined at the end.
   * @throws Failure `transient` on a reset, a stall or damaged bytes; `cancelled` at once when the signal aborts.
   */
  read(): Promise<Buffer | undefined>;
  /**
   * What is left of the body as text; lets go of the connection.
   * @throws Failure as `read`, and `data` (code `too_large`) past the limit, which counts unpacked bytes.
   */
  text(limitBytes?: number): Promise<string>;
  /** Lets go of the connection; may be called more than once. */
  close(): void;
}

/** A whole answer. */
export interface TextAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly text: string;
}

/** The largest body that is read whole, unless the caller says otherwise. */
export const wholeBodyBytes = 64 * 1024 * 1024;

/** However steadily it drips: a whole body is given up after so many idle times, a stream after many more. */
const wholePerIdle = 10;
const streamPerIdle = 80;

/** The failure of a caller that was told to stop: the signal's own reason where that is a Failure. */
export const interrupted = (signal: AbortSignal, platform?: Platform): Failure => {
  const reason: unknown = signal.reason;
  if (reason instanceof Failure) return reason;
  return new Failure({
    kind: "cancelled",
    message: "interrupted",
    cause: reason,
    ...(platform === undefined ? {} : { platform }),
  });
};

/** Settles with the work, or at once as `cancelled` when the signal aborts; what the work comes to then is dropped. */
export const unlessAborted = <T>(work: Promise<T>, signal: AbortSignal, platform?: Platform): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = () => reject(interrupted(signal, platform));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });

const aboutOf = ({ platform }: Sent) => (platform === undefined ? {} : { platform });

const tooSlow = (sent: Sent, said: string): Failure =>
  new Failure({
    kind: "transient",
    ...aboutOf(sent),
    code: "timeout",
    message: `${sent.call}: ${said}`,
    remedy: `try again${sent.timeoutSetting === undefined ? "" : `; ${sent.timeoutSetting} sets how long a silence is borne`}`,
  });

const certificateCode = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/;

/** Only codes are taken from an error: a message may hold an address with a secret in it. */
const lost = (sent: Sent, host: string, error: unknown): Failure => {
  if (error instanceof Failure) return error;
  const { code: named } = error as NodeJS.ErrnoException;
  const code = typeof named === "string" ? named : "connection";
  return new Failure({
    kind: "transient",
    ...aboutOf(sent),
    code,
    message: `${sent.call}: the connection to ${host} failed (${code})`,
    remedy: /CERT_(HAS_EXPIRED|NOT_YET_VALID)/.test(code)
      ? `see that the clock of this machine is right: it says ${new Date().toISOString().slice(0, 10)}`
      : certificateCode.test(code)
        ? "name your own certificate authority's file in NODE_EXTRA_CA_CERTS"
        : "try again; check the network, and any proxy between",
  });
};

const headersOf = ({ headers }: IncomingMessage): AnswerHeaders => ({
  get: (name) => {
    const value = headers[name.toLowerCase()];
    return value === undefined ? null : Array.isArray(value) ? value.join(", ") : value;
  },
});

const ignore = () => undefined;

/** One exchange's clock: races every wait against silence, the total and the signal, and lets go when one wins. */
const watch = (sent: Sent, host: string, totalMs: number, letGo: () => void) => {
  const { signal, idleMs } = sent;
  let leftMs = totalMs;
  return <T>(work: Promise<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const startedAt = performance.now();
      const rest = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        leftMs -= performance.now() - startedAt;
      };
      const fail = (failure: Failure) => {
        rest();
        letGo();
        reject(failure);
      };
      const onAbort = () => fail(interrupted(signal, sent.platform));
      const timer = setTimeout(
        () =>
          fail(
            leftMs <= idleMs && totalMs > idleMs
              ? tooSlow(sent, `the answer of ${host} did not end in time`)
              : tooSlow(sent, `${host} sent nothing for ${String(idleMs / 1_000)} s`),
          ),
        Math.max(1, Math.min(idleMs, leftMs)),
      );
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      work.then(
        (value) => {
          rest();
          resolve(value);
        },
        (error: unknown) => fail(lost(sent, host, error)),
      );
    });
};

/** A token with a line break or a letter beyond Latin-1, as a paste brings it: no attempt will ever send it. */
const checkHeaders = (sent: Sent): void => {
  for (const [name, value] of Object.entries(sent.headers ?? {}))
    try {
      validateHeaderValue(name, value);
    } catch {
      throw new Failure({
        kind: "credentials",
        ...aboutOf(sent),
        code: "ERR_INVALID_CHAR",
        message: `${sent.call}: what goes into the header ${name} holds a line break or a character that no header may`,
        remedy: "copy the token or key anew into costper.yaml or .env, nothing before or after it",
      });
    }
};

const exchangeOnce = async (sent: Sent, url: URL, defaultTotalMs: number): Promise<Answer> => {
  const { signal } = sent;
  if (signal.aborted) throw interrupted(signal, sent.platform);
  checkHeaders(sent);
  let body: Body | undefined;
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const request = send(url, {
    method: sent.method ?? "GET",
    agent: agentFor(url, sent.lookup !== undefined),
    ...(sent.lookup === undefined ? {} : { lookup: sent.lookup }),
    headers: {
      // Google packs answers only for an agent that says gzip too.
      "user-agent": `costper/${version} (gzip)`,
      "accept-encoding": "gzip",
      ...(sent.body === undefined ? {} : { "content-length": String(Buffer.byteLength(sent.body)) }),
      ...sent.headers,
    },
  });
  request.on("error", ignore);
  const close = () => {
    request.destroy();
    body?.close();
  };
  const guarded = watch(sent, url.host, sent.totalMs ?? defaultTotalMs, close);
  const response = await guarded(
    new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve);
      request.once("error", reject);
      request.end(sent.body);
    }),
  );
  noteServerTime(url.host, headersOf(response).get("date"), headersOf(response).get("age"));
  const open = (body = bodyOf(response, guarded));
  const read = () => open.read();
  return {
    status: response.statusCode ?? 0,
    headers: headersOf(response),
    read,
    close,
    async text(limitBytes = wholeBodyBytes) {
      const parts: Buffer[] = [];
      let bytes = 0;
      try {
        for (let part = await read(); part; part = await read()) {
          bytes += part.length;
          if (bytes > limitBytes)
            throw new Failure({
              kind: "data",
              ...aboutOf(sent),
              code: "too_large",
              message: `${sent.call}: ${url.host} answered with more than ${String(limitBytes)} bytes`,
              remedy: "ask for fewer days or accounts at once; nothing of the answer is kept",
            });
          parts.push(part);
        }
      } catch (error) {
        close();
        throw error;
      }
      return Buffer.concat(parts).toString("utf8");
    },
  };
};

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

const carriesSecrets = ({ headers = {}, body }: Sent): boolean =>
  body !== undefined || Object.keys(headers).some((name) => /auth|cookie|token|key/i.test(name));

const nextUrl = (sent: Sent, url: URL, location: string | null): URL => {
  const next = URL.canParse(location ?? "", url) ? new URL(location ?? "", url) : undefined;
  if (next && /^https?:$/.test(next.protocol) && (next.protocol === "https:" || url.protocol === "http:"))
    return next;
  throw new Failure({
    kind: "request",
    ...aboutOf(sent),
    code: "redirect",
    message: `${sent.call}: ${url.host} redirects to where it may not`,
    remedy: "check the endpoint's address",
  });
};

const follow = async (sent: Sent, totalMs: number): Promise<Answer> => {
  const redirects = sent.redirects ?? 0;
  if (redirects > 0 && carriesSecrets(sent))
    throw new RangeError(`${sent.call}: a request with credentials follows no redirect`);
  let url = new URL(sent.url);
  for (let followed = 0; ; followed += 1) {
    const answer = await exchangeOnce(sent, url, totalMs);
    if (followed >= redirects || !isRedirect(answer.status)) return answer;
    answer.close();
    url = nextUrl(sent, url, answer.headers.get("location"));
  }
};

/**
 * Sends a request and returns as soon as its headers have come; whatever the status, redirects included.
 * The caller reads to the end, or closes.
 * @throws Failure `transient` where the connection fails or falls silent, `cancelled` where the signal aborts,
 * `credentials` where a header cannot carry them.
 */
export const open = (sent: Sent): Promise<Answer> => follow(sent, sent.idleMs * streamPerIdle);

/** One exchange, body included, as text of at most `limitBytes`. @throws Failure as `open` and `Answer.text`. */
export const exchange = async (sent: Sent, limitBytes?: number): Promise<TextAnswer> => {
  const answer = await follow(sent, sent.idleMs * wholePerIdle);
  return { status: answer.status, headers: answer.headers, text: await answer.text(limitBytes) };
};
