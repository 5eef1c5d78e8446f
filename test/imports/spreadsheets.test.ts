import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ImportOptions } from "../../src/imports/import-file.ts";
import { importKinds } from "../../src/imports/kinds/index.ts";
import { dateFormat } from "../../src/imports/dates.ts";
import { templateOf } from "../../src/imports/template.ts";
import type { ValueFormat } from "../../src/imports/value-format.ts";
import { freshDatabase } from "../support/database.ts";
import { importText, rowsOf } from "./support.ts";

const costHeader = "period_start,period_end,cost_class,amount,currency,label";
const comma: ValueFormat = { decimal: "comma" };
const point: ValueFormat = { decimal: "point" };

const example = (name: string): Promise<string> =>
  readFile(join(import.meta.dirname, "cases", `${name}.csv`), "utf8");

describe("cases that people ran into", () => {
  test("ids that Excel shortened are refused with column and line, and nothing is stored", async () => {
    const database = await freshDatabase();
    const outcome = await importText(database, "leads", await example("excel-ids"));
    expect(outcome).toMatchObject({ loaded: false, read: 3, refused: 3 });
    expect(outcome.problems).toHaveLength(6);
    expect(outcome.problems[0]).toMatch(/^line 2, lead_id: "1.20239E\+17" was shortened.*as text/);
    expect(outcome.problems[1]).toMatch(/^line 2, campaign_id: "1.20201E\+17"/);
    expect(await rowsOf(database, "select from warehouse.lead")).toEqual([]);
  });

  test("Excel's line sep=; names the separator", async () => {
    const database = await freshDatabase();
    const content = await example("excel-sep-line");
    expect(await importText(database, "costs", content, { values: comma })).toMatchObject({ inserted: 1 });
    expect(await rowsOf(database, "select amount from warehouse.cost")).toEqual([{ amount: "10.500000" }]);
    const bad = content.replace("10,50", "x");
    expect((await importText(database, "costs", bad, { values: comma })).problems).toEqual([
      'line 3, amount: "x" is no number with a decimal comma, as --decimal-comma declares',
    ]);
    expect((await importText(database, "costs", content, { separator: "," })).problems[0]).toMatch(
      /^line 1: the line sep=; names another separator than --separator/,
    );
  });

  test("rows of separators only are no rows, above, below and between", async () => {
    const database = await freshDatabase();
    const content = await example("excel-empty-rows");
    for (const file of [content, `;;;;;\n;;;;;\n${content}`, content.replace("\n2026", '\n;"";;;;\n2026')])
      expect(await importText(database, "costs", file)).toMatchObject({ loaded: true, read: 1 });
    expect(await rowsOf(database, "select amount from warehouse.cost")).toEqual([{ amount: "10.500000" }]);
  });

  test('an id written ="00123" keeps its zeros', async () => {
    const database = await freshDatabase();
    const content = await example("excel-formula-id");
    for (const file of [
      content,
      content.replace('="00123"', '"=""00123"""'),
      content.replace('="00123"', "'00123"),
    ])
      expect(await importText(database, "leads", file)).toMatchObject({ loaded: true, problems: [] });
    expect(await rowsOf(database, "select lead_id from warehouse.lead")).toEqual([{ lead_id: "00123" }]);
  });
});

test.each(
  Object.values(importKinds).flatMap((kind) => kind.ids.map((column) => [kind.name, column] as const)),
)("%s: a shortened id in %s is refused in either decimal notation", async (name, column) => {
  const kind = importKinds[name];
  const database = await freshDatabase();
  const columns = [...new Set([...Object.keys(kind?.example ?? {}), column])];
  for (const written of ["1.20239E+17", "1,20239e+17", "1E+17", "120239.0"]) {
    const row = columns.map((each) => `"${each === column ? written : (kind?.example[each] ?? "")}"`);
    const outcome = await importText(database, name, `${columns.join(",")}\n${row.join(",")}\n`);
    expect(outcome.loaded).toBe(false);
    expect(outcome.problems).toContainEqual(
      expect.stringMatching(new RegExp(`^line 2, ${column}: .*keep the column as text`)),
    );
  }
});

