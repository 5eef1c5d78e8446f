import { expect, test } from "vitest";
import type { Database } from "../../src/warehouse/database.ts";
import { rollUp } from "../first-party/support.ts";
import { freshDatabase } from "../support/database.ts";
import { importText, rowsOf } from "./support.ts";

const october = { from: "2026-10-01", to: "2026-10-31" };
const leadHeader = "lead_id,created_at,stage,gclid,email_sha256,merged_into,deleted";
const saleHeader = "conversion_id,conversion_name,converted_at,value,currency,deleted";
const hash = "a".repeat(64);

const leadLine = (id: string, day: string, stage = "lead"): string =>
  `${id},${day}T10:00:00Z,${stage},Cj${id},${hash},,`;
const saleLine = (id: string, day: string, value = "10"): string =>
  `${id},purchase,${day}T10:00:00Z,${value},EUR,`;

const load = async (database: Database, kind: string, lines: readonly string[], options = {}) => {
  const outcome = await importText(database, kind, lines.join("\n"), options);
  await rollUp(database);
  return outcome;
};

const standing = async (database: Database): Promise<readonly string[]> =>
  (await rowsOf(database, "select lead_id from warehouse.lead where withdrawn_at is null order by 1")).map(
    (row) => (row as { lead_id: string }).lead_id,
  );

const changes = (database: Database) =>
  rowsOf(
    database,
    `select kind, date::text, leads::int, qualified::int, conversions::int, value::int as value
     from ops.source_change order by change_id`,
  );

const change = (kind: string, date: string, sums: Record<string, number>) => ({
  kind,
  date,
  leads: 0,
  qualified: 0,
  conversions: 0,
  value: null,
  ...sums,
});

test("a deleted lead counts nowhere, loses what leads back to a person, and comes back on its old days", async () => {
  const database = await freshDatabase();
  const line = leadLine("L1", "2026-10-05", "sql");
  await load(database, "leads", [leadHeader, line, leadLine("L2", "2026-10-06")]);
  const gone = ["lead_id,deleted", "L1,yes", "never-seen,yes"];
  expect(await load(database, "leads", gone)).toMatchObject({
    loaded: true,
    withdrawn: 1,
    inserted: 0,
    problems: [],
  });
  expect(await load(database, "leads", gone)).toMatchObject({ withdrawn: 0, changed: 0 });
  expect(await standing(database)).toEqual(["L2"]);
  expect(
    await rowsOf(database, "select gclid, email_sha256, channel from warehouse.lead where lead_id = 'L1'"),
  ).toEqual([{ gclid: null, email_sha256: null, channel: "Paid Search" }]);
  const sums = { leads: 1, qualified: 1 };
  const deleted = change("deleted", "2026-10-05", { leads: -1, qualified: -1 });
  expect(await changes(database)).toEqual([deleted]);
  expect(
    await rowsOf(database, "select numerator from marts.kpi_daily where kpi = 'cost_per_qualified_lead'"),
  ).toEqual([]);

  await load(database, "leads", [leadHeader, line]);
  expect(await standing(database)).toEqual(["L1", "L2"]);
  expect(await changes(database)).toEqual([deleted, change("restored", "2026-10-05", sums)]);
  expect(
    await rowsOf(database, "select qualified_date::text as day from warehouse.lead where lead_id = 'L1'"),
  ).toEqual([{ day: "2026-10-05" }]);
});

test("a row that is not taken back still needs all of its columns", async () => {
  const database = await freshDatabase();
  const outcome = await importText(
    database,
    "leads",
    "lead_id,deleted,merged_into\nL1,no,\nL2,perhaps,\nL3,,L3\n",
  );
  expect(outcome.problems).toEqual([
    "line 2, created_at: is missing",
    'line 3, deleted: "perhaps" is neither true nor false',
    "line 3, created_at: is missing",
    "line 4, merged_into: is the lead itself",
  ]);
});

