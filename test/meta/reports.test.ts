import { expect, test } from "vitest";
import { Failure } from "../../src/domain/failure.ts";
import { requests } from "../../sandbox/meta/faults.ts";
import { metaFaults } from "../../sandbox/meta/index.ts";
import { connectionReset } from "../../sandbox/faults.ts";
import type { Exchange, Fault } from "../../sandbox/server.ts";
import { all, type Bench, bench, present } from "./support.ts";

const day = { from: "2026-11-03", to: "2026-11-03" };
const week = { from: "2026-11-01", to: "2026-11-07" };

const failureOf = async (work: Promise<unknown>): Promise<Failure> => {
  const error: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(Failure);
  return error as Failure;
};

const ads = ({ connector, pull }: Bench, range = day) => all(connector.performance(pull(range)));
const started = ({ server }: Bench): number =>
  server.requests.filter(({ method }) => method === "POST").length;
const sorted = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).toSorted();

const parameter = (exchange: Exchange, name: string): string =>
  new URLSearchParams(exchange.body).get(name) ?? new URLSearchParams(exchange.rawQuery).get(name) ?? "";

/** Refuses reports by ad that cover more days or more ids than the limit allows. */
const tooLarge = (
  fits: (range: { since: string; until: string }, ids: readonly string[]) => boolean,
): Fault =>
  metaFaults.tooMuchData({
    times: Infinity,
    when: (exchange) => {
      if (!requests.start(exchange) || !parameter(exchange, "fields").includes("spend")) return false;
      const filters = JSON.parse(parameter(exchange, "filtering")) as { field: string; value: string[] }[];
      const ids = filters.find(({ field }) => field.endsWith(".id"))?.value ?? [];
      return !fits(JSON.parse(parameter(exchange, "time_range")) as { since: string; until: string }, ids);
    },
  });

test.each<[string, Fault, number]>([
  ["a run that is not known yet is asked for again", metaFaults.unknownRun({ times: 2 }), 1],
  ["completed below 100 % is not done", metaFaults.completedEarly({ times: 2 }), 1],
  ["a run at 99 % is waited for", metaFaults.stuckAt(99, { times: 2 }), 1],
  ["a skipped run is asked for once more", metaFaults.jobSkipped(), 2],
  [
    "a run that failed in passing is asked for twice more",
    metaFaults.jobFailed({ code: -2, subcode: 2490547 }, { times: 2 }),
    3,
  ],
  ["a run that failed without a reason is asked for once more", metaFaults.jobFailed(undefined), 2],
  ["a row that comes twice counts once", metaFaults.duplicateRow(), 1],
  [
    "a connection that breaks while the state is asked for is made again",
    connectionReset({ when: requests.state }),
    1,
  ],
])("%s", async (_title, fault, runs) => {
  const quiet = await bench();
  const bed = await bench();
  bed.server.addFault(fault);
  expect(sorted(await ads(bed))).toEqual(sorted(await ads(quiet)));
  expect(started(bed)).toBe(runs);
});

test("a run that keeps failing in passing fails the slice, to be tried again later", async () => {
  const bed = await bench();
  bed.server.addFault(metaFaults.jobFailed({ code: -2, subcode: 2490547 }, { times: Infinity }));
  expect(await failureOf(ads(bed))).toMatchObject({ kind: "transient", code: "-2/2490547" });
  expect(started(bed)).toBe(3);
});

test.each([
  ["did not start", 0, 6],
  ["did not finish", 50, 61],
])("a run that %s is given up", async (why, percent, minutes) => {
  let now = present;
  const bed = await bench({ clock: () => now });
  bed.server.addFault({
    ...metaFaults.stuckAt(percent),
    strike: (exchange, answer) => {
      now = new Date(present.getTime() + minutes * 60_000);
      return metaFaults.stuckAt(percent).strike(exchange, answer);
    },
  });
  const failure = await failureOf(ads(bed));
  expect(failure).toMatchObject({ kind: "transient" });
  expect(failure.message).toContain(why);
  expect(started(bed)).toBe(1);
});

test("a run that the platform has forgotten is computed once more, then given up", async () => {
  let now = present;
  const bed = await bench({ clock: () => now });
  const forgotten = metaFaults.unknownRun({ times: Infinity });
  bed.server.addFault({
    ...forgotten,
    strike: (exchange, answer) => {
      now = new Date(now.getTime() + 61_000);
      return forgotten.strike(exchange, answer);
    },
  });
  expect(await failureOf(ads(bed))).toMatchObject({ kind: "transient" });
  expect(started(bed)).toBe(2);
});

test("a result that is gone when it is read is computed anew by the next attempt", async () => {
  const bed = await bench();
  const slice = bed.pull(day);
  bed.server.addFault(metaFaults.error({ code: 100, subcode: 33 }, { when: requests.result }));
  expect(await failureOf(all(bed.connector.performance(slice)))).toMatchObject({ kind: "transient" });
  expect((await all(bed.connector.performance(slice))).length).toBeGreaterThan(10);
});

test.each<[string, Fault]>([
  ["refused when asked for", tooLarge(({ since, until }) => since === until)],
  ["failed as too large", metaFaults.jobFailed({ code: -3, subcode: 1504045 }, { times: 2 })],
  [
    "refused by words alone",
    metaFaults.error(
      { code: 1, message: "Please reduce the amount of data you're asking for" },
      { when: requests.start, times: 2 },
    ),
  ],
  ["skipped again and again", metaFaults.jobSkipped({ times: 2 })],
])("a report %s is asked for in fewer days, and is the same in the end", async (_title, fault) => {
  const whole = await ads(await bench(), week);
  const bed = await bench();
  bed.server.addFault(fault);
  expect(sorted(await ads(bed, week))).toEqual(sorted(whole));
  expect(started(bed)).toBeGreaterThan(2);
});

