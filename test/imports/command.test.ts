import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freshDatabase } from "../support/database.ts";
import { rowsOf } from "./support.ts";

const root = join(import.meta.dirname, "..", "..");

const costper = (
  cwd: string,
  args: readonly string[],
  input = "",
): Promise<{ readonly status: number | null; readonly out: string; readonly err: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), join(root, "src", "cli.ts"), ...args],
      { cwd, env: { PATH: process.env["PATH"], HOME: cwd } },
    );
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, out, err }));
    child.stdin.end(input);
  });

const workplace = async () => {
  const database = await freshDatabase();
  const cwd = await mkdtemp(join(tmpdir(), "costper-import-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(
    join(cwd, "costper.yaml"),
    `database: "${database.url}"\ntimezone: Europe/Copenhagen\nconnectors: { linkedin: { accessToken: s3cret } }\n`,
  );
  return { database, cwd };
};

const good = "conversion_id,conversion_name,converted_at,gclid\nC1,p,2026-11-01T10:00:00Z,x\n";

test("import loads a file, rolls up by itself, and says what it did", async () => {
  const { database, cwd } = await workplace();
  await writeFile(join(cwd, "c.csv"), good);
  expect(await costper(cwd, ["import", "conversions", "c.csv"])).toMatchObject({
    status: 0,
    out: "conversions: 1 lines read: 1 new, 0 changed, 0 as before, 0 refused\n",
  });
  expect(
    await rowsOf(database, "select channel, traffic, conversions::int from marts.channel_daily"),
  ).toEqual([{ channel: "Paid Search", traffic: "paid", conversions: 1 }]);
  const again = await costper(cwd, ["import", "conversions", "-", "--json"], good);
  expect(JSON.parse(again.out)).toMatchObject({ loaded: true, inserted: 0, unchanged: 1, problems: [] });
});

test("bad lines end with status 1 and are told; with --skip-bad the rest is loaded", async () => {
  const { database, cwd } = await workplace();
  await writeFile(join(cwd, "c.csv"), `${good}C2,p,yesterday,\n`);
  const refused = await costper(cwd, ["import", "conversions", "c.csv"]);
  expect(refused).toMatchObject({ status: 1, out: expect.stringContaining("nothing was loaded") });
  expect(refused.err).toMatch(/^c\.csv: line 3, converted_at: "yesterday" is no time/m);
  expect(await rowsOf(database, "select from warehouse.first_party_conversion")).toEqual([]);
  const skipped = await costper(cwd, ["import", "conversions", "c.csv", "--skip-bad"]);
  expect(skipped).toMatchObject({
    status: 1,
    out: expect.stringContaining("1 new, 0 changed, 0 as before, 1 refused"),
  });
  expect(await readFile(join(cwd, "c.csv.refused.csv"), "utf8")).toBe(
    "conversion_id,conversion_name,converted_at,gclid\nC2,p,yesterday,\n",
  );
});

test("a missing file, a folder, an unknown kind and a format that does not fit end with status 2", async () => {
  const { cwd } = await workplace();
  await writeFile(join(cwd, "c.csv"), good);
  const runs = await Promise.all(
    [
      ["import", "costs", "gone.csv"],
      ["import", "costs", "."],
      ["import", "cost", "c.csv"],
      ["import", "costs", "c.csv", "--format", "google-ads"],
      ["audit", "trackin"],
    ].map((args) => costper(cwd, args)),
  );
  expect(runs.map(({ status }) => status)).toEqual([2, 2, 2, 2, 2]);
  expect(runs[0]?.err).toContain("there is no file gone.csv");
  expect(runs[2]?.err).toContain("did you mean costs?");
});

test("a template is printed without a config, and a declaration that is none ends with status 2", async () => {
  const cwd = await mkdtemp(join(tmpdir(), "costper-import-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(join(cwd, "c.csv"), good);
  const said = (...args: string[]) => costper(cwd, ["import", ...args]);
  const [template, ...refused] = await Promise.all([
    said("rates", "--template"),
    said("conversions", "c.csv", "--encoding", "ebcdic"),
    said("conversions", "c.csv", "--date-format", "DD.MM"),
    said("conversions", "c.csv", "--timezone", "Europe/Copenhagn"),
    said("conversions", "c.csv", "--replace", "october"),
    said("conversions", "c.csv", "--replace", "2026-10-01..2026-10-31", "--skip-bad"),
    said("costs", "c.csv", "--replace", "2026-10-01..2026-10-31"),
    said("conversions", "c.csv", "--decimal-comma", "--decimal-point"),
    said("conversions"),
  ]);
  expect(template).toMatchObject({
    status: 0,
    out: "date,base,quote,rate\n2026-10-05,EUR,DKK,7.4602\n",
    err: "",
  });
  expect(refused.map(({ status, err }) => [status, /config|costper\.yaml/.test(err)])).toEqual(
    refused.map(() => [2, false]),
  );
  expect(refused[2]?.err).toContain("did you mean Europe/Copenhagen?");
});

test("a file out of a German Excel is read as declared, and one that replaces its days withdraws the rest", async () => {
  const { database, cwd } = await workplace();
  const declared = [
    "--decimal-comma",
    "--date-format",
    "DD.MM.YYYY",
    "--timezone",
    "Europe/Berlin",
    "--encoding",
    "windows-1252",
  ];
  const lines = [
    "sep=;",
    "conversion_id;conversion_name;converted_at;value;currency",
    '="007";Käufe;05.10.2026 14:30;"1.234,50 \u0080";EUR',
    "S2;Käufe;06.10.2026;5;EUR",
    ";;;;",
  ];
  await writeFile(join(cwd, "c.csv"), Buffer.from(lines.join("\r\n"), "latin1"));
  expect(await costper(cwd, ["import", "conversions", "c.csv", ...declared])).toMatchObject({ status: 0 });
  await writeFile(join(cwd, "c.csv"), Buffer.from(lines.slice(0, 3).join("\r\n"), "latin1"));
  const range = ["--replace", "2026-10-01..2026-10-31"];
  expect(await costper(cwd, ["import", "conversions", "c.csv", ...declared, ...range])).toMatchObject({
    status: 0,
    out: "conversions: 1 lines read: 0 new, 0 changed, 1 as before, 1 withdrawn, 0 refused\n",
  });
  expect(
    await rowsOf(
      database,
      "select conversion_id, conversion_name, value, converted_at at time zone 'utc' as at from warehouse.first_party_conversion where retracted_at is null",
    ),
  ).toMatchObject([{ conversion_id: "007", conversion_name: "Käufe", value: "1234.500000" }]);
});

test("audit tracking prints findings as JSON", async () => {
  const { cwd } = await workplace();
  await costper(cwd, ["import", "conversions", "-"], good);
  const { status, out } = await costper(cwd, [
    "audit",
    "tracking",
    "--from",
    "2026-11-01",
    "--to",
    "2026-11-01",
    "--json",
  ]);
  expect(status).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ findings: [{ check: "uncosted_channel", platform: "google" }] });
});

test("report --metric shows a KPI for everything; cpc and a breakdown that it cannot have end with status 2", async () => {
  const { cwd } = await workplace();
  const costs =
    "period_start,period_end,cost_class,amount,currency\n2026-11-01,2026-11-01,ad_spend,50,EUR\n2026-11-01,2026-11-01,tool,20,EUR\n";
  await costper(cwd, ["import", "costs", "-"], costs);
  await costper(
    cwd,
    ["import", "leads", "-"],
    "lead_id,created_at,qualified_at\nL1,2026-11-01T10:00:00Z,2026-11-01T10:00:00Z\n",
  );
  const range = ["--from", "2026-11-01", "--to", "2026-11-02"];
  const [shown, ambiguous, tooFine] = await Promise.all([
    costper(cwd, ["report", "--metric", "cost_per_qualified_lead", ...range, "--json"]),
    costper(cwd, ["report", "--metric", "cpc"]),
    costper(cwd, ["report", "--metric", "cost_per_lead", "--by", "campaign"]),
  ]);
  const { rows } = JSON.parse(shown.out) as { rows: { value: string; unit: string }[] };
  expect(rows).toHaveLength(1);
  expect([Number(rows[0]?.value), rows[0]?.unit]).toEqual([70, "EUR"]);
  expect(ambiguous).toMatchObject({
    status: 2,
    err: expect.stringMatching(/cost_per_conversion or cost_per_click/),
  });
  expect(tooFine.status).toBe(2);
});