test("a merged lead gives its survivor the earliest arrival, its visit, its stages and its sales", async () => {
  const database = await freshDatabase();
  await load(database, "leads", [
    leadHeader,
    leadLine("new", "2026-10-09"),
    leadLine("old", "2026-10-05", "sql"),
  ]);
  await load(database, "conversions", [`${saleHeader},lead_id`, `${saleLine("S1", "2026-10-20")},old`]);
  const merge = [leadHeader, "old,,,,,new,"];
  expect(await load(database, "leads", merge)).toMatchObject({ withdrawn: 1, problems: [] });
  expect(await load(database, "leads", merge)).toMatchObject({ withdrawn: 0 });
  const merged = [{ lead_id: "new", date: "2026-10-05", qualified: "2026-10-05", gclid: "Cjold" }];
  const query = "select lead_id, date::text, qualified_date::text as qualified, gclid from warehouse.lead";
  expect(await rowsOf(database, query)).toEqual(merged);
  expect(await rowsOf(database, "select lead_id from warehouse.first_party_conversion")).toEqual([
    { lead_id: "new" },
  ]);
  expect(await changes(database)).toEqual([change("merged", "2026-10-09", { leads: -1 })]);

  // Later rows of either id, and sales of the old one, belong to the survivor and move nothing.
  await load(database, "leads", [
    leadHeader,
    leadLine("old", "2026-10-05", "opportunity"),
    leadLine("new", "2026-10-09"),
  ]);
  await load(database, "conversions", [`${saleHeader},lead_id`, `${saleLine("S2", "2026-10-21")},old`]);
  expect(await rowsOf(database, query)).toEqual(merged);
  expect(await rowsOf(database, "select distinct lead_id from warehouse.first_party_conversion")).toEqual([
    { lead_id: "new" },
  ]);
  expect(await changes(database)).toHaveLength(1);
});

test("leads may be merged into one never seen, and that one into another; a circle is refused with its line", async () => {
  const database = await freshDatabase();
  await load(database, "leads", [leadHeader, leadLine("a", "2026-10-05"), leadLine("b", "2026-10-06")]);
  await load(database, "leads", [leadHeader, "a,,,,,c,", "b,,,,,c,"]);
  expect(await standing(database)).toEqual(["c"]);
  await load(database, "leads", [leadHeader, leadLine("d", "2026-10-07"), "c,,,,,d,"]);
  expect(await standing(database)).toEqual(["d"]);
  expect(await rowsOf(database, "select lead_id, alias_of from warehouse.lead_alias order by 1")).toEqual(
    ["a", "b", "c"].map((lead_id) => ({ lead_id, alias_of: "d" })),
  );
  expect(await rowsOf(database, "select date::text as day from warehouse.lead")).toEqual([
    { day: "2026-10-05" },
  ]);

  const circle = await importText(database, "leads", `${leadHeader}\nx,,,,,y,\ny,,,,,x,\n`);
  expect(circle).toMatchObject({ loaded: false });
  expect(circle.problems).toEqual([
    expect.stringMatching(/^line \d, merged_into: . and . are merged into each other/),
  ]);
});

test("a file that replaces a range withdraws the leads of these days that it does not hold, and no others", async () => {
  const database = await freshDatabase();
  const kept = [leadLine("L1", "2026-10-05", "sql"), leadLine("L3", "2026-09-30")];
  await load(database, "leads", [
    leadHeader,
    ...kept,
    leadLine("L2", "2026-10-06", "sql"),
    leadLine("L4", "2026-11-01"),
  ]);
  const whole = [leadHeader, leadLine("L1", "2026-10-05", "sql")];
  expect(await load(database, "leads", whole, { replace: october })).toMatchObject({
    withdrawn: 1,
    unchanged: 1,
  });
  expect(await standing(database)).toEqual(["L1", "L3", "L4"]);
  expect(await load(database, "leads", whole, { replace: october })).toMatchObject({ withdrawn: 0 });
  expect(await changes(database)).toEqual([change("withdrawn", "2026-10-06", { leads: -1, qualified: -1 })]);
});

test("a dry run withdraws nothing and says how much it would; a file without rows would withdraw all and is refused", async () => {
  const database = await freshDatabase();
  await load(database, "leads", [leadHeader, leadLine("L1", "2026-10-05"), leadLine("L2", "2026-10-06")]);
  const one = [leadHeader, leadLine("L1", "2026-10-05")];
  expect(await load(database, "leads", one, { replace: october, dryRun: true })).toMatchObject({
    withdrawn: 1,
  });
  const empty = await load(database, "leads", [leadHeader], { replace: october });
  expect(empty).toMatchObject({ loaded: false, problems: [expect.stringMatching(/holds no row/)] });
  expect(await standing(database)).toEqual(["L1", "L2"]);
});

test("the days of a replaced range are those of the configured zone", async () => {
  const database = await freshDatabase();
  await load(database, "leads", ["lead_id,created_at", "L1,2026-10-31T23:30:00Z", "L2,2026-09-30T22:30:00Z"]);
  await load(database, "leads", ["lead_id,created_at", "L3,2026-10-15T10:00:00Z"], { replace: october });
  expect(await standing(database)).toEqual(["L1", "L3"]);
});

