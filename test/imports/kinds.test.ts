import { expect, test } from "vitest";
import { freshDatabase } from "../support/database.ts";
import { importText, rowsOf } from "./support.ts";

const costHeader = "period_start,period_end,cost_class,amount,currency";

test("a cost imported twice counts once, and one that changed replaces the old one", async () => {
  const database = await freshDatabase();
  const content = `${costHeader},external_id\n2026-11-01,2026-11-30,tool,100,DKK,INV-1\n2026-11-01,2026-11-30,tool,50,DKK,\n`;
  expect(await importText(database, "costs", content)).toMatchObject({ inserted: 2 });
  expect(await importText(database, "costs", content)).toMatchObject({ inserted: 0, unchanged: 2 });
  const changed = content.replace("100", "120").replace("50,DKK", "60,DKK");
  expect(await importText(database, "costs", changed)).toMatchObject({ inserted: 0, changed: 2 });
  expect(await rowsOf(database, "select sum(amount) from warehouse.cost")).toEqual([{ sum: "180.000000" }]);
});

test("equal bookings without an id of their own both count, once each", async () => {
  const database = await freshDatabase();
  const content = `${costHeader}\n${"2026-11-01,2026-11-30,tool,100,DKK\n".repeat(2)}`;
  await importText(database, "costs", content);
  await importText(database, "costs", content);
  expect(await rowsOf(database, "select sum(amount) from warehouse.cost")).toEqual([{ sum: "200.000000" }]);
});

test("a cost on an account needs its platform", async () => {
  const database = await freshDatabase();
  const outcome = await importText(
    database,
    "costs",
    `${costHeader},account_id\n2026-11-01,2026-11-30,ad_spend,100,DKK,123\n`,
  );
  expect(outcome.problems).toEqual(["line 2, platform: is missing, while account_id is given"]);
});

test("a booking is spread over its days and adds up to its amount exactly", async () => {
  const database = await freshDatabase();
  const lengths = [28, 29, 30, 31, 1, 365];
  const lines = lengths.map(
    (days, index) =>
      `2026-01-01,${new Date(Date.UTC(2026, 0, days)).toISOString().slice(0, 10)},tool,${String(1000 + index)}.0${String(index)},EUR,${String(days)}`,
  );
  await importText(database, "costs", `${costHeader},external_id\n${lines.join("\n")}\n`);
  expect(
    await rowsOf(
      database,
      `select count(*) from warehouse.cost c where amount <> (select sum(d.amount) from warehouse.cost_daily d where d.cost_key = c.cost_key)`,
    ),
  ).toEqual([{ count: "0" }]);
  expect(await rowsOf(database, "select count(*) from warehouse.cost_daily")).toEqual([
    { count: String(lengths.reduce((sum, days) => sum + days, 0)) },
  ]);
});

test("leads: a missing date, a time without offset and a plain hash are refused by line", async () => {
  const database = await freshDatabase();
  const outcome = await importText(
    database,
    "leads",
    "lead_id,created_at,stage,email_sha256\nL1,,lead,\nL2,2026-11-01T10:00,lead,\nL3,2026-11-01,lead,\nL4,2026-11-01T10:00:00Z,led,abc\n",
  );
  expect(outcome.problems).toEqual([
    "line 2, created_at: is missing",
    expect.stringMatching(/^line 3, created_at: .*has no offset from UTC.*2026-11-01T10:00\+01:00/),
    expect.stringMatching(/^line 4, created_at: "2026-11-01" is no time/),
    expect.stringMatching(/^line 5, stage: "led" is no stage. Known: subscriber/),
    "line 5, email_sha256: is no SHA-256 of 64 hex digits",
  ]);
});

test("a lead keeps the first time of each stage, however often it comes back", async () => {
  const database = await freshDatabase();
  const at = (day: string, stage: string) =>
    `lead_id,created_at,stage,stage_at\nL1,2026-11-01T10:00:00Z,${stage},${day}T10:00:00Z\n`;
  await importText(database, "leads", at("2026-11-05", "MQL"));
  await importText(database, "leads", at("2026-11-06", "marketingqualifiedlead"));
  await importText(database, "leads", at("2026-11-07", "lead"));
  expect(
    await rowsOf(database, "select stage, first_at::date::text as day from warehouse.lead_stage order by 2"),
  ).toEqual([
    { stage: "marketing_qualified", day: "2026-11-05" },
    { stage: "lead", day: "2026-11-07" },
  ]);
  expect(await rowsOf(database, "select stage from warehouse.lead")).toEqual([{ stage: "lead" }]);
});

