import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { Failure } from "../../domain/failure.ts";

/** Below the ports that systems give to outgoing connections: one that is free today is free tomorrow. */
const lowest = 20_000;
const highest = 30_000;

const isFree = (port: number): Promise<boolean> =>
  new Promise((known) => {
    const probe = createServer();
    probe.once("error", () => known(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => known(true)));
  });

const anyFree = async (): Promise<number> => {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
  throw new Failure({
    kind: "request",
    message: `no port from ${String(lowest)} to ${String(highest)} is free for the embedded Postgres`,
    remedy: "end other programs, or set embedded.port in costper.yaml",
  });
};

/**
 * The port to start on: the configured one; else that of the last time, so that whoever wrote it down still finds the
 * server; else any.
 * @throws Failure where the configured one is taken.
 */
export const choosePort = async (
  configured: number | undefined,
  last: number | undefined,
): Promise<number> => {
  if (configured === undefined) return last !== undefined && (await isFree(last)) ? last : anyFree();
  if (await isFree(configured)) return configured;
  throw new Failure({
    kind: "request",
    message: `port ${String(configured)} of the embedded Postgres (embedded.port) is taken by another program`,
    remedy: "end that program, or set another port",
  });
};