test("conversions are retracted, revalued and counted again, each told by day", async () => {
  const database = await freshDatabase();
  await load(database, "conversions", [
    saleHeader,
    saleLine("S1", "2026-10-05"),
    saleLine("S2", "2026-10-05", "7"),
  ]);
  await load(database, "conversions", [saleHeader, saleLine("S1", "2026-10-05", "15")]);
  await load(database, "conversions", [saleHeader, saleLine("S1", "2026-10-08", "15")]);
  await load(database, "conversions", ["conversion_id,deleted", "S2,1"]);
  await load(database, "conversions", [saleHeader, saleLine("S1", "2026-10-08", "15")], { replace: october });
  await load(database, "conversions", [saleHeader, saleLine("S2", "2026-10-05", "7")], { replace: october });
  expect(await changes(database)).toEqual([
    change("revalued", "2026-10-05", { value: 5 }),
    change("corrected", "2026-10-05", { conversions: -1, value: -15 }),
    change("corrected", "2026-10-08", { conversions: 1, value: 15 }),
    change("retracted", "2026-10-05", { conversions: -1, value: -7 }),
    change("restored", "2026-10-05", { conversions: 1, value: 7 }),
    change("withdrawn", "2026-10-08", { conversions: -1, value: -15 }),
  ]);
  expect(await rowsOf(database, "select date::text, conversions::int from marts.channel_daily")).toEqual([
    { date: "2026-10-05", conversions: 1 },
  ]);
  expect(
    await rowsOf(
      database,
      "select conversion_id, rule from marts.excluded_conversions where rule = 'retracted'",
    ),
  ).toEqual([{ conversion_id: "S1", rule: "retracted" }]);
});

test("an order whose first conversion is taken back is counted by the next one", async () => {
  const database = await freshDatabase();
  const header = "conversion_id,conversion_name,converted_at,order_id,deleted";
  const line = (id: string, deleted = "") => `${id},purchase,2026-10-05T1${id.slice(1)}:00:00Z,O1,${deleted}`;
  await load(database, "conversions", [header, line("S1"), line("S2")]);
  const ruled = "select conversion_id from marts.excluded_conversions where rule = 'duplicate_order'";
  expect(await rowsOf(database, ruled)).toEqual([{ conversion_id: "S2" }]);
  await load(database, "conversions", [header, line("S1", "true")]);
  expect(await rowsOf(database, ruled)).toEqual([]);
});

test("a wrong date of a qualification is mended with correct, and the moved day is told", async () => {
  const database = await freshDatabase();
  const header = "lead_id,created_at,qualified_at,score,score_at";
  const line = (day: string) => `L1,2026-10-01T10:00:00Z,2026-${day}T10:00:00Z,10,2026-${day}T10:00:00Z`;
  await load(database, "leads", [header, line("10-03")]);
  await load(database, "leads", [header, line("10-20")]);
  const qualified = "select qualified_date::text as day from warehouse.lead";
  expect(await rowsOf(database, qualified)).toEqual([{ day: "2026-10-03" }]);
  await load(database, "leads", [header, line("10-20")], { correct: true });
  expect(await rowsOf(database, qualified)).toEqual([{ day: "2026-10-20" }]);
  expect(await rowsOf(database, "select at::date::text as day from warehouse.lead_score")).toEqual([
    { day: "2026-10-20" },
  ]);
  expect(await changes(database)).toEqual([
    change("corrected", "2026-10-03", { qualified: -1 }),
    change("corrected", "2026-10-20", { qualified: 1 }),
  ]);
});

test("a source's deleted lead goes on counting where it is kept, on its channel, and its days are no file's to replace", async () => {
  const database = await freshDatabase();
  const crm = { sourceName: "crm", keepDeleted: true };
  await load(database, "leads", [leadHeader, leadLine("crm:1", "2026-10-05", "sql")], crm);
  await load(database, "leads", ["lead_id,deleted", "crm:1,true"], crm);
  await load(database, "leads", [leadHeader, leadLine("L1", "2026-10-06")], { replace: october });
  await rollUp(database, { classify: { ownHosts: new Set(["example.com"]) } });
  expect(await standing(database)).toEqual(["L1", "crm:1"]);
  expect(
    await rowsOf(
      database,
      "select channel, gclid, email_sha256, qualified_date::text as day from warehouse.lead where lead_id = 'crm:1'",
    ),
  ).toEqual([{ channel: "Paid Search", gclid: null, email_sha256: null, day: "2026-10-05" }]);
  expect(await changes(database)).toEqual([]);
});
