import { describe, expect, onTestFinished, test } from "vitest";
import { callForReady } from "../../src/jobs/wake.ts";
import { beginNight } from "../../src/jobs/night.ts";
import {
  createLinkedinSandbox,
  linkedinSandboxCredentials,
  linkedinSandboxSettings,
} from "../../sandbox/linkedin/index.ts";
import { listen } from "../../sandbox/server.ts";
import { freePort } from "../support/redis-server.ts";
import { backends, openBackend, silent } from "./backends.ts";
import { nightOver } from "./night-support.ts";
import { startReceiver } from "./receiver.ts";
import { folderWith, startCostper } from "./start-process.ts";

/** A night of LinkedIn in a process whose traces go to the endpoint. */
const traceNight = async (kind: "postgres" | "redis", endpoint: string) => {
  const sandbox = await listen(createLinkedinSandbox({ clock: () => new Date() }));
  onTestFinished(() => sandbox.close());
  const { database, queues, redisUrl } = await openBackend(kind);
  const folder = await folderWith({
    database: database.url,
    ...(redisUrl !== undefined && { queue: redisUrl }),
    lookbackDays: 2,
    schedule: "0 3 1 1 *",
    connectors: { linkedin: linkedinSandboxSettings(sandbox.url) },
  });
  const started = startCostper(folder, ["start", "--only", "worker"], {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_SERVICE_NAME: "costper-of-the-test",
    OTEL_BSP_SCHEDULE_DELAY: "200",
    OTEL_EXPORTER_OTLP_TIMEOUT: "1000",
  });
  await started.until("costper is up");
  const runId =
    (await beginNight(
      { pool: database.pool, log: silent, platforms: ["linkedin"] },
      { at: new Date(), wallClock: "a night" },
    )) ?? "";
  await callForReady(database.pool, queues);
  return { started, runId, outcome: await nightOver(database, runId), database };
};

describe.each(backends)("traces of a night with the queue on %s", (kind) => {
  test("tell of every job which run, account and days it was and what it came to, and hold no secret", async () => {
    const receiver = await startReceiver();
    const { started, runId, outcome, database } = await traceNight(kind, receiver.url);
    expect(outcome).toBe("done");
    started.child.kill("SIGTERM");
    expect(await started.ended).toBe(0);
    expect([...receiver.types]).toEqual(["/v1/traces application/json"]);
    const jobs = receiver
      .spans()
      .filter(({ attributes }) => attributes["costper.run"] === runId && attributes["costper.kind"]);
    const { rows } = await database.pool.query<Record<string, string>>(
      `select job_id as "costper.job", kind as "costper.kind", platform as "costper.platform",
              account_id as "costper.account", from_date as "costper.from", to_date as "costper.to",
              'done' as "costper.outcome"
       from ops.job where run_id = $1 order by job_id`,
      [runId],
    );
    expect(rows.filter((row) => row["costper.kind"] === "slice").length).toBeGreaterThan(1);
    const known = jobs.map(({ attributes }) =>
      Object.fromEntries(Object.keys(rows[0] ?? {}).map((key) => [key, attributes[key] ?? null])),
    );
    expect(known.sort((one, other) => (String(one["costper.job"]) < String(other["costper.job"]) ? -1 : 1)))
      // One span a job; those of the queue itself come on top.
      .toEqual(rows);
    expect(new Set(jobs.map(({ service }) => service))).toEqual(new Set(["costper-of-the-test"]));
    const text = receiver.text();
    expect(text.length).toBeGreaterThan(1_000);
    const { refreshToken, clientSecret, accessToken } = linkedinSandboxCredentials;
    for (const secret of [
      refreshToken,
      clientSecret,
      accessToken,
      "AQX-minted",
      new URL(database.url).password,
    ]) {
      expect(secret.length).toBeGreaterThan(4);
      expect(text).not.toContain(secret);
      expect(started.said()).not.toContain(secret);
    }
  });
});

test.each([
  ["is not there", async () => `http://user:s3cret@127.0.0.1:${String(await freePort())}`],
  [
    "takes everything and answers nothing",
    async () => {
      const { createServer } = await import("node:net");
      const server = createServer((socket) => void socket.on("error", () => undefined).resume());
      await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
      onTestFinished(() => void server.close());
      const address = server.address();
      return `http://user:s3cret@127.0.0.1:${String(typeof address === "object" ? address?.port : 0)}`;
    },
  ],
])("a receiver of traces that %s holds up neither the night nor the end", async (_, endpoint) => {
  const { started, outcome } = await traceNight("postgres", await endpoint());
  expect(outcome).toBe("done");
  await started.until("traces are lost: their receiver does not take them");
  const asked = Date.now();
  started.child.kill("SIGTERM");
  expect(await started.ended).toBe(0);
  expect(Date.now() - asked).toBeLessThan(30_000);
  expect(started.said()).not.toContain("s3cret");
});
