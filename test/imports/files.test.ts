import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freshDatabase } from "../support/database.ts";
import { importText, rowsOf } from "./support.ts";

const header = "period_start,period_end,cost_class,amount,currency\n";
const good = `${header}2026-11-01,2026-11-30,tool,2000.50,DKK\n`;

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), "costper-import-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
};

test.each([
  ["a byte order mark", `\uFEFF${good}`],
  ["semicolons", good.replaceAll(",", ";")],
  ["tabs", good.replaceAll(",", "\t")],
  ["Windows line ends", good.replaceAll("\n", "\r\n")],
  ["no line end at the end", good.trimEnd()],
  ["blank lines", good.replaceAll("\n", "\n\n")],
  ["quoted values", good.replaceAll(/[^,\n]+/g, '"$&"')],
  ["headings in capitals with blanks", good.replace("cost_class", " Cost Class ")],
])("reads a file with %s", async (_title, content) => {
  const database = await freshDatabase();
  expect(await importText(database, "costs", content)).toMatchObject({
    loaded: true,
    inserted: 1,
    problems: [],
  });
  expect(await rowsOf(database, "select amount, import_source from warehouse.cost")).toEqual([
    { amount: "2000.500000", import_source: "costs.csv" },
  ]);
});

test("Latin-1 is refused with its line and the way to convert it", async () => {
  const database = await freshDatabase();
  const bytes = Buffer.from(
    `${header}2026-11-01,2026-11-30,tool,1,DKK\n`.replace("tool", "m\u00e6gler"),
    "latin1",
  );
  const outcome = await importText(database, "costs", bytes);
  expect(outcome).toMatchObject({ loaded: false });
  expect(outcome.problems).toEqual([
    expect.stringMatching(/^line 2: the file is not UTF-8.*Latin-1.*--encoding windows-1252/),
  ]);
});

test("UTF-16 without a byte order mark, an empty file and an unclosed quote are refused", async () => {
  const database = await freshDatabase();
  const utf16 = Buffer.from(good, "utf16le");
  expect((await importText(database, "costs", utf16)).problems[0]).toMatch(/UTF-16/);
  expect((await importText(database, "costs", "")).problems[0]).toMatch(/empty.*period_start/);
  const unclosed = await importText(database, "costs", `${good}2026-11-01,"2026-11-30,tool,1,DKK\n`);
  expect(unclosed).toMatchObject({ loaded: false });
  expect(unclosed.problems[0]).toMatch(/^line 3: a quote/);
  expect(await rowsOf(database, "select from warehouse.cost")).toEqual([]);
});

test("a header names what it lacks, has twice, or does not know", async () => {
  const database = await freshDatabase();
  const outcome = await importText(
    database,
    "costs",
    "period_start,amount,amount,currensy\n2026-11-01,1,1,EUR\n",
  );
  expect(outcome.problems).toEqual([
    "line 1, amount: stands more than once in the header",
    expect.stringMatching(/^line 1, period_end: is missing from the header; required: period_start/),
    expect.stringMatching(/^line 1, cost_class: is missing/),
    expect.stringMatching(/^line 1, currency: is missing/),
  ]);
  expect(outcome.warnings).toEqual([
    'column "currensy" is not known and is passed over; did you mean currency?',
  ]);
});

test("every bad line is told with number, column and reason, and nothing is loaded", async () => {
  const database = await freshDatabase();
  const outcome = await importText(
    database,
    "costs",
    [
      header.trim(),
      "2026-11-01,2026-11-30,tool,100,DKK",
      "2026-02-30,2026-11-30,tool,100,DKK",
      "2026-11-30,2026-11-01,tool,100,DKK",
      "2026-11-01,2026-11-30,tol,100,DKK",
      "2026-11-01,2026-11-30,tool,-100,DKK",
      '2026-11-01,2026-11-30,tool,"10,000",DKK',
      "2026-11-01,2026-11-30,tool,1.234.567,DKK",
      "2026-11-01,2026-11-30,tool,100,XXQ",
      "2026-11-01,2026-11-30,,,DKK",
      "2026-11-01,2026-11-30,tool,100,DKK,more",
      "2026-11-01,2026-11-30,tool,1234567890123,DKK",
    ].join("\n"),
  );
  expect(outcome).toMatchObject({ loaded: false, read: 11, refused: 10 });
  expect(outcome.problems).toEqual([
    'line 3, period_start: "2026-02-30" is no date; write YYYY-MM-DD',
    "line 4, period_end: 2026-11-01 is before period_start 2026-11-30",
    'line 5, cost_class: "tol" is no cost class; did you mean tool? Known: ad_spend, tool, labour, contact_centre, organic_activity',
    expect.stringMatching(/^line 6, amount: -100 is negative/),
    expect.stringMatching(/^line 7, amount: "10,000" could be read in two ways.*--decimal-comma/),
    expect.stringMatching(/^line 8, amount: "1.234.567" could be read in two ways/),
    expect.stringMatching(/^line 9, currency: "XXQ" is no currency/),
    "line 10, cost_class: is missing",
    "line 10, amount: is missing",
    expect.stringMatching(/^line 11: has 6 fields, the header has 5/),
    expect.stringMatching(/^line 12, amount: .* is larger than any amount/),
  ]);
  expect(await rowsOf(database, "select from warehouse.cost")).toEqual([]);
});

