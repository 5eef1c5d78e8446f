import { hostname } from "node:os";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import type { Exchange } from "../../sandbox/server.ts";
import { createConnectors, openApp } from "../../src/app.ts";
import { runSync } from "../../src/commands/sync/run.ts";
import { sharedLimits } from "../../src/warehouse/shared-limits/index.ts";
import { openBackend } from "./backends.ts";
import { begin, configOf, nightOver, openSandbox, openService } from "./night-support.ts";
import { clock } from "./pace.ts";

const log = pino({ level: "silent" });

/** Counts requests that are answered at one time, each a while. */
const gauge = (keyOf: (exchange: Exchange) => string | undefined) => {
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  return {
    most,
    fault: {
      name: "counts",
      times: Infinity,
      when: (exchange: Exchange) => keyOf(exchange) !== undefined,
      strike: async (exchange: Exchange, answer: () => Promise<void>) => {
        const key = keyOf(exchange) ?? "";
        now.set(key, (now.get(key) ?? 0) + 1);
        most.set(key, Math.max(most.get(key) ?? 0, now.get(key) ?? 0));
        await new Promise((resolve) => setTimeout(resolve, 60));
        now.set(key, (now.get(key) ?? 1) - 1);
        await answer();
      },
    },
  };
};

const accountOf = ({ path }: Exchange): string | undefined =>
  /(?:customers\/|act_)\d+\/(?:googleAds|insights)/.exec(path)?.[0];

test("syncs beside the service never have more requests under way together than the platform and an account allow", async () => {
  const sandbox = await openSandbox();
  const { database, queues } = await openBackend("postgres");
  const platforms = ["google", "linkedin"] as const;
  const connectors = Object.fromEntries(platforms.map((name) => [name, sandbox.settings.connectors[name]]));
  const config = configOf(sandbox, { lookbackDays: 10, database: database.url, connectors });
  const gauges = platforms.map((name) => {
    const whole = gauge(({ path }) => (/token/i.test(path) ? undefined : name));
    const each = gauge(accountOf);
    sandbox.servers[name].addFault({
      ...whole.fault,
      strike: (exchange, answer) =>
        whole.fault.strike(exchange, async () =>
          accountOf(exchange) === undefined ? answer() : each.fault.strike(exchange, answer),
        ),
    });
    return { name, whole, each };
  });
  const openOne = () => openApp({ config, log, signal: new AbortController().signal, now: clock });
  const apps = await Promise.all([openOne(), openOne(), openOne()]);
  onTestFinished(async () => void (await Promise.all(apps.map((app) => app.close()))));
  const concurrencyOf = async (name: (typeof platforms)[number]) =>
    createConnectors({ config, log })(name).then(({ concurrency }) => concurrency);
  await openService({ config, database, queues });
  const runId = await begin(config, database, queues);
  const summaries = await Promise.all(apps.map((app) => runSync(app, {})));
  expect(await nightOver(database, runId)).toBe("done");
  for (const { results } of summaries)
    expect(results.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  for (const { name, whole, each } of gauges) {
    const concurrency = await concurrencyOf(name);
    expect(whole.most.get(name) ?? 0, name).toBeGreaterThan(0);
    expect(whole.most.get(name) ?? 0, name).toBeLessThanOrEqual(concurrency.platform);
    for (const [account, most] of each.most)
      expect(most, `${name} ${account}`).toBeLessThanOrEqual(concurrency.account);
  }
  // As many as may be were under way somewhere: else nothing was held back.
  const full = await Promise.all(
    gauges.map(async ({ name, each }) => {
      const concurrency = await concurrencyOf(name);
      return [...each.most.values()].some((most) => most === concurrency.account);
    }),
  );
  expect(full).toContain(true);
});

test("a pause that the service was told of holds for a sync too", async () => {
  const sandbox = await openSandbox();
  const { database } = await openBackend("postgres");
  const config = configOf(sandbox, { database: database.url });
  const now = (): Date => new Date();
  const connector = createConnectors({
    config,
    log,
    now,
    maxWaitMs: 1_000,
    shared: sharedLimits(database.pool),
  });
  await sharedLimits(database.pool).pause("meta", null, new Date(Date.now() + 60_000));
  const accounts = (await connector("meta")).accounts(new AbortController().signal)[Symbol.asyncIterator]();
  await expect(accounts.next()).rejects.toMatchObject({ kind: "busy", scope: "platform" });
});

test("places of a process that died are free at once, and those of a silent one when their lease ends", async () => {
  const { database } = await openBackend("postgres");
  const { pool } = database;
  const room = { platform: 1, account: 1 };
  const { signal } = new AbortController();
  const gone = JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1, mark: "gone" });
  await pool.query("select ops.take_place('google', '1', $1, 1, 1, 600)", [gone]);
  const one = sharedLimits(pool);
  const leave = await one.place("google", "1", room, signal);
  const elsewhere = JSON.stringify({ host: "elsewhere", pid: 1, mark: "silent" });
  await pool.query("select ops.take_place('meta', '1', $1, 1, 1, 1)", [elsewhere]);
  (await sharedLimits(pool).place("meta", "2", room, signal))();
  const stop = new AbortController();
  const waiting = sharedLimits(pool).place("google", "2", room, stop.signal);
  stop.abort(new DOMException("interrupted", "AbortError"));
  await expect(waiting).rejects.toMatchObject({ kind: "cancelled" });
  leave();
  (await sharedLimits(pool).place("google", "2", room, signal))();
  await one.close();
  await expect.poll(async () => (await pool.query("select from ops.place")).rowCount).toBe(0);
});

test("an account's idle place goes to another account of the same process without waiting for its time", async () => {
  const { database } = await openBackend("postgres");
  const { pool } = database;
  const room = { platform: 1, account: 1 };
  const { signal } = new AbortController();
  const texts: string[] = [];
  const watched: typeof pool = Object.create(pool, {
    query: {
      value: (asked: string | { readonly text: string }, ...values: unknown[]) => {
        texts.push(typeof asked === "string" ? asked : asked.text);
        return (pool.query as (...all: unknown[]) => unknown).call(pool, asked, ...values);
      },
    },
  }) as typeof pool;
  const limits = sharedLimits(watched);
  for (const account of ["1", "2", "1"]) (await limits.place("google", account, room, signal))();
  expect(texts.filter((text) => text.includes("take_place"))).toHaveLength(3);
  await limits.close();
  await expect.poll(async () => (await pool.query("select from ops.place")).rowCount).toBe(0);
});
