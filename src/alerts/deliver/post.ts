import { lookup } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { isLoopbackHost, isPublicAddress } from "../../domain/hosts.ts";
import { targetProblem } from "./target.ts";

/** Why a notice was not taken; `message` names no URL, since a chat's URL is its password. */
export class DeliveryError extends Error {
  /** Not before so many ms, where the receiver said so. */
  readonly retryAfterMs: number | undefined;
  /** The receiver understood and will never take this notice. */
  readonly rejected: boolean;

  constructor(message: string, options: { retryAfterMs?: number | undefined; rejected?: boolean } = {}) {
    super(message);
    this.name = "DeliveryError";
    this.retryAfterMs = options.retryAfterMs;
    this.rejected = options.rejected ?? false;
  }
}

const isLoopbackAddress = (address: string): boolean => ipaddr.process(address).range() === "loopback";

/** Looks a name up and refuses what it leads to, at the very moment of connecting: names can change their minds. */
const guardedLookup =
  (allowPrivate: boolean): LookupFunction =>
  (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, "");
      const allowed = isLoopbackHost(host) ? isLoopbackAddress : isPublicAddress;
      const first = addresses[0];
      if (first === undefined || (!allowPrivate && !addresses.every(({ address }) => allowed(address))))
        return done(new DeliveryError("its name leads to a private address"), "");
      if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };

const rejections = new Set([400, 405, 406, 411, 413, 415, 422]);

const retryAfterMs = (header: string | undefined): number | undefined => {
  const seconds = Number(header);
  return header !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
};

/**
 * Posts JSON to a webhook. A redirect is a failure: it is not followed.
 * @throws DeliveryError
 */
export const postJson = (options: {
  readonly url: string;
  readonly allowPrivate: boolean;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}): Promise<void> =>
  new Promise((resolve, reject) => {
    const problem = targetProblem(options.url, options.allowPrivate);
    if (problem !== undefined) throw new DeliveryError(`its URL ${problem}`);
    const url = new URL(options.url);
    const signal = AbortSignal.timeout(options.timeoutMs);
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(
      url,
      {
        method: "POST",
        signal,
        agent: false,
        lookup: guardedLookup(options.allowPrivate),
        headers: {
          "content-type": "application/json; charset=utf-8",
          "content-length": Buffer.byteLength(options.body),
          "user-agent": "costper",
          ...options.headers,
        },
      },
      (response) => {
        const status = response.statusCode ?? 0;
        response.destroy();
        if (status >= 200 && status < 300) return resolve();
        const redirects = status >= 300 && status < 400 ? ", and redirects are not followed" : "";
        reject(
          new DeliveryError(`it answered ${String(status)}${redirects}`, {
            retryAfterMs: retryAfterMs(response.headers["retry-after"]),
            rejected: rejections.has(status),
          }),
        );
      },
    );
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (error instanceof DeliveryError) return reject(error);
      const seconds = String(options.timeoutMs / 1_000);
      reject(
        new DeliveryError(
          signal.aborted
            ? `no answer within ${seconds} s`
            : `no connection (${error.code ?? "closed early"})`,
        ),
      );
    });
    request.end(options.body);
  });
