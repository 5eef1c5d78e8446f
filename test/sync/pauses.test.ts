import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { addDays, dayAt } from "../../src/domain/day.ts";
import { pauseAccount, resumeAccount } from "../../src/warehouse/account-pauses.ts";
import { accountStatus } from "../../src/warehouse/status.ts";
import { evaluateAlerts } from "../../src/alerts/evaluate.ts";
import { ruleFrom } from "../alerts/seed.ts";
import { openWorld, type World } from "./support.ts";

const cli = join(import.meta.dirname, "..", "..", "src", "cli.ts");

const paused = async (world: World, accountId: string): Promise<void> => {
  const done = await pauseAccount(world.app.database.db, {
    platform: "meta",
    accountId,
    madeBy: "Anna",
    reason: "moves to another agency",
  });
  expect(done).toBe(true);
};

const figuresOf = (world: World, accountId: string) =>
  world.query("select date, spend, conversions from marts.cost_per_conversion_daily where account_id = $1", [
    accountId,
  ]);

test("a paused account is left alone, is no failure, keeps its figures, and catches up when it is resumed", async () => {
  const world = await openWorld({ platforms: ["meta"], config: { lookbackDays: 3 } });
  const [account = "", other = ""] = world.sandbox.platforms.meta.truth.accountIds;
  await world.sync();
  const before = await figuresOf(world, account);
  expect(before.length).toBeGreaterThan(0);

  await paused(world, account);
  for (const now of ["2026-09-21T09:00:00Z", "2026-09-28T09:00:00Z"]) {
    world.setNow(now);
    const { json, lines } = await world.sync();
    expect(lines).toEqual([]);
    expect(json.slices.filter(({ account_id }) => account_id === account)).toEqual([]);
    expect(json.slices.some(({ account_id }) => account_id === other)).toBe(true);
    expect(json.accounts).toContainEqual({
      platform: "meta",
      account_id: account,
      outcome: "paused",
      failure: null,
    });
  }
  expect(await figuresOf(world, account)).toEqual(before);
  const left = await world.query<{ date: string }>(
    `select date, cause from ops.account_day where account_id = $1 and state = 'not_fetched' order by date`,
    [account],
  );
  expect(left).toEqual(
    ["20", "21", "22", "23", "24", "25", "26", "27"].map((day) => ({
      date: `2026-09-${day}`,
      cause: "the account is paused",
    })),
  );

  const status = (await accountStatus(world.app.database.db, [], world.app.now())).find(
    ({ account_id }) => account_id === account,
  );
  expect(status).toMatchObject({
    outcome: "paused",
    stale: false,
    failure: null,
    paused: { by: "Anna", reason: "moves to another agency" },
  });
  const { states } = await evaluateAlerts({
    db: world.app.database.db,
    rules: [ruleFrom({ name: "stale", metric: "freshness", above: 1, by: "account", notify: [] })],
    notifiers: {},
    now: new Date("2026-09-28T09:00:00Z"),
  });
  // The other accounts are behind by some hours; the paused one is not spoken of.
  const spoken = await world.query<{ account: string }>(
    "select labels->>'account_id' as account from ops.alert",
  );
  expect(states.firing).toBe(spoken.length);
  expect(spoken.length).toBeGreaterThan(0);
  expect(spoken.map((row) => row.account)).not.toContain(account);

  expect(await resumeAccount(world.app.database.db, { platform: "meta", accountId: account })).toBe(true);
  const after = await world.sync();
  expect(after.json.accounts.find(({ account_id }) => account_id === account)?.outcome).toBe("done");
  expect(
    await world.query("select from ops.account_day where account_id = $1 and state = 'not_fetched'", [
      account,
    ]),
  ).toEqual([]);
});

test("a platform whose named accounts are all paused is not asked at all", async () => {
  const world = await openWorld({ platforms: ["meta"], config: { lookbackDays: 3 } });
  const [account = ""] = world.sandbox.platforms.meta.truth.accountIds;
  const settings = { meta: { accounts: [account] } };
  const { app } = await world.open(settings);
  await world.sync({}, app);
  await paused(world, account);
  world.sandbox.servers.meta.resetRequests();
  const { lines, json } = await world.sync({}, app);
  expect(lines).toEqual([]);
  expect(json.accounts.map(({ outcome }) => outcome)).toEqual(["paused"]);
  expect(world.sandbox.servers.meta.requests).toEqual([]);
});

test("an account that nobody knows cannot be paused, and one that is not paused cannot be resumed", async () => {
  const world = await openWorld({ platforms: ["meta"] });
  const { db } = world.app.database;
  await world.sync({ from: "2026-09-18", to: "2026-09-18" });
  const nobody = { platform: "meta", accountId: "1" } as const;
  expect(await pauseAccount(db, { ...nobody, madeBy: null, reason: null })).toBe(false);
  expect(await resumeAccount(db, nobody)).toBe(false);
});

test("the command line pauses and resumes; status, doctor and reconcile say so and do not fail", async () => {
  const world = await openWorld({ platforms: ["meta"], config: { lookbackDays: 3 } });
  const [account = ""] = world.sandbox.platforms.meta.truth.accountIds;
  const yesterday = addDays(dayAt(new Date(), "UTC"), -1);
  world.setNow(new Date().toISOString());
  // Up to each account's own yesterday, which may be a day later in Tokyo.
  await world.sync({ from: addDays(yesterday, -5) });
  const cwd = await mkdtemp(join(tmpdir(), "costper-pauses-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(join(cwd, "costper.yaml"), world.configText());
  const costper = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), cli, ...args], {
      cwd,
      env: { PATH: process.env["PATH"], HOME: cwd },
    });
    const [out, err, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    return { out, err, status: status as number };
  };
  expect(
    await costper("accounts", "pause", "meta", `act_${account}`, "--reason", "new agency"),
  ).toMatchObject({
    status: 0,
    out: expect.stringContaining(`meta ${account} is paused`) as string,
  });
  const status = await costper("status");
  expect(status.status).toBe(0);
  expect(status.out).toContain(`meta ${account} is paused since`);
  expect(status.out).toContain("new agency");
  const doctor = await costper("doctor");
  expect(doctor.out).toContain(`warning  meta       account ${account} is paused since`);
  expect(doctor.status).toBe(0);
  const reconciled = await costper("reconcile", "--json");
  expect(reconciled.err.split("\n").filter((line) => line !== "" && !line.startsWith("{"))).toEqual([]);
  expect(reconciled.status).toBe(0);
  expect(JSON.parse(reconciled.out)).toMatchObject({ accounts: expect.any(Array) as unknown[] });
  expect(reconciled.out).not.toContain(account);
  expect((await costper("accounts", "resume", "meta", account)).status).toBe(0);
  expect(await costper("accounts", "resume", "meta", account)).toMatchObject({
    status: 2,
    err: expect.stringContaining("is not paused") as string,
  });
  expect((await costper("accounts", "pause", "meta", "77")).status).toBe(2);
});
