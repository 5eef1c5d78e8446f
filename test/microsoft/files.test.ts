import { expect, test } from "vitest";
import { reportRows } from "../../src/connectors/microsoft/report-file.ts";
import { zipOf } from "../../sandbox/microsoft/zip.ts";
import { failureOf } from "./support.ts";

const archive = async (text: string): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of zipOf("report.csv", [text])) parts.push(part);
  return Buffer.concat(parts);
};

/** Reads an archive that comes in pieces of so many bytes. */
const readAll = async (bytes: Buffer, pieceBytes = 7, columns: readonly string[] = ["A", "B"]) => {
  let at = 0;
  const read = async () => {
    if (at >= bytes.length) return undefined;
    at += pieceBytes;
    return bytes.subarray(at - pieceBytes, at);
  };
  const rows: (readonly string[])[] = [];
  for await (const batch of reportRows(read, columns)) rows.push(...batch);
  return rows;
};

const read = async (text: string, pieceBytes?: number, columns?: readonly string[]) =>
  readAll(await archive(text), pieceBytes, columns);

test.each([1, 2, 3, 5, 64, 100_000])(
  "reads a file that comes in pieces of %i bytes, whatever its cells hold",
  async (pieceBytes) => {
    const text = '\uFEFF"A","B"\r\n"a, ""quoted""\r\nname","1"\r\n"","--"\r\n"é€","2"\r\n';
    expect(await read(text, pieceBytes)).toEqual([
      ['a, "quoted"\r\nname', "1"],
      ["", "--"],
      ["é€", "2"],
    ]);
  },
);

test("finds columns by name, in whatever order and beside others", async () => {
  expect(await read('"C","B","A"\n"3","2","1"\n')).toEqual([["1", "2"]]);
});

test("reads between a header and a footer, and files without quotes or a last line break", async () => {
  const around =
    '"Report Name: x"\r\n"Rows: 1"\r\n\r\n"A","B"\r\n"1","2"\r\n\r\n"©2026 Microsoft Corporation."\r\n';
  expect(await read(around)).toEqual([["1", "2"]]);
  expect(await read("A,B\n1,2")).toEqual([["1", "2"]]);
});

test("reads a header whose lines have commas and no quotes, the number of rows too", async () => {
  const header = [
    "Report Time: 11/1/2026,11/30/2026",
    "Time Zone: (GMT-08:00) Pacific Time (US & Canada), Tijuana",
  ];
  const file = (rows: string) => [...header, `Rows: ${rows}`, "", "A,B", "1,2", ""].join("\r\n");
  expect(await read(file("1"))).toEqual([["1", "2"]]);
  expect(await failureOf(read(file("1,234")))).toMatchObject({
    kind: "transient",
    message: expect.stringContaining("tells of 1234 rows"),
  });
});

test("takes NUL characters out", async () => {
  expect(await read('"A","B"\r\n"Sho\0es\0","1"\r\n')).toEqual([["Shoes", "1"]]);
});

test("refuses a file that lacks a column that was asked for, and names it", async () => {
  const failure = await failureOf(read('"A","C"\r\n"1","2"\r\n'));
  expect(failure).toMatchObject({ kind: "data", message: "the report's file lacks what was asked for: B" });
});

test.each([
  ["a short file", '"Rows: 2"\r\n"A","B"\r\n"1","2"\r\n', "transient", "tells of 2 rows and has 1"],
  [
    "a row of another width",
    '"A","B"\r\n"1","2","3"\r\n',
    "data",
    "a row of 3 cells where there are 2 columns",
  ],
  [
    "a quote that does not end",
    `"A","B"\r\n"1${"x".repeat(1_100_000)}`,
    "transient",
    "a quoted cell does not end",
  ],
  ["text behind a quote", '"A","B"\r\n"1"x,"2"\r\n', "transient", "between a closing quote and the comma"],
  ["no column names", "", "transient", "has no column names"],
])("says of %s what is wrong with it", async (_, text, kind, message) => {
  expect(await failureOf(read(text, 10_000))).toMatchObject({
    kind,
    message: expect.stringContaining(message),
  });
});

test("finds out where an archive is cut, at any place", async () => {
  const whole = await archive(`"A","B"\r\n${'"1","2"\r\n'.repeat(5_000)}`);
  for (const share of [0, 0.01, 0.3, 0.9, 0.99]) {
    const failure = await failureOf(readAll(whole.subarray(0, Math.floor(whole.length * share)), 100));
    expect(failure).toMatchObject({ kind: "transient", message: expect.stringContaining("too early") });
  }
});

test("finds out where bytes of an archive were changed", async () => {
  const whole = await archive(
    `"A","B"\r\n${Array.from({ length: 2_000 }, (_, i) => `"${String(i)}","2"\r\n`).join("")}`,
  );
  for (const place of [60, 200, 1_000]) {
    const changed = Buffer.from(whole);
    changed[place] = (changed[place] ?? 0) ^ 0x5a;
    expect((await failureOf(readAll(changed, 100))).kind).toBe("transient");
  }
});

test("says that a page is no archive", async () => {
  const page = Buffer.from("<html><body><h1>503 Service Unavailable</h1></body></html>");
  expect(await failureOf(readAll(page))).toMatchObject({
    kind: "transient",
    message: "the report's file is no ZIP archive",
  });
});

test("stops reading the archive where the reader has had enough", async () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `"${String(i * 7_919)}","2"\r\n`).join("");
  const bytes = await archive(`"A","B"\r\n${lines}`);
  let at = 0;
  const read = async () => (at < bytes.length ? bytes.subarray(at, (at += 500)) : undefined);
  const rows = reportRows(read, ["A", "B"]);
  await rows.next();
  await rows.return(undefined);
  expect(at).toBeLessThan(bytes.length);
});
