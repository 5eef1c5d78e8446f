import { expect, onTestFinished, test } from "vitest";
import { queuePrefix } from "../../src/jobs/installation.ts";
import { openQueues } from "../../src/jobs/queue.ts";
import { listJobs, retryJobs } from "../../src/jobs/retry.ts";
import type { WebOptions } from "../../src/web/server.ts";
import type { Health } from "../../src/web/api/health-answers.ts";
import type { freshDatabase } from "../support/database.ts";
import { silentLog, startWeb } from "../support/web.ts";

type Fresh = Awaited<ReturnType<typeof freshDatabase>>;

/** A night of which two slices were given up, and the queue that they go back into. */
const jobsOf = async ({ pool, url }: Fresh): Promise<WebOptions["jobs"]> => {
  await pool.query(`
    with run as (insert into ops.run (command, plan, outcome, finished_at) values ('night', 'x', 'failed', now()) returning run_id),
         night as (insert into ops.night select run_id, 'x', now(), now() + interval '1 hour' from run)
    insert into ops.job (job_id, run_id, kind, platform, account_id, from_date, to_date, state, attempts, failure_kind, failure, remedy)
    select 'slice-' || n, run_id, 'slice', 'google', '100000000' || n, '2026-11-01', '2026-11-20', 'failed', 5,
           'transient', 'the platform answers 500', 'wait a while'
    from run, generate_series(1, 2) as n`);
  const queues = await openQueues({
    redisUrl: undefined,
    databaseUrl: url,
    prefix: await queuePrefix(pool),
    log: silentLog,
  });
  onTestFinished(() => queues.close());
  return {
    failed: () => listJobs(pool, "failed"),
    retry: (id) => retryJobs(pool, queues, id),
  };
};

const token = "open-sesame";
const bearer = { authorization: `Bearer ${token}` };
const options = { token, jobsOf };

const retry = (url: string, body: unknown, headers: Record<string, string> = bearer): Promise<Response> =>
  fetch(`${url}/api/jobs/retry`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

const failedOf = async (url: string): Promise<Health["jobs"]> =>
  ((await (await fetch(`${url}/api/health`, { headers: bearer })).json()) as Health).jobs;

test("failed jobs are listed and put back to work, one or all", async () => {
  const { url, database } = await startWeb(options);
  const listed = await failedOf(url);
  expect(listed?.may_retry).toBe(true);
  expect(listed?.failed.map(({ job_id }) => job_id).toSorted()).toEqual(["slice-1", "slice-2"]);
  expect(listed?.failed[0]).toMatchObject({ failure: "the platform answers 500", from: "2026-11-01" });

  const one = await retry(url, { job: "slice-1" });
  expect([one.status, await one.json()]).toEqual([200, { jobs: ["slice-1"] }]);
  const { rows } = await database.pool.query<{ state: string }>(
    "select state from ops.job where job_id = 'slice-1'",
  );
  expect(rows[0]?.state).not.toBe("failed");
  expect((await failedOf(url))?.failed).toHaveLength(1);

  expect(await (await retry(url, { all: true })).json()).toEqual({ jobs: ["slice-2"] });
  expect((await retry(url, { job: "slice-2" })).status).toBe(404);
});

test.each([
  ["without a token", { job: "slice-1" }, {}, 401],
  ["from another site", { job: "slice-1" }, { ...bearer, origin: "https://evil.example" }, 403],
  ["with a body that says nothing", {}, bearer, 400],
  ["as a form", { job: "slice-1" }, { ...bearer, "content-type": "application/x-www-form-urlencoded" }, 415],
])("a retry %s is refused", async (_title, body, headers, status) => {
  const { url } = await startWeb(options);
  expect((await retry(url, body, headers as Record<string, string>)).status).toBe(status);
  expect((await failedOf(url))?.failed).toHaveLength(2);
});

test("nobody puts jobs back where no token is configured", async () => {
  const { url } = await startWeb({ jobsOf });
  expect((await failedOf(url))?.may_retry).toBe(false);
  const answer = await retry(url, { all: true }, {});
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({
    remedy: expect.stringContaining("costper jobs retry") as string,
  });
  expect((await failedOf(url))?.failed).toHaveLength(2);
});

test("a process without a queue leaves the part out and says where to go", async () => {
  const { url } = await startWeb({ token: options.token });
  expect(await failedOf(url)).toBeNull();
  expect((await retry(url, { all: true })).status).toBe(409);
});

test("calls, pauses and ends of tokens are told, the tokens themselves are not", async () => {
  const { url, database } = await startWeb();
  await database.pool.query(`
    insert into ops.usage values ('google', (now() at time zone 'UTC')::date, 1200, 3), ('google', '2020-01-01', 9, 0);
    insert into ops.pause values ('meta', '', now() + interval '1 hour'), ('google', '1', now() - interval '1 hour');
    insert into ops.credential (key, secret, expires_at) values ('linkedin:abc', 'hush-hush', now() + interval '9 days')`);
  const text = await (await fetch(`${url}/api/health`)).text();
  expect(text).not.toContain("abc");
  expect(text).not.toContain("hush");
  const { usage, pauses, credentials } = JSON.parse(text) as Health;
  expect(usage).toMatchObject([{ platform: "google", calls: "1200", refused: "3" }]);
  expect(pauses).toMatchObject([{ platform: "meta", account_id: null }]);
  expect(credentials).toMatchObject([{ platform: "linkedin" }]);
});
