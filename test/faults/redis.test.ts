import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { createLinkedinSandbox, linkedinSandboxSettings } from "../../sandbox/linkedin/index.ts";
import { listen } from "../../sandbox/server.ts";
import { checkQueue } from "../../src/commands/doctor/services.ts";
import { beginNight } from "../../src/jobs/night.ts";
import { queuePrefix } from "../../src/jobs/installation.ts";
import { neededCommands } from "../../src/jobs/queue/redis-commands.ts";
import { silent } from "../jobs/backends.ts";
import { nightOver } from "../jobs/night-support.ts";
import { folderWith, startCostper } from "../jobs/start-process.ts";
import { freshDatabase } from "../support/database.ts";
import { makeCertificates, openFolder } from "../support/own-postgres.ts";
import { hasRedis, startRedis, startRedisCluster } from "../support/redis-server.ts";

/** A night of the service whose queue is on that Redis, begun by its own watchdog. */
const nightOn = async (
  queue: string | Readonly<Record<string, unknown>>,
  database: Awaited<ReturnType<typeof freshDatabase>>,
): Promise<string> => {
  const server = await listen(createLinkedinSandbox({ clock: () => new Date(), accounts: 3, campaigns: 2 }));
  onTestFinished(() => server.close());
  const folder = await folderWith({
    database: database.url,
    queue,
    lookbackDays: 2,
    schedule: "0 3 1 1 *",
    web: { port: 0 },
    connectors: { linkedin: linkedinSandboxSettings(server.url) },
  });
  const doctor = startCostper(folder, ["doctor"]);
  await doctor.ended;
  expect(doctor.said()).toMatch(/^(ok|warning) +queue +Redis/m);
  const service = startCostper(folder, ["start"]);
  await service.until("costper is up");
  const runId = await beginNight(
    { pool: database.pool, log: silent, platforms: ["linkedin"] },
    { at: new Date(), wallClock: "a night" },
  );
  const outcome = await nightOver(database, runId ?? "", 100_000);
  service.child.kill("SIGTERM");
  expect(await service.ended).toBe(0);
  expect(service.said()).not.toContain("the queue is not well");
  return outcome;
};

describe.runIf(hasRedis())("a Redis", () => {
  test("that is a cluster of three nodes carries a night, all keys of the queue on one of them", async () => {
    const cluster = await startRedisCluster();
    const database = await freshDatabase();
    expect(await nightOn(cluster.url, database)).toBe("done");
    const prefix = await queuePrefix(database.pool);
    const keys = await Promise.all(
      cluster.urls.map(async (url) => {
        const redis = new Redis(url);
        const found = await redis.keys("*");
        redis.disconnect();
        return found;
      }),
    );
    expect(keys.filter((found) => found.length > 0)).toHaveLength(1);
    for (const key of keys.flat()) expect(key.startsWith(`{${prefix}}:`)).toBe(true);
    expect(await checkQueue(cluster.url)).toMatchObject({
      outcome: "ok",
      message: expect.stringMatching(/^Redis Cluster at/) as string,
    });
  });

  test("whose user has no dangerous commands and our keys alone carries a night", async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const database = await freshDatabase();
    const prefix = await queuePrefix(database.pool);
    const admin = new Redis(redis.url);
    onTestFinished(() => admin.disconnect());
    await admin.call(
      "acl",
      "setuser",
      "app",
      "on",
      ">s/e+c@r?et",
      `~${prefix}:*`,
      "&*",
      "+@all",
      "-@dangerous",
    );
    const { host } = new URL(redis.url);
    expect(await nightOn({ url: `redis://app@${host}/0`, password: "s/e+c@r?et" }, database)).toBe("done");
  });

  test("whose user may not use our keys or our commands is said to, with what to grant", async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const admin = new Redis(redis.url);
    onTestFinished(() => admin.disconnect());
    const { host } = new URL(redis.url);
    await admin.call("acl", "setuser", "app", "on", ">s3cret", "~other:*", "+@all", "-@dangerous");
    const keys = await checkQueue(`redis://app:s3cret@${host}`, "costper-1234abcd");
    expect(keys).toMatchObject({
      outcome: "failed",
      message: `Redis user app at ${host} may not use the queue's keys, which begin with costper-1234abcd:`,
      remedy: expect.stringContaining("ACL SETUSER app ~costper-1234abcd:* ") as string,
    });
    await admin.call("acl", "setuser", "app", "allkeys", "-eval", "-bzpopmin", "-xadd");
    const commands = await checkQueue(`redis://app:s3cret@${host}`, "costper-1234abcd");
    expect(commands).toMatchObject({
      outcome: "failed",
      message: `Redis user app at ${host} may not run bzpopmin, xadd, eval on the keys of costper-1234abcd:`,
      remedy: "let it: ACL SETUSER app ~costper-1234abcd:* +bzpopmin +xadd +eval",
    });
    expect(JSON.stringify([keys, commands])).not.toContain("s3cret");
    expect(await admin.keys("*")).toEqual([]);
  });

  test("with a certificate of a private authority is said to, and carries a night once the authority is named", async () => {
    const certificates = await makeCertificates(await openFolder());
    const redis = await startRedis({ tls: certificates });
    onTestFinished(() => redis.stop());
    expect(await checkQueue(redis.url)).toMatchObject({
      outcome: "failed",
      message: expect.stringContaining("is signed by an authority that this machine does not know") as string,
      remedy: expect.stringContaining("NODE_EXTRA_CA_CERTS") as string,
    });
    expect(await nightOn({ url: redis.url, ca: certificates.ca }, await freshDatabase())).toBe("done");
  });
});

test("every command of BullMQ's scripts is among those that a user is asked for", async () => {
  const folder = join(import.meta.dirname, "..", "..", "node_modules", "bullmq", "dist", "esm", "scripts");
  const used = new Set<string>();
  for (const file of await readdir(folder)) {
    const text = file.endsWith(".js") ? await readFile(join(folder, file), "utf8") : "";
    for (const [, name = ""] of text.matchAll(/(?:rcall|redis\.p?call)\(\s*[\\"']+([A-Za-z]+)/g))
      used.add(name.toLowerCase());
  }
  expect(used.size).toBeGreaterThan(40);
  const asked = new Set([...neededCommands("key").map(([name]) => name), "del"]);
  expect([...used].filter((name) => !asked.has(name))).toEqual([]);
});
