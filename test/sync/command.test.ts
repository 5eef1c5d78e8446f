import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { googleCredentials } from "../../sandbox/google/index.ts";
import { metaFaults, metaSandboxCredentials } from "../../sandbox/meta/index.ts";
import { linkedinSandboxCredentials } from "../../sandbox/linkedin/index.ts";
import { addDays, dayAt } from "../../src/domain/day.ts";
import { createDatabase } from "../support/database.ts";
import { openWorld, type World } from "./support.ts";

const cli = join(import.meta.dirname, "..", "..", "src", "cli.ts");
const loader = import.meta.resolve("tsx");

const secrets = [
  googleCredentials.clientSecret,
  googleCredentials.refreshToken,
  metaSandboxCredentials.accessToken,
  metaSandboxCredentials.appSecret,
  linkedinSandboxCredentials.clientSecret,
  linkedinSandboxCredentials.refreshToken,
];

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
  /** The lines on standard error that are no log. */
  readonly said: readonly string[];
}

const folderWith = async (config: string): Promise<string> => {
  const cwd = await mkdtemp(join(tmpdir(), "costper-sync-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(join(cwd, "costper.yaml"), config);
  return cwd;
};

/** Starts the command line; no output of it may ever hold a secret. */
const start = (args: string, cwd: string): { child: ChildProcess; ended: Promise<Ended> } => {
  const child = spawn(process.execPath, ["--import", loader, cli, ...args.split(" ")], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: cwd },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const ended = once(child, "close").then(([status]): Ended => {
    for (const secret of secrets) expect(out + err).not.toContain(secret);
    const said = err.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
    return { status: status as number | null, out, err, said };
  });
  return { child, ended };
};

const costper = (args: string, cwd: string): Promise<Ended> => start(args, cwd).ended;

const realDay = addDays(dayAt(new Date(), "UTC"), -5);
const realNow = () => ({ now: new Date().toISOString() });

const requestsOf = ({ sandbox }: World): number =>
  Object.values(sandbox.servers).reduce((sum, { requests }) => sum + requests.length, 0);

test("a command line that is wrong ends with status 2: nothing asked, no file, no table made", async () => {
  const world = await openWorld(realNow());
  const { url, drop } = await createDatabase({ empty: true });
  onTestFinished(drop);
  const named = {
    google: { accounts: ["100-000-0011"] },
    meta: { accounts: ["act_1"] },
    linkedin: { accounts: [1] },
    microsoft: { accounts: [700000021] },
    x: { accounts: ["acc1demo"] },
  };
  const cwd = await folderWith(world.configText(named).replace(world.url, url));
  const wrong = [
    ["sync --from 2026-02-30", /calendar/],
    ["sync --from 2026-02-29", /calendar/],
    ["sync --from 2026-03-02 --to 2026-03-01 --json", /after --to/],
    ["sync --to 2099-01-01", /future/],
    ["sync --platform tiktok", /google, meta, linkedin/],
    ["sync --account 9999999999 --json", /9999999999/],
    ["sync --max-wait soon", /90s/],
  ] as const;
  const ended = await Promise.all(wrong.map(([args]) => costper(args, cwd)));
  for (const [index, [args, said]] of wrong.entries())
    expect({ args, ...ended[index] }).toMatchObject({
      args,
      status: 2,
      out: "",
      err: expect.stringMatching(said),
    });
  // Without named accounts the platforms are asked, and still no table is made.
  const open = await folderWith(world.configText().replace(world.url, url));
  expect(requestsOf(world)).toBe(0);
  const unreached = await costper("sync --account 9999999999 --platform linkedin", open);
  expect(unreached).toMatchObject({ status: 2, out: "", err: expect.stringContaining("9999999999") });
  expect(await readdir(cwd)).toEqual(["costper.yaml"]);
  const { openDatabase } = await import("../../src/warehouse/database.ts");
  const database = openDatabase(url);
  const { rows } = await database.pool.query(
    "select from pg_namespace where nspname in ('warehouse', 'marts', 'ops')",
  );
  await database.close();
  expect(rows).toEqual([]);
});

test("sync, status, reconcile and accounts answer in JSON alone; the last lines say which account lacks what", async () => {
  const world = await openWorld(realNow());
  const cwd = await folderWith(world.configText());
  const refused = world.sandbox.platforms.meta.truth.accountIds[1] ?? "";
  world.sandbox.servers.meta.addFault(
    metaFaults.error(
      { code: 200, message: "(#200) Ad account owner has NOT grant ads_management permission", status: 403 },
      { times: Infinity, when: ({ path }) => path.includes(`act_${refused}/`) },
    ),
  );
  const range = `--from ${realDay} --to ${realDay}`;
  const sync = await costper(`sync ${range} --json`, cwd);
  expect(sync.status).toBe(1);
  const answer = JSON.parse(sync.out) as { slices: object[]; accounts: object[] };
  expect(Object.keys(answer)).toEqual(["slices", "accounts"]);
  expect(Object.keys(answer.slices[0] ?? {}).sort()).toEqual(
    ["platform", "account_id", "from", "to", "outcome", "rows_read", "rows_written", "ms", "failure"].sort(),
  );
  expect(Object.keys(answer.accounts[0] ?? {})).toEqual(["platform", "account_id", "outcome", "failure"]);
  expect(answer.accounts).toContainEqual({
    platform: "meta",
    account_id: refused,
    outcome: "failed",
    failure: expect.stringContaining("permission"),
  });
  expect(sync.err.trimEnd().split("\n").at(-1)).toMatch(
    new RegExp(`^meta ${refused}: .*permission.*: give .*access`),
  );
  expect(sync.said).toHaveLength(2);
  expect(sync.said[0]).toMatch(/^Loaded .* missing something/);
  expect(sync.err.split("\n").filter((line) => line.includes("slice loaded")).length).toBeGreaterThan(5);

  const [status, reconcile, accounts, quiet] = await Promise.all([
    costper("status --json", cwd),
    costper(`reconcile ${range} --json --account ${refused} --platform meta`, cwd),
    costper("accounts --json --platform meta".replace(" --platform meta", ""), cwd),
    costper(`reconcile ${range} --platform linkedin --quiet --json`, cwd),
  ]);
  expect(status.status).toBe(1);
  const { accounts: states } = JSON.parse(status.out) as { accounts: Record<string, unknown>[] };
  expect(Object.keys(states[0] ?? {})).toEqual([
    "platform",
    "account_id",
    "name",
    "last_good_date",
    "freshness_hours",
    "outcome",
    "failure",
    "remedy",
    "paused",
    "expected_date",
    "stale",
  ]);
  expect(states.find(({ account_id }) => account_id === refused)).toMatchObject({
    last_good_date: null,
    freshness_hours: null,
    outcome: "failed",
    failure: expect.stringContaining("permission"),
  });
  expect(
    states.filter(({ outcome }) => outcome === "done").map((state) => state["last_good_date"]),
  ).toContain(realDay);
  expect(reconcile.status).toBe(1);
  expect(JSON.parse(reconcile.out)).toEqual({ accounts: [] });
  expect(reconcile.said.at(-1)).toMatch(new RegExp(`^meta ${refused}: `));
  expect(accounts.status).toBe(0);
  const { accounts: listed } = JSON.parse(accounts.out) as { accounts: Record<string, unknown>[] };
  expect(listed).toContainEqual(
    expect.objectContaining({
      platform: "meta",
      account_id: refused,
      currency: "USD",
      time_zone: "America/Los_Angeles",
    }),
  );
  expect(quiet).toMatchObject({ status: 0, err: "" });
  const { accounts: reconciled } = JSON.parse(quiet.out) as { accounts: Record<string, unknown>[] };
  expect(reconciled.length).toBeGreaterThan(1);
  for (const account of reconciled)
    expect(account).toEqual({
      platform: "linkedin",
      account_id: expect.any(String),
      days: 1,
      differences: [],
    });
});

const waitFor = (seen: () => Promise<boolean>): Promise<void> => expect.poll(seen).toBe(true);

test.each([
  ["kill -9", "SIGKILL"],
  ["Ctrl-C", "SIGINT"],
] as const)(
  "%s in the middle of a load leaves the previous figures whole, and the next run resumes",
  async (_, signal) => {
    const world = await openWorld({ ...realNow(), platforms: ["linkedin"] });
    const cwd = await folderWith(world.configText());
    const { linkedin } = world.sandbox.servers;
    const days = { from: addDays(realDay, -200), to: realDay };
    const range = `--from ${days.from} --to ${days.to}`;
    const before = await world.sync({ from: realDay, to: realDay });
    expect(before.lines).toEqual([]);
    const spend = () =>
      world.query("select date, sum(spend) from marts.cost_per_conversion_daily group by 1 order by 1");
    const figures = await spend();
    // The oldest window is never answered: younger slices are done by then, these are in the middle.
    const [year, month, date] = days.from.split("-").map(Number);
    let stuck = false;
    linkedin.addFault({
      name: "silence",
      times: Infinity,
      when: ({ rawQuery, body }) =>
        `${rawQuery}${body}`.includes(
          `start:(year:${String(year)},month:${String(month)},day:${String(date)})`,
        ),
      strike: () => void (stuck = true),
    });
    const { child, ended } = start(`sync ${range} --json`, cwd);
    const doneBefore = () =>
      world.query("select from ops.slice where outcome = 'done' and from_date < $1", [realDay]);
    await waitFor(async () => stuck && (await doneBefore()).length > 0);
    child.kill(signal);
    const killed = await ended;
    expect(killed.out).toBe("");
    expect(killed.status).toBe(signal === "SIGINT" ? 130 : null);
    // A slice whose figures are published is asked for again where the kill came before its unit was done.
    const done = await world.query(
      "select from ops.job where kind = 'slice' and state = 'done' and from_date < $1",
      [realDay],
    );
    for (const { date, sum } of figures as { date: string; sum: string }[])
      expect(await world.query("select sum(spend) from warehouse.ad_daily where date = $1", [date])).toEqual([
        { sum },
      ]);

    linkedin.clearFaults();
    const next = await world.sync(days);
    expect(next.lines).toEqual([]);
    const windows = await world.query<{ n: number }>(
      `select count(distinct (account_id, from_date))::integer as n from ops.slice
       where outcome = 'done' and run_id = (select run_id from ops.run order by started_at desc limit 1)`,
    );
    expect(next.json.slices.length).toBe((windows[0]?.n ?? 0) - done.length);
    expect(next.json.accounts.every(({ outcome }) => outcome === "done" || outcome === "closed")).toBe(true);
    const truth = world.sandbox.platforms.linkedin.accounts
      .filter(({ status, test: isTest }) => status === "ACTIVE" && !isTest)
      .flatMap(({ id }) => world.sandbox.platforms.linkedin.truth.days(id, days.from, days.to))
      .reduce((sum, day) => sum + Number(day.spend), 0);
    const [total] = await world.query<{ sum: string }>(
      `select sum(spend) from marts.cost_per_conversion_daily d join warehouse.account a using (account_key)
       where a.is_active`,
    );
    expect(Number(total?.sum)).toBeCloseTo(truth, 2);
    // A range that completed is pulled again when it is asked for again.
    const again = await world.sync(days);
    expect(again.json.slices.length).toBe(windows[0]?.n);
    expect(again.json.slices.reduce((sum, { rows_written }) => sum + rows_written, 0)).toBe(0);
  },
);

test("neither the log nor any error of a sync holds a token", async () => {
  const world = await openWorld({ platforms: ["google", "meta", "linkedin"] });
  world.sandbox.servers.meta.addFault(metaFaults.revokedToken({ times: Infinity }));
  world.sandbox.servers.linkedin.addFault({
    name: "echo",
    when: ({ path }) => path.includes("/rest/"),
    times: Infinity,
    strike: (exchange) =>
      exchange.json(403, { status: 403, message: `denied for ${exchange.headers.authorization ?? ""}` }),
  });
  world.sandbox.servers.google.addFault({
    name: "echo",
    when: ({ path }) => path.endsWith("searchStream"),
    times: Infinity,
    strike: (exchange) =>
      exchange.json(400, [
        {
          error: {
            code: 400,
            status: "INVALID_ARGUMENT",
            message: `sent ${exchange.headers.authorization ?? ""}`,
          },
        },
      ]),
  });
  const { lines, json } = await world.sync({ from: "2026-09-15", to: "2026-09-15" });
  expect(lines.length).toBeGreaterThan(2);
  const stored = await world.query(
    "select failure, remedy from ops.slice union all select cause, '' from ops.account_day",
  );
  const all = [...world.logged, ...lines, JSON.stringify(json), JSON.stringify(stored)].join("\n");
  expect(world.logged.length).toBeGreaterThan(3);
  for (const secret of [...secrets, "ya29.sandbox"]) expect(all).not.toContain(secret);
});
