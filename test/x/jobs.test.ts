import { expect, test } from "vitest";
import type { Connector, Pull } from "../../src/connectors/connector.ts";
import { stalledBody } from "../../sandbox/faults.ts";
import { xFaults, xRequests } from "../../sandbox/x/index.ts";
import { drain, failureOf } from "../support/streams.ts";
import { pullOf, startX } from "./support.ts";

const minuteMs = 60_000;

const many = { campaigns: 10, byJobs: true };
const season = (more: Partial<Pull> = {}) => pullOf("2026-09-10", "2026-11-20", more);

/** The streams of facts of a slice, in the order in which a sync reads them. */
const pullSlice = async (connector: Connector, pull: Pull) => ({
  ads: await drain(connector.performance(pull)),
  conversions: await drain(connector.conversions(pull)),
  networks: await drain(connector.networks(pull)),
  totals: await drain(connector.totals(pull)),
});

test("asks synchronously where that is few calls, and by jobs where it is many", async () => {
  const few = await startX();
  await pullSlice(few.open(), pullOf("2026-11-14", "2026-11-20"));
  expect(few.sandbox.jobs.submitted).toBe(0);
  expect(few.asked(xRequests.stats)).toBeGreaterThan(0);

  const { open, sandbox, asked } = await startX({ campaigns: 40 });
  await pullSlice(open(), season());
  expect(sandbox.jobs.submitted).toBeGreaterThan(0);
  expect(asked(xRequests.stats)).toBe(0);
});

test("submits all jobs of a slice before it waits for the first, and asks after all of them at once", async () => {
  const { open, exchanges, asked, sandbox } = await startX({ ...many, jobPolls: 2 });
  await pullSlice(open(), season());
  const kinds = exchanges.filter((each) => xRequests.submit(each) || xRequests.poll(each));
  const firstPoll = kinds.findIndex(xRequests.poll);
  expect(kinds.slice(firstPoll).some(xRequests.submit)).toBe(false);
  expect(asked(xRequests.submit)).toBe(sandbox.jobs.submitted);
  expect(asked(xRequests.poll)).toBe(3);
});

test("small accounts that use up the user's 250 calls are computed as jobs from then on", async () => {
  const { open, sandbox, asked } = await startX();
  const connector = open();
  for (let run = 0; run < 12; run += 1) await pullSlice(connector, pullOf("2026-10-22", "2026-11-20"));
  expect(sandbox.jobs.submitted).toBeGreaterThan(0);
  expect(asked(xRequests.stats)).toBeGreaterThan(100);
  expect(asked(xRequests.stats)).toBeLessThanOrEqual(250);
});

test("the same figures come from jobs as from synchronous stats", async () => {
  const { open, server, sandbox } = await startX();
  const week = () => pullOf("2026-11-14", "2026-11-20");
  const now = await pullSlice(open(), week());
  server.addFault(
    xFaults.error(429, "TOO_MANY_REQUESTS", {
      when: xRequests.stats,
      times: Infinity,
      headers: { "x-rate-limit-reset": "9999999999" },
    }),
  );
  const byJobs = await pullSlice(open(), week());
  expect(sandbox.jobs.submitted).toBeGreaterThan(0);
  const sorted = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();
  for (const stream of ["ads", "conversions", "networks", "totals"] as const)
    expect(sorted(byJobs[stream])).toEqual(sorted(now[stream]));
});

test("a job is known by id_str, however large its number, and its file is fetched unsigned from another host", async () => {
  const { open, sandbox, exchanges } = await startX(many);
  const { totals } = await pullSlice(open(), season());
  expect(totals.length).toBeGreaterThan(60);
  expect(sandbox.jobs.authorizations.length).toBeGreaterThan(0);
  expect(sandbox.jobs.authorizations.every((header) => header === undefined)).toBe(true);
  const polled = exchanges.find(xRequests.poll)?.rawQuery ?? "";
  const ids = decodeURIComponent(/job_ids=([^&]+)/.exec(polled)?.[1] ?? "").split(",");
  expect(BigInt(ids[0] ?? "0") > 2n ** 53n).toBe(true);
});

test("SUCCESS without a link is polled on", async () => {
  const { open, sandbox, asked } = await startX({ ...many, lateLinks: true });
  await pullSlice(open(), season());
  expect(asked(xRequests.submit)).toBe(sandbox.jobs.submitted);
  expect(asked(xRequests.poll)).toBeGreaterThan(1);
});

test("a job that is still there after an hour is submitted again, and given up after three more", async () => {
  const { open, server, clock, asked } = await startX(many);
  server.addFault(
    xFaults.jobs(
      (job) => {
        clock.advance(20 * minuteMs);
        return { ...job, status: "PROCESSING", url: null };
      },
      { times: Infinity },
    ),
  );
  const failure = await failureOf(drain(open().totals(season())));
  expect(failure).toMatchObject({ kind: "transient", platform: "x", accountId: "acc1demo" });
  expect(failure.message).toMatch(/report of FUNDING_INSTRUMENT.*did not finish it within an hour, 4 times/);
  expect(failure.remedy).toMatch(/later/);
  expect(asked(xRequests.submit)).toBeGreaterThanOrEqual(4);
});

test.each([
  [
    "in a state that nobody knows",
    (job: Record<string, unknown>) => ({ ...job, status: "QUEUED", url: null }),
  ],
  ["that the answer lacks", () => undefined],
])("a job %s is submitted again after an hour, and what it then gives is taken", async (_, change) => {
  const { open, server, clock, asked, sandbox } = await startX(many);
  server.addFault(
    xFaults.jobs((job) => {
      clock.advance(61 * minuteMs);
      return change(job);
    }),
  );
  const rows = await drain(open().totals(season()));
  const truth = sandbox.truth.days("acc1demo", "2026-09-10", "2026-11-20");
  expect(rows.map(({ spend }) => spend).sort()).toEqual(truth.map(({ spend }) => spend).sort());
  expect(asked(xRequests.submit)).toBeGreaterThan(1);
});

