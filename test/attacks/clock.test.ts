import { expect, onTestFinished, test } from "vitest";
import { createLinkedinSandbox, linkedinSandboxSettings } from "../../sandbox/linkedin/index.ts";
import { listen } from "../../sandbox/server.ts";
import { folderWith, startCostper } from "../jobs/start-process.ts";
import { createDatabase } from "../support/database.ts";
import { openDatabase } from "../../src/warehouse/database.ts";

/** LinkedIn whose own clock stands so many hours beside ours: to us it looks as if ours were wrong. */
const platformAt = async (hoursAhead: number) => {
  const server = await listen(createLinkedinSandbox({ clock: () => new Date(), accounts: 1, campaigns: 1 }));
  onTestFinished(() => server.close());
  server.addFault({
    name: "another time",
    times: Infinity,
    async strike({ response }, answer) {
      response.setHeader("date", new Date(Date.now() + hoursAhead * 3_600_000).toUTCString());
      await answer();
    },
  });
  return server;
};

const run = async (folder: string, ...args: string[]) => {
  const started = startCostper(folder, args);
  return { status: await started.ended, said: started.said() };
};

test.each([
  ["ahead by a year", -365 * 24],
  ["ahead by 73 years", -73 * 365 * 24],
  ["behind by a month", 30 * 24],
])("a clock that is %s: sync and doctor say so, and no day is asked for or noted", async (_, hours) => {
  const server = await platformAt(hours);
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const folder = await folderWith({
    database: url,
    lookbackDays: 3,
    connectors: { linkedin: linkedinSandboxSettings(server.url) },
  });
  const { status, said } = await run(folder, "sync", "--quiet");
  const lines = said.trimEnd().split("\n");
  expect(lines.at(-1)).toMatch(
    /^linkedin: the clock of this machine is wrong: it says \d{4}-\d\d-\d\d \d\d:\d\d UTC, 127\.0\.0\.1:\d+ says .*set the clock/,
  );
  expect(said).not.toContain("upgrade costper");
  expect(status).toBe(1);
  expect(server.requests.filter(({ path }) => path.includes("adAnalytics"))).toEqual([]);
  const database = openDatabase(url);
  const { rows } = await database.pool.query(
    "select 1 from ops.account_day union all select 1 from ops.slice",
  );
  expect(rows).toEqual([]);
  await database.close();
  const doctor = await run(folder, "doctor");
  expect(doctor.said).toMatch(/failed +clock +the clock of this machine is wrong/);
  expect(doctor.status).toBe(1);
});

test("a clock that is off by minutes stops nothing, and doctor says so", async () => {
  const server = await platformAt(0.25);
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const folder = await folderWith({
    database: url,
    lookbackDays: 2,
    connectors: { linkedin: linkedinSandboxSettings(server.url) },
  });
  expect(await run(folder, "sync", "--quiet")).toMatchObject({ status: 0 });
  expect((await run(folder, "doctor")).said).toMatch(/warning +clock +the clock of this machine is wrong/);
});
