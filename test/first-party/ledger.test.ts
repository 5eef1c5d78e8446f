import { expect, test } from "vitest";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";
import { load, rollUp } from "./support.ts";

const rule = { qualifiedStage: "marketing_qualified", qualifiedScore: "50" } as const;

/** One night: files are imported and the marts rolled up; faults in them fail the test. */
const night = async (
  database: Database,
  files: { readonly leads?: readonly string[]; readonly conversions?: readonly string[] },
  settings: Parameters<typeof rollUp>[1] = rule,
): Promise<void> => {
  for (const [kind, lines] of Object.entries(files)) await load(database, kind, ...lines);
  await rollUp(database, settings);
};

const leadsOn = async (database: Database, column = "date"): Promise<Record<string, number>> => {
  const { rows } = await database.pool.query<{ day: string; count: number }>(
    `select ${column}::text as day, count(*)::int as count from warehouse.lead
     where withdrawn_at is null and ${column} is not null group by 1 order by 1`,
  );
  return Object.fromEntries(rows.map(({ day, count }) => [day, count]));
};

const qualifiedOn = (database: Database) => leadsOn(database, "qualified_date");

/** Qualified leads by day as the KPIs count them. */
const countedOn = async (database: Database): Promise<Record<string, number>> => {
  const { rows } = await database.pool.query<{ day: string; count: number }>(
    `select date::text as day, numerator::int as count from marts.kpi_daily
     where kpi = 'qualification_rate' and dimensions = '{}' and numerator > 0 order by 1`,
  );
  return Object.fromEntries(rows.map(({ day, count }) => [day, count]));
};

const won = async (database: Database): Promise<readonly unknown[]> =>
  (
    await database.pool.query(
      `select c.date::text, c.quantity::float8 as conversions, c.value::float8 as value
       from warehouse.first_party_conversion c left join marts.excluded_conversions e using (conversion_id)
       where e.rule is distinct from 'retracted' order by 1`,
    )
  ).rows;

const changes = async (database: Database): Promise<readonly unknown[]> =>
  (
    await database.pool.query(
      `select kind, date::text, leads::int, qualified::int, customers::int, conversions::int, value::float8 as value
       from ops.source_change order by change_id`,
    )
  ).rows;

const change = (kind: string, date: string | null, sums: Record<string, number | null>) => ({
  kind,
  date,
  leads: 0,
  qualified: 0,
  customers: 0,
  conversions: 0,
  value: null,
  ...sums,
});

const header = "lead_id,created_at,stage,stage_at,score,score_at,merged_into";
const deals = "conversion_id,conversion_name,converted_at,value,currency,lead_id,deleted";

test("the worked example comes out night by night: qualifications stay, a won deal follows the books", async () => {
  const database = await freshDatabase();
  const first = "51201,2026-11-01T23:30:00Z";
  const second = "51202,2026-11-02T09:00:00Z,lead";
  const third = "51203,2026-11-02T10:00:00Z,lead,,,,";
  const deal = (at: string, value: string) => `9,deal_won,${at},${value},EUR,51201,`;

  await night(database, { leads: [header, `${first},lead,,,,`, `${second},,,,`, third] });
  await night(database, { leads: [header, `${first},marketing_qualified,2026-11-05T11:00:00Z,,,`] });
  await night(database, { leads: [header, `${second},,60,2026-11-06T12:00:00Z,`] });
  await night(database, { leads: [header, `${second},,30,2026-11-09T12:00:00Z,`] });
  expect(await leadsOn(database)).toEqual({ "2026-11-02": 3 });
  expect(await qualifiedOn(database)).toEqual({ "2026-11-05": 1, "2026-11-06": 1 });
  expect(await won(database)).toEqual([]);
  expect(await changes(database)).toEqual([]);

  await night(database, { leads: [header, "51203,,,,,,51202"] });
  expect(await leadsOn(database)).toEqual({ "2026-11-02": 2 });
  expect(await qualifiedOn(database)).toEqual({ "2026-11-05": 1, "2026-11-06": 1 });
  const merged = change("merged", "2026-11-02", { leads: -1 });
  expect(await changes(database)).toEqual([merged]);

  await night(database, { leads: [header, `${first},lead,2026-11-12T08:00:00Z,,,`] });
  await night(database, { conversions: [deals, deal("2026-11-15T10:00:00Z", "1000")] });
  expect(await won(database)).toEqual([{ date: "2026-11-15", conversions: 1, value: 1000 }]);

  await night(database, { conversions: [deals, "9,,,,,,true"] });
  expect(await won(database)).toEqual([]);
  const retracted = change("retracted", "2026-11-15", { conversions: -1, value: -1000 });
  expect(await changes(database)).toEqual([merged, retracted]);

  await night(database, { leads: [header, `${first},marketing_qualified,2026-11-20T08:00:00Z,,,`] });
  expect(await qualifiedOn(database)).toEqual({ "2026-11-05": 1, "2026-11-06": 1 });
  expect(await countedOn(database)).toEqual({ "2026-11-05": 1, "2026-11-06": 1 });

  await night(database, { conversions: [deals, deal("2026-11-25T10:00:00Z", "900")] });
  expect(await won(database)).toEqual([{ date: "2026-11-25", conversions: 1, value: 900 }]);
  const restored = change("restored", "2026-11-25", { conversions: 1, value: 900 });
  expect(await changes(database)).toEqual([merged, retracted, restored]);
  expect(await leadsOn(database)).toEqual({ "2026-11-02": 2 });

  // Every night again, in any order, moves nothing.
  await night(database, {
    leads: [header, "51203,,,,,,51202", `${second},,30,2026-11-09T12:00:00Z,`, third],
    conversions: [deals, deal("2026-11-25T10:00:00Z", "900")],
  });
  expect(await leadsOn(database)).toEqual({ "2026-11-02": 2 });
  expect(await changes(database)).toHaveLength(3);
});