/** The file of the first job that a sandbox computes. */
const firstFile = ({ path }: { readonly path: string }): boolean => path.includes("6790.json");

test("a dead link is asked for again, and the report anew where it stays dead", async () => {
  const calm = await startX(many);
  const whole = await drain(calm.open().totals(season()));
  const usual = calm.asked(xRequests.submit);

  const once = await startX(many);
  once.results.addFault(xFaults.expiredLink({ when: firstFile }));
  expect(await drain(once.open().totals(season()))).toEqual(whole);
  expect(once.asked(xRequests.submit)).toBe(usual);

  const dead = await startX(many);
  dead.results.addFault(xFaults.expiredLink({ when: firstFile, times: Infinity }));
  expect(await drain(dead.open().totals(season()))).toEqual(whole);
  expect(dead.asked(xRequests.submit)).toBe(usual + 1);

  const gone = await startX(many);
  gone.results.addFault(xFaults.expiredLink({ times: Infinity }));
  const failure = await failureOf(drain(gone.open().totals(season())));
  expect(failure).toMatchObject({ kind: "transient" });
  expect(failure.message).toMatch(/its link was dead, 4 times/);
});

test("a file that cannot be unpacked, or stalls, is fetched again", async () => {
  const { open, results } = await startX(many);
  results.addFault(xFaults.brokenGzip());
  results.addFault(stalledBody({ when: xRequests.download }));
  const connector = open({ settings: { timeoutSeconds: 1 } });
  expect((await drain(connector.totals(season()))).length).toBeGreaterThan(60);
});

test("TOO_MANY_JOBS, an HTTP 400, is waited for and loses nothing", async () => {
  const { open, server, sandbox } = await startX(many);
  server.addFault(xFaults.tooManyJobs({ after: 2, times: 3 }));
  const { totals } = await pullSlice(open(), season());
  const truth = sandbox.truth.days("acc1demo", "2026-09-10", "2026-11-20");
  expect(totals.map(({ spend }) => spend).sort()).toEqual(truth.map(({ spend }) => spend).sort());
});

test("TOO_MANY_JOBS that never ends is given up after an hour, and says who may be at it", async () => {
  const { open, server, clock } = await startX(many);
  server.addFault({
    ...xFaults.tooManyJobs({ times: Infinity }),
    strike: (exchange) => {
      clock.advance(10 * minuteMs);
      exchange.json(400, { errors: [{ code: "TOO_MANY_JOBS", message: "Too many jobs" }] });
    },
  });
  const failure = await failureOf(drain(open().totals(season())));
  expect(failure).toMatchObject({ kind: "transient", accountId: "acc1demo" });
  expect(failure.message).toMatch(/as many reports in work for this account as it allows \(100\)/);
  expect(failure.remedy).toMatch(/program that asks for them/);
});

test("401 on the first job stops at once, rather than with every job", async () => {
  const { open, server } = await startX(many);
  server.addFault(xFaults.error(401, "UNAUTHORIZED_ACCESS", { when: xRequests.submit, times: Infinity }));
  const failure = await failureOf(drain(open().performance(season())));
  expect(failure.kind).toBe("credentials");
  // Three are under way at once.
  expect(server.requests.filter(({ method }) => method === "POST").length).toBeLessThanOrEqual(3);
});

test("a run that was cut off goes on with its jobs", async () => {
  const { open, server, asked } = await startX(many);
  const stop = new AbortController();
  server.addFault({
    name: "cut off",
    when: xRequests.poll,
    strike: (exchange) => {
      stop.abort();
      exchange.response.destroy();
    },
  });
  const cut = await failureOf(drain(open().performance(season({ signal: stop.signal }))));
  expect(cut.kind).toBe("cancelled");
  const submitted = asked(xRequests.submit);
  expect(submitted).toBeGreaterThan(1);

  const slice = await pullSlice(open(), season());
  expect(slice.ads.length).toBeGreaterThan(0);
  expect(asked(xRequests.submit)).toBe(submitted);
  // What is read is asked for anew the next time.
  await pullSlice(open(), season());
  expect(asked(xRequests.submit)).toBe(2 * submitted);
});

test("jobs from before the last day was over are not gone on with once it is", async () => {
  const { open, server, clock, asked } = await startX({ ...many, start: "2026-11-22T07:30:00Z" });
  const stop = new AbortController();
  server.addFault({
    name: "cut off",
    when: xRequests.poll,
    strike: (exchange) => {
      stop.abort();
      exchange.response.destroy();
    },
  });
  // 23:30 of the 21st in Los Angeles.
  const running = (signal?: AbortSignal) => pullOf("2026-09-10", "2026-11-21", signal ? { signal } : {});
  await failureOf(drain(open().totals(running(stop.signal))));
  const submitted = asked(xRequests.submit);
  clock.advance(60 * minuteMs);
  await drain(open().totals(running()));
  expect(asked(xRequests.submit)).toBe(2 * submitted);
});

test("jobs of an earlier run that X no longer knows are submitted anew at once", async () => {
  const { open, memory, clock, asked } = await startX(many);
  const lost = JSON.stringify({ id: "1", at: clock.now.getTime() - minuteMs });
  const rows = await drain(open({ memory: { ...memory, recall: async () => lost } }).totals(season()));
  expect(rows.length).toBeGreaterThan(60);
  expect(asked(xRequests.submit)).toBeGreaterThan(0);
});
