import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { stalledBody } from "../../sandbox/faults.ts";
import { sandboxNames } from "../../sandbox/platforms.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { retryJobs } from "../../src/jobs/retry.ts";
import { begin, nightOver, openService } from "../jobs/night-support.ts";
import { seededRandom } from "../support/random.ts";
import { buildCostper } from "./built.ts";
import { startOwnPostgres } from "./postgres.ts";
import { expectUndisturbed, openStage, slicesIn } from "./support.ts";
import { asked, endsWithinMs, openSyncs } from "./sync-process.ts";

const { program } = buildCostper();
const random = seededRandom("moments of the interrupts");

/**
 * Over the platforms whose work ends with the request. A report of Microsoft's or X's that an interrupt left behind
 * ends by the platform's clock, which stands still here.
 */
const interruptsWished = 50;
const withoutReports = ["google", "meta", "linkedin"] as const;
const perPlatform = Math.ceil(interruptsWished / withoutReports.length);

describe.each(sandboxNames)("a sync of %s", (name) => {
  test.runIf((withoutReports as readonly string[]).includes(name))(
    `ends soon after each of ${String(perPlatform)} interrupts, and the next run completes`,
    { timeout: 400_000 },
    async () => {
      const { server, into } = await openSyncs(name, program);
      const undisturbed = await (await into()).complete();
      const requests = server.requests.length;
      const { start, complete } = await into();
      let interrupts = 0;
      let longest = 0;
      // A run that continues another has fewer requests left, and may be done before its moment comes.
      for (let tries = 0; interrupts < perPlatform && tries < 4 * perPlatform; tries += 1) {
        server.latencyMs = 10;
        const { child, ended } = start();
        const after = 1 + Math.floor(random() ** 2 * requests);
        const delayMs = random() * 60;
        const isTime = await Promise.race([asked(server, after).then(() => true), ended.then(() => false)]);
        if (isTime) {
          await sleep(delayMs);
          const sentAt = performance.now();
          if (child.kill("SIGINT")) {
            const { status, said, at } = await ended;
            const context = `request ${String(after)} + ${String(delayMs)} ms: ${said}`;
            // It may have been done at that very moment.
            expect([130, 0], context).toContain(status);
            expect(at - sentAt, context).toBeLessThan(endsWithinMs);
            longest = Math.max(longest, at - sentAt);
            if (status === 130) interrupts += 1;
          }
        }
        await ended;
        // What the interrupted process still asked for must not count as the next one's requests.
        await server.settled();
        server.clearFaults();
      }
      process.stdout.write(
        `${name}: ${String(interrupts)} interrupts, the longest end took ${(longest / 1_000).toFixed(1)} s\n`,
      );
      expect(interrupts).toBe(perPlatform);
      server.latencyMs = 0;
      expect(await complete()).toEqual(undisturbed);
    },
  );

  test("ends soon after an interrupt while an answer stands still in its midst", async () => {
    const { server, into, expected } = await openSyncs(name, program);
    const { start, complete } = await into();
    const undisturbed = await expected();
    server.addFault(stalledBody({ after: 4, times: 1_000 }));
    const before = server.requests.length;
    const { child, ended } = start();
    await expect.poll(() => server.requests.length).toBeGreaterThan(before + 4);
    const sentAt = performance.now();
    child.kill("SIGINT");
    const { status, at } = await ended;
    expect(status).toBe(130);
    expect(at - sentAt).toBeLessThan(endsWithinMs);
    server.clearFaults();
    expect(await complete()).toEqual(undisturbed);
  });

  test("asks again where one answer stands still, and misses nothing", async () => {
    const { server, into, expected } = await openSyncs(name, program);
    const undisturbed = await expected();
    server.addFault(stalledBody({ after: 5 }));
    expect(await (await into()).complete()).toEqual(undisturbed);
  });
});

/** What makes the server refuse a COPY, and what lets it through again. */
const refusals = [
  [
    "at its beginning",
    "alter table staging.network_daily rename column network to away",
    "alter table staging.network_daily rename column away to network",
  ],
  [
    "in its midst",
    `create function refuse() returns trigger language plpgsql as $$ begin raise 'refused by a trigger'; end $$;
     create trigger refuse before insert on staging.network_daily for each row execute function refuse()`,
    "drop trigger refuse on staging.network_daily",
  ],
  [
    "at its end",
    `create function refuse() returns trigger language plpgsql as $$ begin raise 'refused by a trigger'; end $$;
     create trigger refuse after insert on staging.network_daily for each statement execute function refuse()`,
    "drop trigger refuse on staging.network_daily",
  ],
] as const;

describe("a COPY that the server refuses", () => {
  test.each(refusals)("%s fails the accounts, and the next run completes", async (_, refuse, relent) => {
    const { into, expected } = await openSyncs("linkedin", program);
    const undisturbed = await expected();
    const { url, start, complete } = await into();
    const database = openDatabase(url, { connections: 2 });
    onTestFinished(() => database.close());
    await database.pool.query(refuse);
    const startedAt = performance.now();
    const { status, said, at } = await start().ended;
    expect(said).toMatch(/the database refused the load/);
    expect(status).toBe(1);
    expect(at - startedAt).toBeLessThan(endsWithinMs);
    await database.pool.query(relent);
    expect(await complete()).toEqual(undisturbed);
  });
});

/** So many requests into a sync, facts are being copied. */
const midway = 12;

test("a COPY that the server refuses fails the slices of a night, and none keeps its place", async () => {
  const stage = await openStage("postgres");
  const { database, queues, config } = stage;
  const [, refuse, relent] = refusals[1];
  await database.pool.query(refuse);
  await openService(stage);
  const runId = await begin(config, database, queues);
  expect(await nightOver(database, runId, 120_000)).toBe("failed");
  const { rows } = await database.pool.query(
    "select distinct state, failure from ops.job where run_id = $1 and kind = 'slice' and state <> 'done'",
    [runId],
  );
  expect(rows).toEqual([
    { state: "failed", failure: expect.stringContaining("the database refused the load") as string },
  ]);
  await database.pool.query(relent);
  await retryJobs(database.pool, queues, null);
  await slicesIn(database, "done", 1);
  expect(await nightOver(database, runId, 120_000)).toBe("done");
  await expectUndisturbed(database, runId);
});

describe("a database that is lost in mid-load", () => {
  test("ends the sync with status 1, and the next run completes", async () => {
    const { server, into, expected } = await openSyncs("google", program);
    const undisturbed = await expected();
    const postgres = await startOwnPostgres();
    const { start, complete } = await into(postgres.url);
    const { ended } = start();
    await asked(server, midway);
    await postgres.end();
    const lostAt = performance.now();
    const { status, said, at } = await ended;
    expect(status, said).toBe(1);
    expect(at - lostAt).toBeLessThan(endsWithinMs);
    await postgres.begin();
    server.clearFaults();
    expect(await complete()).toEqual(undisturbed);
  });

  test("and stands still rather than breaking: an interrupt ends the sync, and the next run completes", async () => {
    const { server, into, expected } = await openSyncs("google", program);
    const undisturbed = await expected();
    const postgres = await startOwnPostgres();
    const { start, complete } = await into(postgres.url);
    const { child, ended } = start();
    await asked(server, midway);
    await postgres.freeze();
    const sentAt = performance.now();
    child.kill("SIGINT");
    const { status, said, at } = await ended;
    expect(status, said).toBe(130);
    expect(at - sentAt).toBeLessThan(endsWithinMs);
    postgres.thaw();
    server.clearFaults();
    expect(await complete()).toEqual(undisturbed);
  });
});
