import type { ServerResponse } from "node:http";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import type { Day } from "../../src/domain/day.ts";
import { refreshRates, type Refreshed } from "../../src/metrics/rates/refresh.ts";
import { createEcbSandbox, sandboxRate } from "../../sandbox/ecb/index.ts";
import { connectionReset, htmlPage } from "../../sandbox/faults.ts";
import { listen, type SandboxServer } from "../../sandbox/server.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";

interface Bank {
  readonly database: Database;
  readonly server: SandboxServer<"ecb">;
  /** Refreshes as if it were the evening of the day. */
  readonly refresh: (today: Day, from: Day, options?: { idleTimeoutMs?: number }) => Promise<Refreshed>;
  readonly count: () => Promise<number>;
}

const openBank = async (): Promise<Bank> => {
  const database = await freshDatabase();
  let asOf = "2026-11-20";
  const server = await listen(createEcbSandbox({ asOf: () => asOf, from: "2025-01-01" }));
  onTestFinished(() => server.close());
  return {
    database,
    server,
    refresh: (today, from, options = {}) => {
      asOf = today;
      return refreshRates({
        pool: database.pool,
        endpoint: server.url,
        from,
        now: new Date(`${today}T20:00:00Z`),
        signal: new AbortController().signal,
        log: pino({ level: "silent" }),
        firstDelayMs: 1,
        ...options,
      });
    },
    count: async () =>
      Number(
        (await database.pool.query<{ n: string }>("select count(*) as n from warehouse.exchange_rate"))
          .rows[0]?.n,
      ),
  };
};

test("fetches the smallest file that closes the gap, and nothing where there is none", async () => {
  const bank = await openBank();
  expect((await bank.refresh("2026-11-18", "2026-10-01")).files).toEqual(["90d"]);
  expect(await bank.refresh("2026-11-18", "2026-10-01")).toMatchObject({ files: [], written: 0 });
  expect(await bank.refresh("2026-11-19", "2026-10-01")).toMatchObject({ files: ["daily"], written: 10 });
  expect(await bank.refresh("2026-11-24", "2026-10-01")).toMatchObject({ files: ["90d"], written: 30 });
  expect((await bank.refresh("2026-11-24", "2025-06-01")).files).toEqual(["full"]);
  expect(await bank.refresh("2026-11-24", "2025-06-01")).toMatchObject({ files: [], last: "2026-11-24" });
});

test("the same file twice leaves every row as it was, and a corrected rate replaces its own", async () => {
  const { refresh, database, count } = await openBank();
  await refresh("2026-11-20", "2026-10-01");
  const before = await count();
  await database.pool.query(
    "update warehouse.exchange_rate set rate = 9 where quote = 'USD' and rate_date = '2026-11-10'",
  );
  await database.pool.query("delete from warehouse.exchange_rate where rate_date > '2026-11-17'");
  expect(await refresh("2026-11-20", "2026-10-01")).toMatchObject({ files: ["90d"], written: 31 });
  expect(await count()).toBe(before);
  const { rows } = await database.pool.query(
    "select trim_scale(rate) as rate from warehouse.exchange_rate where quote = 'USD' and rate_date = '2026-11-10'",
  );
  expect(rows).toEqual([{ rate: String(Number(sandboxRate("USD", "2026-11-10"))) }]);
});

test("an imported rate is not replaced by the published one", async () => {
  const { refresh, database } = await openBank();
  await database.pool.query(
    "insert into warehouse.exchange_rate (rate_date, base, quote, rate, source) values ('2026-11-10', 'EUR', 'USD', 2, 'rates.csv')",
  );
  await refresh("2026-11-20", "2026-10-01");
  const { rows } = await database.pool.query(
    "select source, count(*)::integer as n from warehouse.exchange_rate where quote = 'USD' group by source order by n",
  );
  expect(rows[0]).toEqual({ source: "rates.csv", n: 1 });
});

test("a day that came out after the missing one leaves no gap behind", async () => {
  const { refresh, database, server } = await openBank();
  await refresh("2026-11-18", "2026-10-01");
  // The bank is a day ahead of our clock.
  server.addFault({
    name: "early",
    when: ({ path }) => path.endsWith("daily.xml"),
    strike: (exchange) =>
      exchange.text(
        200,
        '<Envelope><Cube><Cube time="2026-11-20"><Cube currency="USD" rate="1.1"/></Cube></Cube></Envelope>',
      ),
  });
  expect((await refresh("2026-11-19", "2026-10-01")).files).toEqual(["daily", "90d"]);
  const { rows } = await database.pool.query(
    "select 1 from warehouse.exchange_rate where quote = 'USD' and rate_date = '2026-11-19'",
  );
  expect(rows).toHaveLength(1);
});

test("a file that breaks off is fetched again; when it stays so, nothing of it is kept", async () => {
  const { refresh, server, count } = await openBank();
  const half = {
    name: "half",
    times: 3,
    strike: ({ response }: { response: ServerResponse }) => {
      response.writeHead(200, { "content-type": "text/xml" });
      response.write('<Envelope><Cube><Cube time="2026-11-20"><Cube currency="USD" rate="1.1"/>', () =>
        response.destroy(),
      );
    },
  };
  server.addFault(half);
  await expect(refresh("2026-11-20", "2026-10-01")).rejects.toMatchObject({ kind: "data" });
  expect(await count()).toBe(0);
  server.addFault({ ...half, times: 1 });
  expect((await refresh("2026-11-20", "2026-10-01")).written).toBeGreaterThan(500);
});

test("a file with a bad rate at its end is refused whole, and is not asked for again", async () => {
  const { refresh, server, count } = await openBank();
  server.addFault({
    name: "bad end",
    times: 3,
    strike: (exchange) =>
      exchange.text(
        200,
        '<Envelope><Cube><Cube time="2026-11-20"><Cube currency="USD" rate="1.1"/><Cube currency="SEK" rate="1,1"/></Cube></Cube></Envelope>',
      ),
  });
  await expect(refresh("2026-11-20", "2026-10-01")).rejects.toThrow(
    /2026-11-20 has a rate of SEK that is none: "1,1"/,
  );
  expect(await count()).toBe(0);
  expect(server.requests).toHaveLength(1);
});

test.each([
  ["a server error is asked again", htmlPage(503, { times: 2 }), "90d"],
  ["a reset connection is asked again", connectionReset({ times: 2 }), "90d"],
])("%s", async (_, fault, file) => {
  const { refresh, server } = await openBank();
  server.addFault(fault);
  expect((await refresh("2026-11-20", "2026-10-01")).files).toEqual([file]);
});

test("a wrong endpoint names the setting, a silent one is given up, and an interruption is no failure of the bank", async () => {
  const { refresh, server, database } = await openBank();
  server.addFault(htmlPage(404));
  await expect(refresh("2026-11-20", "2026-10-01")).rejects.toMatchObject({
    kind: "request",
    remedy: expect.stringContaining("rates.endpoint") as string,
  });
  server.addFault({ name: "silent", times: 3, strike: () => undefined });
  await expect(refresh("2026-11-20", "2026-10-01", { idleTimeoutMs: 50 })).rejects.toMatchObject({
    kind: "transient",
  });
  server.clearFaults();
  await expect(
    refreshRates({
      pool: database.pool,
      endpoint: server.url,
      from: "2026-10-01",
      now: new Date("2026-11-20T20:00:00Z"),
      signal: AbortSignal.abort(),
      log: pino({ level: "silent" }),
    }),
  ).rejects.toMatchObject({ kind: "cancelled" });
});