test("with skip-bad the rest is loaded and the refused lines are written under their header", async () => {
  const database = await freshDatabase();
  const path = await folder();
  const refusedFile = join(path, "costs.csv.refused.csv");
  const bad = '2026-11-01,2026-11-30,"to\nol",1,DKK';
  const outcome = await importText(database, "costs", `${good}${bad}\n2026-11-02,2026-11-02,labour,5,DKK\n`, {
    skipBad: { refusedFile },
  });
  expect(outcome).toMatchObject({ loaded: true, read: 3, refused: 1, inserted: 2, refusedFile });
  expect(outcome.problems[0]).toMatch(/^line 3, cost_class/);
  expect(await readFile(refusedFile, "utf8")).toBe(`${header}${bad}\n`);
});

test("skip-bad writes no file where nothing was refused, and a dry run neither loads nor writes", async () => {
  const database = await freshDatabase();
  const path = await folder();
  const skipBad = { refusedFile: join(path, "refused.csv") };
  await importText(database, "costs", good, { skipBad });
  const bad = `${header}2026-12-01,2026-12-30,tool,7,DKK\nx,,,,\n`;
  const dry = await importText(database, "costs", bad, { skipBad, dryRun: true });
  expect(dry).toMatchObject({ loaded: false, inserted: 1, refused: 1 });
  expect(await readdir(path)).toEqual([]);
  expect(await rowsOf(database, "select from warehouse.cost")).toHaveLength(1);
});

test("decimal commas are read where they are declared, with thousands in groups of three; other points are refused", async () => {
  const database = await freshDatabase();
  const content = good.replaceAll(",", ";").replace("2000.50", "2000,50");
  expect((await importText(database, "costs", content)).problems[0]).toMatch(/decimal-comma/);
  expect(await importText(database, "costs", content, { values: { decimal: "comma" } })).toMatchObject({
    inserted: 1,
  });
  const mixed = content.replace("2000,50", "2.000,50");
  expect(await importText(database, "costs", mixed, { values: { decimal: "comma" } })).toMatchObject({
    unchanged: 1,
  });
  const point = content.replace("2000,50", "2000.50");
  expect((await importText(database, "costs", point, { values: { decimal: "comma" } })).problems[0]).toMatch(
    /"2000.50" is no number with a decimal comma, as --decimal-comma declares/,
  );
});

test.each([
  ["an address in a known column", "label", "Jane <jane@example.com>"],
  ["an address in an unknown column", "contact", "jane@example.com"],
  ["a telephone number", "contact", "+45 12 34 56 78"],
  ["a telephone number without blanks", "phone", "12345678"],
  ["a grouped telephone number", "label", "12 34 56 78"],
])("%s is refused as personal data", async (_title, column, value) => {
  const database = await freshDatabase();
  const content = `period_start,period_end,cost_class,amount,currency,${column}\n2026-11-01,2026-11-30,tool,1,DKK,${value}\n`;
  const outcome = await importText(database, "costs", content);
  expect(outcome.problems).toEqual([
    expect.stringMatching(new RegExp(`line 2, ${column}: looks like personal data`)),
  ]);
  expect(outcome.problems.join()).not.toContain(value);
});

test("ids of digits and dates are no telephone numbers", async () => {
  const database = await freshDatabase();
  const content =
    "period_start,period_end,cost_class,amount,currency,platform,account_id,campaign_id,label\n" +
    "2026-11-01,2026-11-30,ad_spend,1,DKK,google,123-456-7890,20987654321,2026-11-01 2026-11-30\n";
  expect(await importText(database, "costs", content)).toMatchObject({ problems: [], inserted: 1 });
  expect(await rowsOf(database, "select account_id from warehouse.cost")).toEqual([
    { account_id: "1234567890" },
  ]);
});

test("a file of thirty thousand rows is loaded, and a second time changes nothing", async () => {
  const database = await freshDatabase();
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("conversion_id,conversion_name,converted_at,value,currency,gclid\n");
    for (let from = 0; from < 30_000; from += 1_000)
      yield Buffer.from(
        Array.from(
          { length: 1_000 },
          (_, index) =>
            `C${String(from + index)},purchase,2026-11-01T10:00:00+01:00,10.5,EUR,Cj${String(index)}\n`,
        ).join(""),
      );
  }
  expect(await importText(database, "conversions", "", { bytes: bytes() })).toMatchObject({
    inserted: 30_000,
  });
  expect(await importText(database, "conversions", "", { bytes: bytes() })).toMatchObject({
    inserted: 0,
    changed: 0,
    unchanged: 30_000,
  });
});
