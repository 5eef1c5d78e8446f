import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";
import { httpReceiver } from "./receivers.ts";
import { seedAccounts, seedFigures, seedGoodDays } from "./seed.ts";

const cli = join(import.meta.dirname, "..", "..", "src", "cli.ts");

const configured = async (database: string, webhook: string): Promise<string> => {
  const cwd = await mkdtemp(join(tmpdir(), "costper-alerts-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(
    join(cwd, "costper.yaml"),
    `database: "${database}"
connectors: { linkedin: { accessToken: s3cret } }
notifiers: { ops: { type: webhook, url: "${webhook}", secret: hush-hush } }
alerts:
  - { name: costly, metric: cost_per_conversion, by: campaign, above: 40, notify: [ops] }
  - { name: stale, metric: freshness, above: 36, notify: [ops] }
`,
  );
  return cwd;
};

const costper = (
  cwd: string,
  ...args: string[]
): Promise<{ status: number | null; out: string; err: string }> =>
  new Promise((ended, reject) => {
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), cli, ...args], {
      cwd,
      env: { PATH: process.env["PATH"], HOME: cwd },
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.once("error", reject);
    child.once("close", (status) => ended({ status, out, err }));
  });

const costly = async (): Promise<Database & { readonly url: string }> => {
  const database = await freshDatabase();
  const accounts = await seedAccounts(database, [{ id: "1" }]);
  await seedGoodDays(database, accounts, "2026-03-01", "2026-03-14");
  await seedFigures(database, accounts, [
    { account: "1", campaign: "a", date: "2026-03-14", spend: 50, conversions: 1 },
  ]);
  return database;
};

test("check evaluates and delivers, list shows what came of it, and a second check says nothing again", async () => {
  const { url } = await costly();
  const { url: webhook, received } = await httpReceiver((count) => (count === 1 ? 503 : 200));
  const cwd = await configured(url, webhook);

  const first = await costper(cwd, "alerts", "check", "--date", "2026-03-14");
  expect(first.status).toBe(1);
  expect(first.err).toContain("it answered 503");
  const second = await costper(cwd, "alerts", "check", "--date", "2026-03-14", "--json");
  expect(second).toMatchObject({ status: 0 });
  expect(JSON.parse(second.out)).toMatchObject({ delivered: 1, notices: 0, states: { firing: 1 } });
  expect(received.map(({ headers }) => headers["idempotency-key"])).toEqual(
    Array(2).fill(received[0]?.headers["idempotency-key"]),
  );
  expect((await costper(cwd, "alerts", "check", "--date", "2026-03-14")).status).toBe(0);
  expect(received).toHaveLength(2);

  const list = await costper(cwd, "alerts", "list", "--json");
  expect(JSON.parse(list.out)).toMatchObject({
    alerts: [
      { rule: "costly", state: "firing", value: "50", threshold: "40", labels: { campaign_id: "a" } },
      { rule: "stale", state: "inactive" },
    ],
  });
  expect(first.out + first.err + list.out).not.toMatch(/hush-hush/);
});

test("a silence and a replay are for rules that there are", async () => {
  const { url, pool } = await costly();
  const { url: webhook } = await httpReceiver();
  const cwd = await configured(url, webhook);
  const silenced = await costper(
    cwd,
    "alerts",
    "silence",
    "costly",
    "--label",
    "campaign=a",
    "--for",
    "3d",
    "--json",
  );
  expect(JSON.parse(silenced.out)).toMatchObject({ rule: "costly", labels: { campaign_id: "a" } });
  expect((await pool.query("select rule, labels from ops.alert_silence")).rows).toEqual([
    { rule: "costly", labels: { campaign_id: "a" } },
  ]);
  const replayed = await costper(
    cwd,
    "alerts",
    "replay",
    "costly",
    "--from",
    "2026-03-10",
    "--to",
    "2026-03-14",
    "--json",
  );
  expect(JSON.parse(replayed.out)).toMatchObject({ rule: "costly", days: 5, fired: 0 });
});

test("silences are listed with who made them and why, and ended before their time", async () => {
  const { url, pool } = await costly();
  const cwd = await configured(url, "http://127.0.0.1:1/");
  const silence = (...args: string[]) => costper(cwd, "alerts", "silence", "costly", ...args);
  await silence("--label", "campaign=a", "--for", "3d", "--reason", "known");
  await silence("--for", "1h");
  const list = async (): Promise<readonly Record<string, unknown>[]> => {
    const { out } = await costper(cwd, "alerts", "silences", "--json");
    return (JSON.parse(out) as { silences: readonly Record<string, unknown>[] }).silences;
  };
  expect(await list()).toMatchObject([
    { rule: "costly", labels: {}, reason: null, made_by: expect.any(String) as string },
    { rule: "costly", labels: { campaign_id: "a" }, reason: "known" },
  ]);
  const ended = await costper(cwd, "alerts", "unsilence", "costly", "--label", "campaign=a");
  expect(ended).toMatchObject({ status: 0, out: "costly campaign_id=a is heard again\n" });
  expect(await list()).toHaveLength(1);
  expect((await costper(cwd, "alerts", "unsilence", "costly")).status).toBe(0);
  expect(await list()).toEqual([]);
  const again = await costper(cwd, "alerts", "unsilence", "costly");
  expect(again.status).toBe(2);
  expect(again.err).toContain("costly is not silenced");
  expect((await pool.query("select from ops.alert_silence")).rowCount).toBe(2);
});

test("test sends a notice of its own", async () => {
  const { url: webhook, received } = await httpReceiver();
  const cwd = await configured("postgres://nobody@127.0.0.1:1/none", webhook);
  expect(await costper(cwd, "alerts", "test", "ops")).toMatchObject({
    status: 0,
    out: "ops took the notice\n",
  });
  expect(received[0]?.headers["x-costper-signature"]).toMatch(/^sha256=[0-9a-f]{64}$/);
});

test.each([
  ["an unknown notifier", ["test", "nobody"], /no notifier is called nobody/],
  ["an unknown rule to silence", ["silence", "nothing", "--for", "3d"], /no alert is called nothing/],
  [
    "an unknown rule to replay",
    ["replay", "nothing", "--from", "2026-03-01", "--to", "2026-03-02"],
    /no alert is called nothing/,
  ],
  [
    "a label that is none",
    ["silence", "costly", "--label", "colour=red", "--for", "3d"],
    /colour=red is no label/,
  ],
  ["a silence of no length", ["silence", "costly", "--for", "ever"], /not a length of time/],
  ["a day of the future", ["check", "--date", "2999-01-01"], /--date 2999-01-01 lies in the future/],
])("%s is a wrong use: exit status 2, and no database is asked", async (_, args, message) => {
  const cwd = await configured("postgres://nobody@127.0.0.1:1/none", "http://127.0.0.1:1/");
  const { status, err } = await costper(cwd, "alerts", ...args);
  expect(err).toMatch(message);
  expect(status).toBe(2);
});