test.each(Object.keys(importKinds))("the template of %s is imported as it stands", async (name) => {
  const database = await freshDatabase();
  const kind = importKinds[name];
  expect(kind).toBeDefined();
  if (kind === undefined) return;
  const outcome = await importText(database, name, templateOf(kind));
  expect(outcome).toMatchObject({ loaded: true, inserted: 1, problems: [], warnings: [] });
});

/** What the example files declare beside their name. */
const german = dateFormat("DD.MM.YYYY");
const declared: Readonly<Record<string, Partial<ImportOptions>>> = {
  "google-ads": { format: "google-ads" },
  "microsoft-ads": { format: "microsoft-ads" },
  spreadsheet: { values: { decimal: "comma", ...(german && { dates: german }) } },
};

const examples = join(import.meta.dirname, "..", "..", "docs", "examples");

test("every kind has an example file in the package, and each is imported as it stands", async () => {
  const files = await readdir(examples);
  expect(
    files.filter((file) => file.split(".").length === 2).map((file) => file.replace(".csv", "")),
  ).toEqual(Object.keys(importKinds).toSorted());
  const database = await freshDatabase();
  for (const file of files) {
    const [kind = "", variant = ""] = file.split(".");
    const content = await readFile(join(examples, file), "utf8");
    const outcome = await importText(database, kind, content, declared[variant] ?? {});
    expect({ file, ...outcome }).toMatchObject({ loaded: true, refused: 0, problems: [], warnings: [] });
    expect(outcome.read, file).toBeGreaterThan(0);
  }
});

const cost = async (
  amount: string,
  options: Partial<ImportOptions> & { readonly currency?: string } = {},
): Promise<string> => {
  const database = await freshDatabase();
  const line = `2026-10-01,2026-10-31,tool,"${amount}",${options.currency ?? "EUR"},`;
  const { problems } = await importText(database, "costs", `${costHeader}\n${line}\n`, options);
  const rows = await rowsOf(database, "select amount::text from warehouse.cost");
  return problems[0] ?? (rows[0] as { amount: string }).amount;
};

test("amounts are read with the grouping and the currency that bookkeeping writes, where the decimal sign is declared", async () => {
  for (const written of [
    "1.234,5",
    "1 234,50",
    "1\u00a0234,50",
    "1\u202f234,50",
    "1'234,50",
    "€ 1.234,50",
    "1234,50 EUR",
    "EUR 1.234,50",
    "+1.234,50",
  ])
    expect([written, await cost(written, { values: comma })]).toEqual([written, "1234.500000"]);
  for (const written of ["1,234.50", "1 234.50", "€1,234.50", "1234.5"])
    expect([written, await cost(written, { values: point })]).toEqual([written, "1234.500000"]);
  expect(await cost("12,34,567.50", { values: point })).toBe("1234567.500000");
  expect(await cost("1.234,50 kr.", { values: comma, currency: "DKK" })).toBe("1234.500000");
}, 120_000);

