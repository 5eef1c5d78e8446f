import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { httpReceiver } from "../alerts/receivers.ts";
import { day, ripening, seedFigures, stage, weekBefore } from "../morning/stage.ts";
import { freshDatabase } from "../support/database.ts";

const cli = join(import.meta.dirname, "..", "..", "src", "cli.ts");

const folderWith = async (config: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-digest-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "costper.yaml"), config);
  return folder;
};

const costper = (
  cwd: string,
  ...args: readonly string[]
): Promise<{ readonly status: number | null; readonly out: string; readonly err: string }> =>
  new Promise((ended, reject) => {
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), cli, ...args], {
      cwd,
      env: { PATH: process.env["PATH"], HOME: cwd },
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.once("error", reject);
    child.once("close", (status) => ended({ status, out, err }));
  });

const told = async (): Promise<string> => {
  const database = await freshDatabase();
  const accounts = await stage(database, [{ id: "1" }]);
  await seedFigures(database, accounts, [
    { account: "1", campaign: "a", date: weekBefore, spend: 60, conversions: 6, clicks: 60 },
    { account: "1", campaign: "a", date: day, spend: 90, conversions: 6, clicks: 60 },
  ]);
  await ripening(database, { 1: 1, 8: 1 });
  return database.url;
};

const platforms = "connectors: { meta: { accessToken: s3cret }, linkedin: { accessToken: s3cret } }";

test("--print tells in words what changed, what drove it and what is missing, and as JSON for programs", async () => {
  const folder = await folderWith(`database: "${await told()}"\n${platforms}\n`);
  const words = await costper(folder, "digest", "--print");
  expect(words.status, words.err).toBe(0);
  for (const said of [
    "Saturday, 14 March 2026: a paid conversion cost 15.00 EUR",
    "5.00 EUR (50.0 %) dearer: 15.00 EUR against 10.00 EUR on Saturday, 7 March 2026",
    "clicks cost more: +5.00 EUR",
    "Campaign a (Meta) +5.00 EUR: 90.00 EUR for 6, before 60.00 EUR for 6",
    "linkedin is configured and has no account yet",
    ", 1 of 1 accounts",
  ])
    expect(words.out).toContain(said);
  const { status, out } = await costper(folder, "digest", "--print", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ status: "digest", data: { period: { from: day, to: day } } });
});

test("without a notifier that wants it nothing is sent, and with one that refuses it the exit is 1", async () => {
  const database = await told();
  const nobody = await costper(await folderWith(`database: "${database}"\n${platforms}\n`), "digest");
  expect(nobody.status).toBe(2);
  expect(nobody.err).toContain("no notifier wants a digest");
  const { url, received } = await httpReceiver((count) => (count === 1 ? 503 : 200));
  const folder = await folderWith(`database: "${database}"
${platforms}
notifiers: { ops: { type: webhook, url: "${url}" } }
digest: { notify: [ops] }
`);
  const refused = await costper(folder, "digest");
  expect(refused.status).toBe(1);
  expect(refused.err).toContain("not delivered, tried again later: it answered 503");
  const taken = await costper(folder, "digest");
  expect(taken.status, taken.err).toBe(0);
  // The one that was refused before goes out first.
  expect(received).toHaveLength(3);
});

test("report says which configured platform its figures are without", async () => {
  const folder = await folderWith(`database: "${await told()}"\n${platforms}\n`);
  const { status, out } = await costper(folder, "report", "--from", weekBefore, "--to", day);
  expect(status).toBe(0);
  expect(out).toContain("Missing: linkedin is configured and has no account yet");
});
