import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Server as NetServer } from "node:net";
import { Writable } from "node:stream";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import type { Sent } from "../../src/connectors/wire/exchange.ts";
import { asFailure, type Failure } from "../../src/domain/failure.ts";

/** Lets a server listen on loopback until the test is over. @returns its port */
export const listenOn = async (server: NetServer): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        (server as Partial<Server>).closeAllConnections?.();
      }),
  );
  return (server.address() as AddressInfo).port;
};

/** A server of the test's own making, and what it was asked. */
export const serve = async (answer: RequestListener) => {
  const heard: IncomingMessage[] = [];
  const port = await listenOn(
    createServer((request, response) => {
      heard.push(request);
      // A client that goes away in the midst of an answer is what some tests want.
      response.on("error", () => undefined);
      answer(request, response);
    }),
  );
  return { url: `http://127.0.0.1:${String(port)}`, heard };
};

/** A request with limits that suit a test. */
export const sent = (url: string, more: Partial<Sent> = {}): Sent => ({
  url,
  call: "test",
  signal: new AbortController().signal,
  idleMs: 2_000,
  ...more,
});

export const failureOf = async (work: Promise<unknown>): Promise<Failure> => {
  const value = await work.catch((error: unknown) => asFailure(error));
  if (value instanceof Error) return value as Failure;
  throw new Error("nothing failed");
};

/** A log that keeps its lines. */
export const keepingLog = () => {
  const logged: string[] = [];
  const sink = new Writable({
    write(line: Buffer, _, done) {
      logged.push(line.toString());
      done();
    },
  });
  return { log: pino({ level: "trace" }, sink), logged };
};
