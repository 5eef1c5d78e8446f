import { expect, onTestFinished, test } from "vitest";
import { askForNight } from "../../src/jobs/asked-night.ts";
import { lastDue, scheduleOf } from "../../src/domain/schedule.ts";
import { missedNight, noteSchedule } from "../../src/jobs/night.ts";
import { openWeb } from "../../src/web/server.ts";
import { openBackend, silent } from "./backends.ts";
import { configOf, nightOver, openSandbox, openService } from "./night-support.ts";
import { clock } from "./pace.ts";

const token = "a-token-of-the-operator";

test("a night that is asked for on the page is drained by the workers, and a second one is refused meanwhile", async () => {
  const sandbox = await openSandbox();
  const { database, queues } = await openBackend("postgres");
  const config = configOf(sandbox);
  const { pool } = database;
  const web = await openWeb({
    config: {
      web: { host: "127.0.0.1", port: 0, token },
      schedule: config.schedule,
      timezone: config.timezone,
    },
    db: database.db,
    log: silent,
    nights: { begin: () => askForNight({ pool, queues, log: silent, config, now: clock() }) },
  });
  onTestFinished(() => web.close());
  const call = async (method: string, path: string) => {
    const answer = await fetch(web.url + path, { method, headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  const begun = await call("POST", "/api/nights");
  expect(begun.status).toBe(200);
  const second = await call("POST", "/api/nights");
  expect(second).toEqual({
    status: 409,
    body: { error: "a night is under way", remedy: expect.stringContaining("wait for its end") as string },
  });
  expect(await call("GET", "/api/session")).toMatchObject({
    body: { night: { may_begin: true, running: { done: 0, all: expect.any(Number) as number } } },
  });

  await openService({ config, database, queues });
  expect(await nightOver(database, String(begun.body["run"]))).toBe("done");
  const { rows } = await pool.query<{ days: number }>(
    "select count(*)::int as days from ops.account_day where state = 'complete'",
  );
  expect(rows[0]?.days).toBeGreaterThan(0);
  expect(await call("GET", "/api/session")).toMatchObject({ body: { night: { running: null } } });
  // The schedule goes on as if nobody had asked: what was due before is not caught up, what comes is begun.
  const schedule = scheduleOf(config);
  await noteSchedule(pool, schedule, new Date(0));
  const { at } = lastDue(schedule, clock());
  expect(await missedNight(pool, clock())).toBeUndefined();
  const next = new Date(at.getTime() + 400 * 86_400_000);
  expect((await missedNight(pool, next))?.at.getTime()).toBeGreaterThan(clock().getTime());
});
