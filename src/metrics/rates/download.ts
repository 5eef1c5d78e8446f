import { type Answer, open } from "../../connectors/wire/exchange.ts";
import { pause } from "../../connectors/wire/request.ts";
import { asFailure, Failure } from "../../domain/failure.ts";
import { retries } from "../../domain/retry.ts";
import { malformed } from "./malformed.ts";

/** The three files: the last day, the last 90 days, everything since 1999. */
export type RatesFile = "daily" | "90d" | "full";

const paths: Readonly<Record<RatesFile, string>> = {
  daily: "/stats/eurofxref/eurofxref-daily.xml",
  "90d": "/stats/eurofxref/eurofxref-hist-90d.xml",
  full: "/stats/eurofxref/eurofxref-hist.xml",
};

export const defaultRatesEndpoint = "https://www.ecb.europa.eu";

export interface DownloadOptions {
  /** Scheme, host and port; absent: the bank itself. */
  readonly endpoint?: string | undefined;
  readonly signal: AbortSignal;
  /** A download is given up when nothing has come for so long. */
  readonly idleTimeoutMs?: number;
}

/** The file is public and asked for without any credential: where the bank moves it, it may be followed. */
const mostRedirects = 3;

const refused = (url: string, status: number): Failure =>
  status >= 500 || status === 429
    ? new Failure({ kind: "transient", status, message: `exchange rates: ${url} answers ${String(status)}` })
    : new Failure({
        kind: "request",
        status,
        message: `exchange rates: ${url} answers ${String(status)}`,
        remedy: "check rates.endpoint; without it the European Central Bank is asked",
      });

/**
 * The bytes of a file, as they arrive.
 * @throws Failure `transient` where nobody answers, `request` where the address is wrong, `data` where it breaks off.
 */
export async function* download(file: RatesFile, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  const url = (options.endpoint ?? defaultRatesEndpoint).replace(/\/+$/, "") + paths[file];
  let answer: Answer | undefined;
  try {
    answer = await open({
      url,
      call: "exchange rates",
      headers: { accept: "application/xml, text/xml" },
      signal: options.signal,
      idleMs: options.idleTimeoutMs ?? 30_000,
      redirects: mostRedirects,
    });
    if (answer.status < 200 || answer.status > 299) throw refused(url, answer.status);
    for (let chunk = await answer.read(); chunk; chunk = await answer.read()) yield chunk;
  } catch (error) {
    const failure = asFailure(error);
    if (failure.kind !== "transient" || failure.status !== undefined) throw failure;
    if (answer) throw malformed(`${url} broke off`, { code: "incomplete", cause: error });
    throw new Failure({
      kind: "transient",
      message: `exchange rates: ${url} does not answer`,
      remedy:
        "the next run asks again; until then days without a rate have no figure in the reporting currency",
      cause: error,
    });
  } finally {
    answer?.close();
  }
}

/** Runs `work` again after a failure that may pass: nobody answered, or the file came only in part. */
export const withRetries = async <T>(
  options: { readonly signal: AbortSignal; readonly firstDelayMs?: number },
  work: () => Promise<T>,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const failure = asFailure(error);
      const mayPass = failure.kind === "transient" || failure.code === "incomplete";
      if (!mayPass || attempt === retries.rates.attempts) throw failure;
      await pause((options.firstDelayMs ?? retries.rates.firstDelayMs) * 2 ** (attempt - 1), options.signal);
    }
  }
};
