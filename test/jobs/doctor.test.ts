import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkTokenEnd } from "../../src/commands/doctor/checks.ts";
import { checkQueue } from "../../src/commands/doctor/services.ts";
import { freePort, startRedis } from "../support/redis-server.ts";

describe("doctor on Redis", () => {
  test("warns of every policy that throws jobs away when memory is full", async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const where = new URL(server.url).host;
    expect(await checkQueue(server.url)).toMatchObject({ outcome: "ok", message: `Redis at ${where}` });
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    for (const policy of ["allkeys-lru", "volatile-ttl"]) {
      await redis.config("SET", "maxmemory-policy", policy);
      expect(await checkQueue(server.url)).toEqual({
        check: "queue",
        outcome: "warning",
        message: `Redis at ${where} has maxmemory-policy ${policy}: it may drop jobs`,
        remedy: "set maxmemory-policy noeviction",
      });
    }
  });

  test("says what is wrong with one that is away or refuses the password, never the password", async () => {
    const port = await freePort();
    const url = `redis://:gue55ed@127.0.0.1:${String(port)}`;
    const away = await checkQueue(url);
    expect(away).toMatchObject({
      outcome: "failed",
      message: `no Redis answers at 127.0.0.1:${String(port)} (ECONNREFUSED)`,
    });
    const server = await startRedis({ port, password: "s3cret" });
    onTestFinished(() => server.stop());
    const refused = await checkQueue(url);
    expect(refused).toMatchObject({
      outcome: "failed",
      message: `Redis at 127.0.0.1:${String(port)} refuses the user or password`,
    });
    expect(JSON.stringify([away, refused])).not.toMatch(/gue55ed|s3cret/);
  });
});

test.each([
  ["2026-12-01T00:00:00Z", "ok", "the token ends on 2027-06-01, in 182 days"],
  ["2027-05-02T00:00:00Z", "warning", "the token ends on 2027-06-01, in 30 days"],
  ["2027-05-30T12:00:00Z", "warning", "the token ends on 2027-06-01, in 1 day"],
  ["2027-06-01T00:00:01Z", "failed", "the token ended on 2027-06-01"],
])("on %s a token's end is %s", (now, outcome, message) =>
  expect(
    checkTokenEnd({ platform: "linkedin", expiresAt: new Date("2027-06-01T00:00:00Z") }, new Date(now)),
  ).toMatchObject({ outcome, message }),
);