test("a score that rises at an unchanged stage is booked when it rose, and never on the day of the old stage", async () => {
  const database = await freshDatabase();
  const scored = "lead_id,created_at,stage,stage_at,score";
  const lead = "L1,2026-11-01T10:00:00Z,lead,2026-11-02T10:00:00Z";
  await night(database, { leads: [scored, `${lead},10`] });
  expect(await qualifiedOn(database)).toEqual({});
  await night(database, { leads: [scored, `${lead},90`] });
  const { rows } = await database.pool.query<{ today: string }>(
    "select (now() at time zone 'Europe/Copenhagen')::date::text as today",
  );
  const booked = { [rows[0]?.today ?? ""]: 1 };
  expect(await qualifiedOn(database)).toEqual(booked);
  await night(database, { leads: [scored, `${lead},20`] });
  expect(await qualifiedOn(database)).toEqual(booked);
  expect((await database.pool.query("select score::int from warehouse.lead_score order by 1")).rows).toEqual([
    { score: 10 },
    { score: 90 },
  ]);
});

test("a stage without its own time counts from the lead's arrival when it is new, and from its import when it is known", async () => {
  const database = await freshDatabase();
  const staged = "lead_id,created_at,stage";
  await night(database, { leads: [staged, "L1,2026-10-01T10:00:00Z,sql", "L2,2026-10-01T10:00:00Z,lead"] });
  expect(await qualifiedOn(database)).toEqual({ "2026-10-01": 1 });
  await night(database, { leads: [staged, "L2,2026-10-01T10:00:00Z,sql"] });
  const days = await qualifiedOn(database);
  expect(days["2026-10-01"]).toBe(1);
  expect(Object.keys(days)).toHaveLength(2);
});

test("a qualification that is stated later, or no longer, stays on its first day; an earlier one is logged as backdated", async () => {
  const database = await freshDatabase();
  const stated = "lead_id,created_at,qualified_at";
  const lead = (at: string) => [stated, `L1,2026-11-01T10:00:00Z,${at}`];
  await night(database, { leads: lead("2026-11-05T10:00:00Z") });
  await night(database, { leads: lead("2026-11-09T10:00:00Z") });
  await night(database, { leads: lead("") });
  expect(await qualifiedOn(database)).toEqual({ "2026-11-05": 1 });
  expect(await changes(database)).toEqual([]);
  await night(database, { leads: lead("2026-11-03T10:00:00Z") });
  expect(await qualifiedOn(database)).toEqual({ "2026-11-03": 1 });
  expect(await changes(database)).toEqual([
    change("backdated", "2026-11-03", { qualified: 1 }),
    change("backdated", "2026-11-05", { qualified: -1 }),
  ]);
});

test("a changed rule books every day anew from what is stored, and is logged in one line", async () => {
  const database = await freshDatabase();
  await night(database, {
    leads: [
      "lead_id,created_at,stage,score,score_at",
      "L1,2026-11-01T10:00:00Z,lead,40,2026-11-03T10:00:00Z",
      "L1,2026-11-01T10:00:00Z,lead,60,2026-11-05T10:00:00Z",
      "L1,2026-11-01T10:00:00Z,lead,20,2026-11-06T10:00:00Z",
      "L2,2026-11-01T10:00:00Z,lead,40,2026-11-03T10:00:00Z",
    ],
  });
  expect(await qualifiedOn(database)).toEqual({ "2026-11-05": 1 });
  await rollUp(database, { ...rule, qualifiedScore: "40" });
  expect(await qualifiedOn(database)).toEqual({ "2026-11-03": 2 });
  expect(await changes(database)).toEqual([change("reconfigured", null, { qualified: 1 })]);
  await rollUp(database, rule);
  expect(await qualifiedOn(database)).toEqual({ "2026-11-05": 1 });
  await rollUp(database, rule);
  expect(await changes(database)).toHaveLength(2);
});
