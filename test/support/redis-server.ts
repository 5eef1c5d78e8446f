import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import type { Certificates } from "./own-postgres.ts";

/** A real Redis of a test's own. */
export interface RedisServer {
  readonly url: string;
  /** Ends the process and starts it anew, empty, at the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @throws where there is no Redis to test on: half of the queue's tests would otherwise be left out in silence. */
const demandRedis = (): void => {
  if (spawnSync("redis-server", ["--version"]).status !== 0)
    throw new Error("redis-server is not installed, and these tests need it: install Redis 7 or newer");
};

export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
};

/** @param at - a port, and a password that it demands, where a test has told them before; further arguments; TLS */
export const startRedis = async (
  at: {
    readonly port?: number;
    readonly password?: string;
    readonly more?: readonly string[];
    readonly tls?: Certificates;
  } = {},
): Promise<RedisServer> => {
  demandRedis();
  const folder = await mkdtemp(join(tmpdir(), "costper-redis-"));
  const port = at.port ?? (await freePort());
  const secret = at.password === undefined ? [] : ["--requirepass", at.password];
  const { tls } = at;
  const listening = tls
    ? [
        ...`--port 0 --tls-port ${String(port)} --tls-auth-clients no`.split(" "),
        ...`--tls-cert-file ${tls.certificate} --tls-key-file ${tls.key} --tls-ca-cert-file ${tls.ca}`.split(
          " ",
        ),
      ]
    : ["--port", String(port)];
  const url = `${tls ? "rediss" : "redis"}://${at.password === undefined ? "" : `:${encodeURIComponent(at.password)}@`}127.0.0.1:${String(port)}`;
  const start = async () => {
    const child = spawn(
      "redis-server",
      [
        ...listening,
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        folder,
        ...secret,
        ...(at.more ?? []),
      ],
      { stdio: "ignore" },
    );
    const probe = new Redis(url, {
      ...(tls && { tls: { rejectUnauthorized: false } }),
      retryStrategy: () => 50,
      maxRetriesPerRequest: null,
    });
    probe.on("error", () => undefined);
    await probe.ping();
    probe.disconnect();
    return child;
  };
  let child = await start();
  const end = async () => {
    if (child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  return {
    url,
    async restart() {
      await end();
      await sleep(300);
      child = await start();
    },
    async stop() {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

export interface RedisCluster {
  /** Of one of its nodes. */
  readonly url: string;
  readonly urls: readonly string[];
}

const redisCli = (args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync("redis-cli", args, { encoding: "utf8", timeout: 20_000 });
  if (status !== 0) throw new Error(stderr + stdout);
  return stdout;
};

/** A real cluster of three nodes. */
export const startRedisCluster = async (): Promise<RedisCluster> => {
  const nodes = await Promise.all(
    [0, 1, 2].map(async () => {
      const bus = String(await freePort());
      return startRedis({
        more: ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", bus],
      });
    }),
  );
  onTestFinished(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  });
  const urls = nodes.map(({ url }) => url);
  redisCli(["--cluster", "create", ...urls.map((url) => new URL(url).host), "--cluster-yes"]);
  const isUp = (url: string): boolean =>
    redisCli(["-p", new URL(url).port, "cluster", "info"]).includes("cluster_state:ok");
  while (!urls.every(isUp)) await sleep(100);
  return { url: urls[0] ?? "", urls };
};