test.each([
  ["12,34", point],
  ["1.23.456,5", comma],
  ["2000.50", comma],
  ["12€50", comma],
  ["1,234.567,8", comma],
  ["#N/A", comma],
  ["#REF!", undefined],
  ["########", undefined],
  ["=A1*2", undefined],
  ["12%", undefined],
  ["12 %", comma],
  ["1.2E+5", undefined],
  ["€ 12", undefined],
  ["1 234", undefined],
  ["1.234,50", undefined],
  ["12\u0000", undefined],
])("an amount written %j is refused in words", async (written, values) => {
  const said = await cost(written, values === undefined ? {} : { values });
  expect(said).toMatch(/^line 2, amount: "/);
});

test("a sign of another currency than the row's is refused", async () => {
  expect(await cost("$12,50", { values: comma })).toMatch(
    /^line 2, amount: bears the sign of USD or AUD.*the row's currency is EUR/,
  );
  expect(await cost("12,50 SEK", { values: comma, currency: "NOK" })).toMatch(/bears the sign of SEK/);
});

test("negative amounts are read as bookkeeping writes them", async () => {
  const database = await freshDatabase();
  const lines = ["-12,50", "12,50-", "(12,50)", "(€ 12,50)", "−12,50"].map(
    (written, index) => `L${String(index)};2026-11-01T10:00:00Z;${written};EUR`,
  );
  const outcome = await importText(
    database,
    "leads",
    `lead_id;created_at;value;currency\n${lines.join("\n")}`,
    {
      values: comma,
    },
  );
  expect(outcome.problems).toEqual([]);
  expect(await rowsOf(database, "select distinct value::text from warehouse.lead")).toEqual([
    { value: "-12.500000" },
  ]);
});

const leadAt = async (written: string, values: ValueFormat): Promise<string> => {
  const database = await freshDatabase();
  const { problems } = await importText(database, "leads", `lead_id;created_at\nL1;${written}\n`, { values });
  const rows = await rowsOf(
    database,
    `select to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS') as at from warehouse.lead`,
  );
  return problems[0] ?? (rows[0] as { at: string }).at;
};

const formatted = (written: string, timeZone?: string): ValueFormat => {
  const dates = dateFormat(written);
  if (dates === undefined) throw new RangeError(written);
  return { dates, ...(timeZone === undefined ? {} : { timeZone }) };
};

test.each([
  ["01.11.2026 14:30", "DD.MM.YYYY", "2026-11-01T13:30:00"],
  ["1.11.2026 14:30:05", "D.M.YYYY", "2026-11-01T13:30:05"],
  ["11/1/26 2:30 PM", "M/D/YY", "2026-11-01T13:30:00"],
  ["11/1/2026 12:30 AM", "M/D/YYYY", "2026-10-31T23:30:00"],
  ["01-Nov-2026 14:30", "DD-MMM-YYYY", "2026-11-01T13:30:00"],
  ["01.11.2026", "DD.MM.YYYY", "2026-11-01T11:00:00"],
  ["2026-11-01 14:30", "DD.MM.YYYY", "2026-11-01T13:30:00"],
  ["2026-11-01T14:30:00-05:00", "DD.MM.YYYY", "2026-11-01T19:30:00"],
  ["25.10.2026 02:30", "DD.MM.YYYY", "2026-10-25T00:30:00"],
])("%s, declared %s in Copenhagen, is %s", async (written, format, expected) => {
  expect(await leadAt(written, formatted(format, "Europe/Copenhagen"))).toBe(expected);
});

test.each([
  [
    "25/11/2026 10:00",
    formatted("MM/DD/YYYY", "Europe/Copenhagen"),
    /has no month 25.*another --date-format/,
  ],
  ["31.02.2026 10:00", formatted("DD.MM.YYYY", "Europe/Copenhagen"), /no day of the calendar/],
  ["2026/11/01 10:00", formatted("DD.MM.YYYY", "Europe/Copenhagen"), /is not written DD.MM.YYYY/],
  ["29.03.2026 02:30", formatted("DD.MM.YYYY", "Europe/Copenhagen"), /does not exist in Europe\/Copenhagen/],
  ["01.11.2026 14:30", formatted("DD.MM.YYYY"), /has no offset from UTC.*--timezone/],
  ["01.11.2026 14:30", {}, /is no time.*--date-format/],
  ["46327.6041666667", {}, /Excel's number of a day \(2026-11-01\).*YYYY-MM-DD/],
  ["2026-11-01 25:30", { timeZone: "UTC" }, /is no time/],
])("a time written %s is refused in words", async (written, values, reason) => {
  expect(await leadAt(written, values)).toMatch(reason);
});

test("days are read in the declared way, and Excel's numbers of days are refused with the day that they mean", async () => {
  const database = await freshDatabase();
  const file = (from: string): string => `${costHeader}\n${from},31.10.2026,tool,1,EUR,\n`;
  const values = formatted("DD.MM.YYYY");
  expect(await importText(database, "costs", file("01.10.2026 00:00"), { values })).toMatchObject({
    inserted: 1,
  });
  expect(await rowsOf(database, "select period_start::text, period_end::text from warehouse.cost")).toEqual([
    { period_start: "2026-10-01", period_end: "2026-10-31" },
  ]);
  expect((await importText(database, "costs", file("46296"), { values })).problems).toEqual([
    expect.stringMatching(/^line 2, period_start: "46296" is Excel's number of a day \(2026-10-01\)/),
  ]);
});

describe("encodings", () => {
  const content = `${costHeader}\n2026-10-01,2026-10-31,tool,1,EUR,Mægler €\n`;
  const windows = Buffer.from(content.replace("€", "\u0080"), "latin1");
  const utf16 = Buffer.from(content, "utf16le");
  const swapped = Buffer.from(utf16).swap16();
  const mark = Buffer.from("\uFEFF", "utf16le");

  test.each<[string, Uint8Array, ImportOptions["encoding"]]>([
    ["windows-1252", windows, "windows-1252"],
    ["UTF-16 with its mark, undeclared", Buffer.concat([mark, utf16]), undefined],
    ["UTF-16 with its mark", Buffer.concat([mark, utf16]), "utf-16"],
    ["UTF-16 without a mark", utf16, "utf-16"],
    ["UTF-16, little end first", utf16, "utf-16le"],
    ["UTF-16, big end first, without a mark", swapped, "utf-16"],
    ["UTF-16, big end first, with its mark", Buffer.concat([mark, utf16]).swap16(), undefined],
    ["UTF-8", Buffer.from(content), "utf-8"],
    ["line ends of old Macs", Buffer.from(content.replaceAll("\n", "\r")), undefined],
    ["mixed line ends", Buffer.from(content.replace("\n", "\r\n")), undefined],
  ])("a file in %s is read", async (_title, bytes, encoding) => {
    const database = await freshDatabase();
    const outcome = await importText(database, "costs", bytes, encoding === undefined ? {} : { encoding });
    expect(outcome.problems).toEqual([]);
    expect(await rowsOf(database, "select label from warehouse.cost")).toEqual([{ label: "Mægler €" }]);
  });

  test.each<[string, Uint8Array, ImportOptions["encoding"], RegExp]>([
    [
      "UTF-8 that is declared windows-1252",
      Buffer.from(content),
      "windows-1252",
      /the file is UTF-8.*leave --encoding out/,
    ],
    ["UTF-8 that is declared UTF-16", Buffer.from(content), "utf-16", /no zero byte.*no UTF-16/],
    ["UTF-16 that is declared UTF-8", Buffer.concat([mark, utf16]), "utf-8", /byte order mark of utf-16le/],
    ["UTF-16 that is undeclared and unmarked", utf16, undefined, /declare --encoding utf-16le/],
    ["windows-1252 that is undeclared", windows, undefined, /^line 2: .*declare --encoding windows-1252/],
    [
      "bytes that windows-1252 has not",
      Buffer.from("a\nb\u0081", "latin1"),
      "windows-1252",
      /none of windows-1252/,
    ],
  ])("%s is refused in words", async (_title, bytes, encoding, reason) => {
    const database = await freshDatabase();
    const outcome = await importText(database, "costs", bytes, encoding === undefined ? {} : { encoding });
    expect(outcome.loaded).toBe(false);
    expect(outcome.problems[0]).toMatch(reason);
  });
});

test("empty columns that a spreadsheet left over at the right are no columns", async () => {
  const database = await freshDatabase();
  const header = "lead_id;created_at;;";
  const content = `${header}\nL1;2026-11-01T10:00:00Z\nL2;2026-11-01T10:00:00Z;;\nL3;2026-11-01T10:00:00Z;;;;\n`;
  expect(await importText(database, "leads", content)).toMatchObject({
    inserted: 3,
    problems: [],
    warnings: [],
  });
});

test("long ids that all end in zeros after fifteen digits are warned about", async () => {
  const database = await freshDatabase();
  const file = (end: string): string =>
    `lead_id,created_at\n${[1, 2, 3].map((at) => `12023912345678${String(at)}${end},2026-11-01T10:00:00Z\n`).join("")}`;
  const cut = await importText(database, "leads", file("000"));
  expect(cut.warnings).toEqual([
    expect.stringMatching(/^all 3 long ids in lead_id end in zeros after 15 digits/),
  ]);
  expect((await importText(database, "leads", file("001"))).warnings).toEqual([]);
});
