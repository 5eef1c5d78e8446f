import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseDay, parseRange } from "../src/commands/dates.ts";
import { progressLayout } from "../src/commands/progress.ts";
import { tableText } from "../src/commands/table.ts";
import { screenLines } from "./support/screen.ts";
import { costperCall, onTerminal } from "./support/terminal.ts";

const now = new Date("2026-11-28T12:00:00Z");

test.each([
  ["2026-11-03", "2026-11-03", "2026-11-03"],
  ["yesterday", "2026-11-27", "2026-11-27"],
  ["7d", "2026-11-21", "2026-11-27"],
  ["2w", "2026-11-14", "2026-11-27"],
  ["2026-10", "2026-10-01", "2026-10-31"],
  ["2024-02", "2024-02-01", "2024-02-29"],
  ["last-month", "2026-10-01", "2026-10-31"],
  // What goes on into the future ends today.
  ["2026-11", "2026-11-01", "2026-11-28"],
  ["2026", "2026-01-01", "2026-11-28"],
])("%s means %s to %s", (text, from, to) => {
  expect(parseRange(text, now)).toEqual({ from, to });
});

test.each(["tomorrow", "0d", "2026-13", "2026-02-30", "1999-12-31", "7 d", ""])("%s is no day", (text) => {
  expect(() => parseRange(text, now)).toThrow();
});

test("where one day is wanted, a week is refused", () => {
  expect(() => parseDay("7d")).toThrow("more than one day");
});

test.each([20, 40, 64, 80, 100, 200])("progress stays within %i columns", (columns) => {
  const { format, barsize } = progressLayout(columns);
  const line = format
    .replace("{platform}", "microsoft")
    .replace("{bar}", "█".repeat(barsize))
    .replace("{value}/{total}", "1000/1000")
    .replace("{rows}", "12,345,678")
    .replace("{rate}", "123,456")
    .replace("{eta_formatted}", "1h12m");
  expect(line.length).toBeLessThanOrEqual(columns);
});

const columns = [{ title: "platform" }, { title: "campaign" }, { title: "spend", right: true }];
const rows = [["google", "A campaign with a name that goes on and on for quite a while", "12,345.60 EUR"]];

test.each([100, 80, 60])("a table of %i columns folds text, and keeps every letter and figure", (width) => {
  const text = tableText(columns, rows, width);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(width);
  expect(text).toContain("12,345.60 EUR");
  const letters = text.replaceAll(/[^a-zA-Z]/g, "");
  for (const letter of "campaignwithaname") expect(letters).toContain(letter);
});

test("at 20 columns a table is a list", () => {
  expect(tableText(columns, rows, 20)).toBe(
    `platform: google\ncampaign: ${rows[0]?.[1] ?? ""}\nspend: 12,345.60 EUR`,
  );
});

test("for a program a table has plain columns, however wide", () => {
  expect(tableText(columns, rows)).toMatch(
    /^platform +campaign +spend\ngoogle +A campaign .* 12,345\.60 EUR$/,
  );
});

test("init asks on a terminal, asks again where an answer does not fit, and writes what was chosen", async () => {
  const cwd = await mkdtemp(join(tmpdir(), "costper-init-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const command = [
    process.execPath,
    "--import",
    import.meta.resolve("tsx"),
    join(import.meta.dirname, "..", "src", "cli.ts"),
    "init",
  ].join(" ");
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd,
    env: { ...process.env, TERM: "dumb" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const answers = [
    ["Which platforms?", "gogle"],
    ["There are google, meta", "google, ga4"],
    ["One currency", "eur"],
    ["Whose clock", "Europe/Copenhagen"],
    ["Where is the database?", "postgresql://me:p$w@db/costper"],
  ];
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    const [question = "", answer = ""] = answers[0] ?? [];
    if (question === "" || !shown.includes(question)) return;
    answers.shift();
    shown = "";
    child.stdin.write(`${answer}\n`);
  });
  const status = await new Promise((ended) => child.once("close", ended));
  expect({ status, shown }).toMatchObject({
    status: 0,
    shown: expect.stringContaining("next: costper connect google (then ga4)") as string,
  });
  const config = await readFile(join(cwd, "costper.yaml"), "utf8");
  expect(config).toMatch(/^# yaml-language-server: \$schema=/);
  expect(config).toMatch(/^reportingCurrency: EUR$/m);
  expect(config).toMatch(/^timezone: Europe\/Copenhagen$/m);
  expect(config.match(/^ {2}[a-z0-9]+:$/gm)).toEqual(["  google:", "  ga4:"]);
  expect(await readFile(join(cwd, ".env"), "utf8")).toContain(
    "DATABASE_URL='postgresql://me:p$w@db/costper'\n",
  );
});

const busyLines = [1, 2, 3, 4, 5, 6].flatMap((part) => [
  `${String(part)} short`,
  `${String(part)} long ${"and longer ".repeat(4 * part)}end`,
  ...(part % 2 === 0 ? [`${String(part)} of`, `${String(part)} two`] : []),
]);

test.each([
  [20, []],
  [80, []],
  [100, []],
  [80, ["--leave"]],
])(
  "at %i columns the log stands whole above the progress, each bar once below it, %j",
  async (columns, words) => {
    const program = join(import.meta.dirname, "support", "busy-display.ts");
    const [node = "", ...loader] = costperCall().slice(0, -1);
    const terminal = onTerminal([node, ...loader, program, ...words], { cwd: tmpdir(), columns });
    expect(await terminal.ended).toBe(0);
    const lines = screenLines(terminal.shown(), columns).filter((line) => line !== "");
    const bars = lines.filter((line) => /^(google|microsoft|x) /.test(line));
    const after = words.length === 0 ? ["done"] : [];
    expect(lines).toEqual([...busyLines, "last", ...bars, ...after]);
    expect(bars.map((line) => line.replace(/^(\w+) .*?(\d\/\d).*$/, "$1 $2"))).toEqual([
      "google 6/6",
      "microsoft 6/6",
      "x 3/6",
    ]);
    // The cursor is shown again, and lines wrap.
    expect(terminal.shown().lastIndexOf("[?25h")).toBeGreaterThan(terminal.shown().lastIndexOf("[?25l"));
    expect(terminal.shown().lastIndexOf("[?7h")).toBeGreaterThan(terminal.shown().lastIndexOf("[?7l"));
  },
);
