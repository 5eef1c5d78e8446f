import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { createDatabase } from "../support/database.ts";
import { freePort, startRedis } from "../support/redis-server.ts";
import { folderWith, startCostper } from "./start-process.ts";

const connectors = { linkedin: { accessToken: "t0p-s3cret" } };

const database = async (): Promise<string> => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  return url;
};

describe("start with a Redis", () => {
  test("that is away says where it is, asks ever less often, and comes up when it appears", async () => {
    const port = await freePort();
    const queue = `redis://:s3cret@127.0.0.1:${String(port)}`;
    const folder = await folderWith({ database: await database(), queue, connectors });
    const started = startCostper(folder);
    await started.until("the queue does not answer; trying again", 2);
    const told = started.lines().filter(({ msg }) => String(msg).startsWith("the queue does not answer"));
    expect(told[0]).toMatchObject({
      failure: `no Redis answers at 127.0.0.1:${String(port)} (ECONNREFUSED)`,
      remedy: expect.stringContaining("that the server is up") as string,
    });
    expect(told.slice(0, 2).map(({ retryMs }) => retryMs)).toEqual([1_000, 2_000]);
    const redis = await startRedis({ port, password: "s3cret" });
    onTestFinished(() => redis.stop());
    await started.until("costper is up");
    started.child.kill("SIGTERM");
    expect(await started.ended).toBe(0);
    expect(started.said()).not.toContain("s3cret");
  });

  test("that refuses the password says so, and ends when it is told to", async () => {
    const redis = await startRedis({ port: await freePort(), password: "s3cret" });
    onTestFinished(() => redis.stop());
    const queue = redis.url.replace("s3cret", "gue55ed");
    const started = startCostper(await folderWith({ database: await database(), queue, connectors }));
    await started.until("refuses the user or password");
    started.child.kill("SIGTERM");
    expect(await started.ended).toBe(130);
    expect(started.said()).not.toContain("gue55ed");
  });
});

test("start with a port that another program has says which, and ends", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const folder = await folderWith({ database: await database(), connectors, web: { port } });
  const started = startCostper(folder, ["start"]);
  expect(await started.ended).toBe(1);
  expect(started.said()).toContain(
    `the dashboard cannot listen on 127.0.0.1:${String(port)}: another program listens there already`,
  );
  expect(started.said()).toContain("set web.host or web.port to another address");
});

test.each([
  ["a schedule that is no cron", { schedule: "at night" }, /schedule: .*cron/],
  ["an unknown time zone", { timezone: "Europe/Atlantis" }, /timezone: .*IANA/],
])("start with %s is refused before anything is done", async (_, more, sentence) => {
  const folder = await folderWith({ database: "postgresql://nobody@127.0.0.1:1/none", connectors, ...more });
  const started = startCostper(folder, ["start"]);
  expect(await started.ended).toBe(2);
  expect(started.said()).toMatch(sentence);
});
