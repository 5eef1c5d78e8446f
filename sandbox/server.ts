import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { Platform } from "../src/domain/platform.ts";

/** One request as a sandbox platform sees it, and the means to answer it. */
export interface Exchange {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** As it came over the wire, without the `?`; LinkedIn's syntax is read from this. */
  readonly rawQuery: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly response: ServerResponse;
  json(status: number, body: unknown, headers?: Record<string, string>): void;
  text(status: number, body: string, headers?: Record<string, string>): void;
}

/**
 * A misbehaviour to be shown once or more. It takes the place of the platform's own answer; with `continue` it may
 * let the answer through (a delay) or damage it.
 */
export interface Fault {
  readonly name: string;
  /** Which requests it hits; absent: all. */
  readonly when?: (exchange: Exchange) => boolean;
  /** How many matching requests it lets pass before it strikes (default 0), and how often it strikes (default 1). */
  readonly after?: number;
  readonly times?: number;
  readonly strike: (exchange: Exchange, answer: () => Promise<void>) => void | Promise<void>;
}

/** What a sandbox platform is: its rules, over plain HTTP. */
export interface SandboxPlatform<Name extends string = Platform> {
  readonly platform: Name;
  answer(exchange: Exchange): Promise<void> | void;
}

/** A platform that listens on loopback. */
export interface SandboxServer<Name extends string = Platform> {
  readonly platform: Name;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Every request so far, oldest first, without bodies. */
  readonly requests: readonly { readonly method: string; readonly path: string; readonly at: number }[];
  /** Added to each answer, in ms. */
  latencyMs: number;
  addFault(fault: Fault): void;
  clearFaults(): void;
  resetRequests(): void;
  /** Resolves when nobody is connected and no request is under way: what comes next is from whoever comes next. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
};

const exchangeOf = async (request: IncomingMessage, response: ServerResponse): Promise<Exchange> => {
  const [path = "/", ...query] = (request.url ?? "/").split("?");
  const text: Exchange["text"] = (status, body, headers = {}) => {
    const wantsGzip = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
    const bytes = wantsGzip && body.length > 1_400 ? gzipSync(body) : Buffer.from(body);
    response.writeHead(status, {
      ...headers,
      "content-length": bytes.length,
      ...(wantsGzip && body.length > 1_400 ? { "content-encoding": "gzip" } : {}),
    });
    response.end(bytes);
  };
  return {
    method: request.method ?? "GET",
    path,
    rawQuery: query.join("?"),
    headers: request.headers,
    body: await readBody(request),
    response,
    text,
    json: (status, body, headers) =>
      text(status, JSON.stringify(body), { "content-type": "application/json", ...headers }),
  };
};

/** Starts a sandbox platform on loopback; port 0 takes a free one. */
export const listen = async <Name extends string>(
  sandbox: SandboxPlatform<Name>,
  port = 0,
): Promise<SandboxServer<Name>> => {
  const faults: { fault: Fault; seen: number; struck: number }[] = [];
  const requests: { method: string; path: string; at: number }[] = [];
  const state = { latencyMs: 0 };
  const underWay = new Set<Promise<void>>();

  const nextFault = (exchange: Exchange): Fault | undefined => {
    for (const entry of faults) {
      if (entry.struck >= (entry.fault.times ?? 1) || entry.fault.when?.(exchange) === false) continue;
      entry.seen += 1;
      if (entry.seen <= (entry.fault.after ?? 0)) continue;
      entry.struck += 1;
      return entry.fault;
    }
    return undefined;
  };

  const server: Server = createServer((request, response) => {
    const handled = (async () => {
      try {
        const exchange = await exchangeOf(request, response);
        requests.push({ method: exchange.method, path: exchange.path, at: Date.now() });
        if (state.latencyMs > 0) await sleep(state.latencyMs);
        const fault = nextFault(exchange);
        const answer = async () => sandbox.answer(exchange);
        await (fault ? fault.strike(exchange, answer) : answer());
      } catch (error) {
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end(String(error));
      }
    })().finally(() => underWay.delete(handled));
    underWay.add(handled);
  });
  const connections = new Set<Socket>();
  server.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });

  const { port: listensOn } = server.address() as AddressInfo;
  return {
    platform: sandbox.platform,
    url: `http://127.0.0.1:${String(listensOn)}`,
    requests,
    get latencyMs() {
      return state.latencyMs;
    },
    set latencyMs(value) {
      state.latencyMs = value;
    },
    addFault: (fault) => void faults.push({ fault, seen: 0, struck: 0 }),
    clearFaults: () => void faults.splice(0),
    resetRequests: () => void requests.splice(0),
    settled: async () => {
      // Connections are taken in turn: when this one is closed, all that were made before it are known.
      await once(connect(listensOn, "127.0.0.1").end().resume(), "close");
      await Promise.all(
        [...connections].map((socket) => new Promise((resolve) => socket.once("close", resolve))),
      );
      await Promise.all(underWay);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
