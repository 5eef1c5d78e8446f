import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { callForReady } from "../../src/jobs/wake.ts";
import { beginNight } from "../../src/jobs/night.ts";
import {
  createLinkedinSandbox,
  linkedinSandboxCredentials,
  linkedinSandboxSettings,
} from "../../sandbox/linkedin/index.ts";
import { listen } from "../../sandbox/server.ts";
import type { Health } from "../../src/web/api/health-answers.ts";
import { openBackend, silent } from "./backends.ts";
import { nightOver } from "./night-support.ts";
import { folderWith, startCostper } from "./start-process.ts";

const openLinkedin = async (accounts: number) => {
  const platform = createLinkedinSandbox({ clock: () => new Date(), accounts, campaigns: 2 });
  const server = await listen(platform);
  onTestFinished(() => server.close());
  const { database, queues } = await openBackend("postgres");
  const folder = await folderWith({
    database: database.url,
    lookbackDays: 2,
    schedule: "0 3 1 1 *",
    web: { port: 0 },
    connectors: { linkedin: linkedinSandboxSettings(server.url) },
  });
  const begin = async (): Promise<string> => {
    const runId = await beginNight(
      { pool: database.pool, log: silent, platforms: ["linkedin"] },
      { at: new Date(), wallClock: "a night" },
    );
    await callForReady(database.pool, queues);
    return runId ?? "";
  };
  return { platform, server, database, folder, begin };
};

describe.each([
  ["the file beside the config", {}],
  ["the database", { COSTPER_SECRET_KEY: "a key of the test" }],
])("a rotating token kept in %s", (_, env) => {
  test("is renewed once when it ends for several workers at the same time", async () => {
    const { platform, server, database, folder, begin } = await openLinkedin(12);
    platform.oauth.rotates = true;
    server.latencyMs = 120;
    const workers = Array.from({ length: 3 }, () =>
      startCostper(folder, ["start", "--only", "worker", "--slices", "2"], env),
    );
    await Promise.all(workers.map((worker) => worker.until("costper is up")));
    const runId = await begin();
    const running = async (): Promise<number> =>
      (await database.pool.query("select from ops.job where kind = 'slice' and state = 'running'"))
        .rowCount ?? 0;
    await expect.poll(running, { interval: 20 }).toBeGreaterThan(2);
    platform.oauth.expireTokens();
    expect(await nightOver(database, runId)).toBe("done");
    const renewals = server.requests.filter(({ path }) => path === "/oauth/v2/accessToken");
    expect(renewals).toHaveLength(2);
    for (const worker of workers) worker.child.kill("SIGTERM");
    for (const worker of workers) expect(await worker.ended).toBe(0);
    const atWork = workers.filter((worker) => worker.said().includes("slice loaded"));
    expect(atWork.length).toBeGreaterThan(1);
    for (const worker of workers) expect(worker.said()).not.toMatch(/AQX-minted|sandbox-refresh-token/);
  });
});

test("the end of a token that is kept in the file is told by doctor, status and the health page", async () => {
  const { platform, database, folder, begin } = await openLinkedin(1);
  platform.oauth.refreshDaysLeft = 12;
  const service = startCostper(folder, ["start", "--only", "worker,web"]);
  await service.until("costper is up");
  expect(await nightOver(database, await begin())).toBe("done");
  const file = join(folder, "costper.credentials.json");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const ends = /"expiresAt": "([^"]+)"/.exec(await readFile(file, "utf8"))?.[1] ?? "";
  expect(Date.parse(ends)).toBeGreaterThan(Date.now() + 11 * 86_400_000);

  const url = String(service.lines().find(({ msg }) => msg === "dashboard")?.["url"]);
  const health = (await (await fetch(`${url}/api/health`)).json()) as Health;
  expect(health.credentials).toEqual([{ platform: "linkedin", expires_at: ends }]);

  const [status, told, doctor] = ["status --json", "status", "doctor --json"].map((args) =>
    startCostper(folder, args.split(" ")),
  );
  await Promise.all([status?.ended, told?.ended, doctor?.ended]);
  expect(status?.said()).toContain(`"tokens":[{"platform":"linkedin","expires_at":"${ends}","days":11}]`);
  expect(told?.said()).toMatch(/days left\nlinkedin +\d{4}-\d\d-\d\d +11\n/);
  expect(doctor?.said()).toMatch(
    /"check":"linkedin","outcome":"warning","message":"the token ends on [-\d]+, in 11 days","remedy":"sign in again/,
  );
  for (const said of [status?.said(), told?.said(), doctor?.said(), service.said(), JSON.stringify(health)]) {
    expect(said).not.toContain(linkedinSandboxCredentials.refreshToken);
    expect(said).not.toContain("AQX-minted");
  }

  // A credential that was replaced leaves its end behind, and is not spoken of any more.
  const kept = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  await writeFile(
    file,
    JSON.stringify({ "linkedin:old": { secret: "x", expiresAt: "2026-01-01T00:00:00.000Z" }, ...kept }),
  );
  const after = (await (await fetch(`${url}/api/health`)).json()) as Health;
  expect(after.credentials).toEqual([{ platform: "linkedin", expires_at: ends }]);
});