test("a day too large is cut into campaigns, ad sets and ads under the same status filter", async () => {
  const whole = await ads(await bench());
  const bed = await bench();
  bed.server.addFault(tooLarge((_range, ids) => ids.length > 0 && ids.length <= 2));
  expect(sorted(await ads(bed))).toEqual(sorted(whole));
  const reports = bed.heard
    .filter(({ body }) => body.includes("spend"))
    .map(({ body }) => new URLSearchParams(body).get("filtering"));
  expect(reports.every((filter) => filter?.includes("ad.effective_status"))).toBe(true);
});

test("a report that fits no single ad fails whole rather than in part", async () => {
  const bed = await bench();
  bed.server.addFault(tooLarge(() => false));
  expect(await failureOf(ads(bed))).toMatchObject({ kind: "data", code: "100/1487534" });
});

test("a split by network that is too large is left out, with a warning", async () => {
  const bed = await bench();
  bed.server.addFault(tooLarge(() => false));
  expect(await all(bed.connector.networks(bed.pull(day)))).toEqual([]);
  expect(bed.logs.join("")).toContain("split by network is too large");
});

test("result pages that are too large are read in smaller ones", async () => {
  const whole = await ads(await bench(), week);
  const bed = await bench();
  bed.server.addFault(
    metaFaults.tooMuchData({
      times: Infinity,
      when: (exchange) => requests.result(exchange) && Number(parameter(exchange, "limit")) > 100,
    }),
  );
  expect(sorted(await ads(bed, week))).toEqual(sorted(whole));
  expect(started(bed)).toBe(1);
});

test("a result that no page size makes readable is computed again in parts", async () => {
  const whole = await ads(await bench(), week);
  const bed = await bench();
  const first = { id: "" };
  bed.server.addFault(
    metaFaults.tooMuchData({
      times: Infinity,
      when: (exchange) => requests.result(exchange) && (first.id ||= exchange.path) === exchange.path,
    }),
  );
  expect(sorted(await ads(bed, week))).toEqual(sorted(whole));
  expect(started(bed)).toBe(3);
});

test("totals that are too large are asked for in fewer days", async () => {
  const bed = await bench();
  const whole = await all(bed.connector.totals(bed.pull(week)));
  const limits: string[] = [];
  bed.server.addFault(
    metaFaults.tooMuchData({
      times: Infinity,
      when: (exchange) => {
        limits.push(parameter(exchange, "limit"));
        const { since, until } = JSON.parse(parameter(exchange, "time_range")) as Record<string, string>;
        return since !== until;
      },
    }),
  );
  expect(sorted(await all(bed.connector.totals(bed.pull(week))))).toEqual(sorted(whole));
  expect(limits).toContain("10");
});

test("pages that lead back to themselves end in a failure, not in a loop or in a part", async () => {
  const bed = await bench();
  bed.server.addFault({
    name: "endless pages",
    when: requests.result,
    times: Infinity,
    strike: (exchange) =>
      exchange.json(200, { data: [], paging: { cursors: { after: "x" }, next: "https://example.com/" } }),
  });
  expect(await failureOf(ads(bed))).toMatchObject({ kind: "data" });
});

test.each([
  ["another currency", { account_currency: "SEK" }, /SEK/],
  ["a day that was not asked for", { date_start: "2026-10-01", date_stop: "2026-10-01" }, /not asked for/],
  ["no ad", { ad_id: undefined }, /ad_id/],
  ["a figure that is none", { spend: "12,50" }, /spend is not a number/],
  ["two days", { date_stop: "2026-11-04" }, /single days/],
  ["half a range", { date_stop: undefined }, /date_stop/],
])("a row with %s fails the slice by name", async (_title, wrong, said) => {
  const bed = await bench();
  const row = {
    ...day,
    date_start: day.from,
    date_stop: day.to,
    campaign_id: "1",
    adset_id: "2",
    ad_id: "3",
  };
  bed.server.addFault({
    name: "wrong row",
    when: requests.result,
    strike: (exchange) => exchange.json(200, { data: [{ ...row, ...wrong }] }),
  });
  const failure = await failureOf(ads(bed));
  expect(failure.kind).toBe("data");
  expect(failure.message).toMatch(said);
});

test("a sparse row counts as no clicks, fractional conversions stay exact, ids beyond doubles stay whole", async () => {
  const bed = await bench();
  const id = "120200000000000003";
  bed.server.addFault({
    name: "sparse row",
    when: requests.result,
    times: 2,
    strike: (exchange) =>
      exchange.text(
        200,
        `{"data":[{"date_start":"${day.from}","date_stop":"${day.from}","spend":"0","impressions":"0","campaign_id":${id},"adset_id":"2","ad_id":${id},"novelty":{},` +
          `"actions":[{"action_type":"omni_purchase","value":"9","7d_click":"0.333333"}]}]}`,
      ),
  });
  const slice = bed.pull(day);
  expect(await all(bed.connector.performance(slice))).toEqual([
    { date: day.from, campaignId: id, adGroupId: "2", adId: id, spend: "0", impressions: "0", clicks: "0" },
  ]);
  expect(await all(bed.connector.conversions(slice))).toMatchObject([
    { actionId: "omni_purchase", attribution: "7d_click", conversions: "0.333333", conversionValue: "0" },
  ]);
});