test("the same conversion in two files counts once, and twice in one file with a warning: the last counts", async () => {
  const database = await freshDatabase();
  const header = "conversion_id,conversion_name,converted_at,value,currency\n";
  const outcome = await importText(
    database,
    "conversions",
    `${header}C1,purchase,2026-11-01T10:00:00Z,10,EUR\nC1,purchase,2026-11-01T10:00:00Z,20,EUR\n`,
  );
  expect(outcome).toMatchObject({ inserted: 1, repeated: 1 });
  expect(outcome.warnings).toEqual(["conversion_id C1 stands 2 times in the file; line 3 counts"]);
  await importText(database, "conversions", `${header}C1,purchase,2026-11-01T10:00:00Z,30,EUR\n`);
  expect(await rowsOf(database, "select value from warehouse.first_party_conversion")).toEqual([
    { value: "30.000000" },
  ]);
});

test("a conversion is sorted into its channel on the way in", async () => {
  const database = await freshDatabase();
  const outcome = await importText(
    database,
    "conversions",
    [
      "conversion_id,conversion_name,converted_at,source,medium,campaign_id,gclid,fbclid,referrer_host,channel,traffic",
      "C1,p,2026-11-01T10:00:00Z,newsletter,email,,Cj0,,,,",
      "C2,p,2026-11-01T10:00:00Z,,,,,IwAR,,,",
      "C3,p,2026-11-01T10:00:00Z,,,,,,www.google.dk,,",
      "C4,p,2026-11-01T10:00:00Z,facebook,cpc,0012,,,,,",
      "C5,p,2026-11-01T10:00:00Z,,,,,,,Audio,paid",
    ].join("\n"),
  );
  expect(outcome.problems).toEqual([]);
  expect(
    await rowsOf(
      database,
      "select tag_channel, tag_platform, tag_evidence, is_conflict, campaign_id from warehouse.first_party_conversion order by conversion_id",
    ),
  ).toEqual([
    {
      tag_channel: "Paid Search",
      tag_platform: "google",
      tag_evidence: "click_id",
      is_conflict: true,
      campaign_id: null,
    },
    {
      tag_channel: "Organic Social",
      tag_platform: null,
      tag_evidence: "fbclid",
      is_conflict: false,
      campaign_id: null,
    },
    {
      tag_channel: "Organic Search",
      tag_platform: null,
      tag_evidence: "referrer",
      is_conflict: false,
      campaign_id: null,
    },
    {
      tag_channel: "Paid Social",
      tag_platform: "meta",
      tag_evidence: "utm",
      is_conflict: false,
      campaign_id: "0012",
    },
    {
      tag_channel: "Audio",
      tag_platform: null,
      tag_evidence: "reported",
      is_conflict: false,
      campaign_id: null,
    },
  ]);
});

test("a stated traffic without channel, an unknown channel and a contradiction are refused", async () => {
  const database = await freshDatabase();
  const outcome = await importText(
    database,
    "conversions",
    [
      "conversion_id,conversion_name,converted_at,channel,traffic,value",
      "C1,p,2026-11-01T10:00:00Z,,paid,",
      "C2,p,2026-11-01T10:00:00Z,Podcast,paid,",
      "C3,p,2026-11-01T10:00:00Z,Email,paid,",
      "C4,p,2026-11-01T10:00:00Z,,,5",
    ].join("\n"),
  );
  expect(outcome.problems).toEqual([
    "line 2, traffic: may only be given together with channel",
    expect.stringMatching(/^line 3, channel: "Podcast" is no channel. Known: Direct/),
    "line 4, traffic: Email is other, not paid",
    "line 5, currency: is missing, while value is given",
  ]);
});

