import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { UsageError } from "../errors.ts";

/** A listener for one redirect (RFC 8252 section 7.3). */
export interface Loopback {
  readonly port: number;
  /** The first answer that belongs to the sign-in. @throws what the signal throws */
  answer(belongs: (answer: URLSearchParams) => boolean, signal: AbortSignal): Promise<URLSearchParams>;
  close(): Promise<void>;
}

const page = (title: string, text: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}</style>
</head><body><main><h1>${title}</h1><p>${text}</p></main></body></html>
`;

const headers = {
  "content-type": "text/html; charset=utf-8",
  // The address has a code in it: no other page and no cache may learn of it.
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  connection: "close",
} as const;

/** Listens on this machine alone; port 0 takes a free one. @throws UsageError where the port is taken. */
export const listenForRedirect = async (port: number): Promise<Loopback> => {
  let hear: ((answer: URLSearchParams) => boolean) | undefined;
  const server = createServer((request, response) => {
    const send = (status: number, title: string, text: string) => {
      response.writeHead(status, headers).end(page(title, text));
    };
    const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
    if (path !== "/" || request.method !== "GET")
      send(404, "Nothing here", "costper waits for a sign-in at / alone.");
    else if (hear?.(new URLSearchParams(query)) === true)
      send(200, "Back to the terminal", "costper says there how it went. You may close this page.");
    else
      send(
        400,
        "Not this sign-in",
        "This address does not answer the consent page that costper opened, so nothing was done with it. costper still waits.",
      );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new UsageError(
              `port ${String(port)} is taken`,
              "another costper connect may be waiting there; end it, or take another port with --port",
            )
          : error.code === "EACCES"
            ? new UsageError(`port ${String(port)} may not be listened on`, "take one above 1023 with --port")
            : error,
      ),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    answer: (belongs, signal) =>
      new Promise((resolve, reject) => {
        const onAbort = () => reject(signal.reason as Error);
        if (signal.aborted) return onAbort();
        signal.addEventListener("abort", onAbort, { once: true });
        hear = (answer) => {
          if (!belongs(answer)) return false;
          // One request: a second copy of it is refused like any other.
          hear = undefined;
          signal.removeEventListener("abort", onAbort);
          resolve(answer);
          return true;
        };
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // The last page may still be on its way.
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 500).unref();
      }),
  };
};