test("rates are loaded with their file's name; those of the future, of nothing and not above 0 are refused", async () => {
  const database = await freshDatabase();
  const header = "date,base,quote,rate\n";
  const good = `${header}2026-11-01,EUR,DKK,7.4601\n`;
  expect(await importText(database, "rates", good)).toMatchObject({ inserted: 1 });
  expect(await importText(database, "rates", good)).toMatchObject({ unchanged: 1 });
  expect(await rowsOf(database, "select rate::text, source from warehouse.exchange_rate")).toEqual([
    { rate: "7.460100000000", source: "rates.csv" },
  ]);
  const bad = await importText(
    database,
    "rates",
    `${header}2199-01-01,EUR,DKK,7\n2026-11-01,EUR,DKK,0\n2026-11-01,EUR,EUR,1\n2026-11-01,EUR,DKK,-7\n2026-11-01,EURO,DKK,7\n`,
  );
  expect(bad.problems).toEqual([
    "line 2, date: 2199-01-01 lies in the future",
    "line 3, rate: 0 is not above 0",
    "line 4, quote: is the same as base",
    "line 5, rate: -7 is not above 0",
    expect.stringMatching(/^line 6, base: "EURO" is no currency/),
  ]);
});

test("measures are daily figures of known names", async () => {
  const database = await freshDatabase();
  const content = "date,measure,value,currency\n2026-11-01,calls_in,100,\n2026-11-01,call_cost_in,270,EUR\n";
  expect(await importText(database, "measures", content)).toMatchObject({ inserted: 2, problems: [] });
  const bad = await importText(
    database,
    "measures",
    "date,measure,value\n2026-11-01,call_in,1\n2026-11-01,revenue,1\n",
  );
  expect(bad.problems).toEqual([
    expect.stringMatching(/^line 2, measure: "call_in" is no measure; did you mean calls_in\?/),
    "line 3, currency: is missing, while revenue is money",
  ]);
});

test("Google's file of click conversions is read with its time zones", async () => {
  const database = await freshDatabase();
  const content = [
    "Parameters:TimeZone=Europe/Copenhagen,,,,,",
    "Google Click ID,Conversion Name,Conversion Time,Conversion Value,Conversion Currency,Ad User Data",
    "Cj1,Sale,2026-11-01 14:30:00,10.50,DKK,Granted",
    "Cj2,Sale,2026-11-01 14:30:00+0200,,,",
    "Cj3,Sale,2026-11-01 14:30:00 America/New_York,,,",
    "Cj4,Sale,11/01/2026 02:30:00 PM,,,",
  ].join("\n");
  expect(await importText(database, "conversions", content, { format: "google-ads" })).toMatchObject({
    inserted: 4,
    problems: [],
    warnings: [],
  });
  expect(
    await rowsOf(
      database,
      "select gclid, to_char(converted_at at time zone 'utc', 'HH24:MI') as at, value, tag_channel from warehouse.first_party_conversion order by gclid",
    ),
  ).toEqual([
    { gclid: "Cj1", at: "13:30", value: "10.500000", tag_channel: "Paid Search" },
    { gclid: "Cj2", at: "12:30", value: null, tag_channel: "Paid Search" },
    { gclid: "Cj3", at: "19:30", value: null, tag_channel: "Paid Search" },
    { gclid: "Cj4", at: "13:30", value: null, tag_channel: "Paid Search" },
  ]);
});

test("Microsoft's file needs its own click id; a time without any zone is refused", async () => {
  const database = await freshDatabase();
  const header = "Microsoft Click Id,Conversion Name,Conversion Time\n";
  const good = `${header}m1,Sale,2026-11-01 14:30:00+01:00\n`;
  expect(await importText(database, "conversions", good, { format: "microsoft-ads" })).toMatchObject({
    inserted: 1,
  });
  const bad = await importText(
    database,
    "conversions",
    `${header}m2,Sale,2026-11-01 14:30:00\n,Sale,2026-11-01 14:30:00Z\n`,
    {
      format: "microsoft-ads",
    },
  );
  expect(bad.problems).toEqual([
    expect.stringMatching(/^line 2, converted_at: has no time zone/),
    expect.stringMatching(/^line 3: has no click id/),
  ]);
  const google = await importText(database, "conversions", "Conversion Name\nSale\n", {
    format: "microsoft-ads",
  });
  expect(google.problems[0]).toMatch(/microsoft click id: is missing from the header/);
});
