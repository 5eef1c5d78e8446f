import { mkdir, readdir, readFile, rename, utimes, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Database } from "../../src/warehouse/database.ts";
import { createDatabase, freshDatabase } from "../support/database.ts";
import { configWith, night, rows, tempFolder } from "./support.ts";

const leadIds = async (database: Database) =>
  (await rows(database, "select lead_id from warehouse.lead where withdrawn_at is null order by 1")).map(
    ({ lead_id }) => lead_id,
  );

const one = async (...pulled: Parameters<typeof night>) => {
  const [result] = await night(...pulled);
  return result;
};

describe("sql", () => {
  const start = async () => {
    const { url, drop } = await createDatabase({ empty: true });
    const erp = new pg.Client({ connectionString: url });
    await erp.connect();
    onTestFinished(async () => {
      await erp.end();
      await drop();
    });
    await erp.query(
      `create table kunder (nr int, oprettet timestamptz, lokal timestamp, aendret timestamptz default now());
       insert into kunder values (1, '2026-10-05 10:12:00+02', '2026-10-05 10:12:00'), (2, '2026-10-06 23:30:00+02', '2026-10-06 23:30:00')`,
    );
    const database = await freshDatabase();
    const source = (query: string, more: object = {}, sourceMore: object = {}) =>
      configWith({
        erp: {
          type: "sql",
          connection: url,
          queries: [{ kind: "leads", query, columns: { lead_id: "nr", created_at: "oprettet" }, ...more }],
          ...sourceMore,
        },
      });
    return { erp, database, source };
  };

  test("rows of a query are imported under the columns named, and again change nothing", async () => {
    const { erp, database, source } = await start();
    const config = source("select nr, oprettet from kunder where aendret >= :since -- ':from'\n");
    expect(await one(database, config)).toMatchObject({ outcome: "done", rowsRead: 2, rowsWritten: 2 });
    expect(await leadIds(database)).toEqual(["erp:1", "erp:2"]);
    expect(await one(database, config)).toMatchObject({ outcome: "done", rowsWritten: 0 });
    // From the second time on only what changed since the last, with a day's overlap.
    await erp.query("update kunder set aendret = '2020-01-01'");
    expect(await one(database, config)).toMatchObject({ rowsRead: 0 });
    expect(await one(database, config, { full: true })).toMatchObject({ rowsRead: 2 });
  });

  test("a query that writes, holds a second statement, never ends or lacks a column is refused, and nothing is written", async () => {
    const { erp, database, source } = await start();
    const failureOf = async (...asked: Parameters<typeof source>) => {
      const result = await one(database, source(...asked));
      return [result?.failure?.kind, result?.failure?.code];
    };
    const writing = "with gone as (delete from kunder returning nr, oprettet) select nr, oprettet from gone";
    expect(await failureOf(writing)).toEqual(["request", "0A000"]);
    expect(await failureOf("select nr, oprettet from kunder; commit; drop table kunder")).toEqual([
      "request",
      "42601",
    ]);
    expect(
      await failureOf("select nr, oprettet, pg_sleep(60) from kunder", {}, { timeoutSeconds: 1 }),
    ).toEqual(["request", "57014"]);
    // Each fetch is quick enough for the server's own bound, the whole is not.
    const slow =
      "select g as nr, now() as oprettet from generate_series(1, 40000) g where g % 5000 <> 1 or pg_sleep(0.4) is not null";
    expect(await failureOf(slow, {}, { timeoutSeconds: 1 })).toEqual(["request", "57014"]);
    expect(await failureOf("select nothing from kunder")).toEqual(["request", "42703"]);
    const lacking = await one(database, source("select nr from kunder"));
    expect(lacking?.failure).toMatchObject({ kind: "request" });
    expect(lacking?.failure?.message).toContain(
      "oprettet: is missing from the header, while columns names it for created_at",
    );
    expect((await erp.query("select count(*)::int as n from kunder")).rows).toEqual([{ n: 2 }]);
    expect(await leadIds(database)).toEqual([]);
  });

  test("costper's own warehouse is no source, under whatever name it is reached", async () => {
    const { database, source } = await start();
    const own = new URL(database.url);
    const another = new URL(own);
    another.hostname = own.hostname === "localhost" ? "127.0.0.1" : "localhost";
    for (const connection of [own.href, another.href]) {
      const result = await one(database, source("select 1 as nr, now() as oprettet", {}, { connection }));
      expect(result?.failure).toMatchObject({
        kind: "request",
        code: "own_warehouse",
        message: "source erp: its connection leads to costper's own warehouse",
      });
    }
    expect(await leadIds(database)).toEqual([]);
  });

  test("a timestamp without a zone needs one, and is read in it", async () => {
    const { database, source } = await start();
    const naive = { columns: { lead_id: "nr", created_at: "lokal" } };
    const refused = await one(database, source("select nr, lokal from kunder", naive));
    expect(refused?.failure?.message).toBe("source erp: column lokal is a timestamp without a time zone");
    await one(database, source("select nr, lokal from kunder", naive, { timezone: "Europe/Copenhagen" }));
    expect(await rows(database, "select date::text from warehouse.lead order by lead_id")).toEqual([
      { date: "2026-10-05" },
      { date: "2026-10-06" },
    ]);
  });

  test("with mode replace rows that come no more go, but never all of them at once", async () => {
    const { erp, database, source } = await start();
    const config = source("select nr, oprettet from kunder", { mode: "replace" });
    await one(database, config);
    await erp.query("delete from kunder where nr = 2");
    expect(await one(database, config)).toMatchObject({ outcome: "done", rowsWritten: 1 });
    expect(await leadIds(database)).toEqual(["erp:1"]);
    await erp.query("delete from kunder");
    expect((await one(database, config))?.failure).toMatchObject({ kind: "account", code: "vanished" });
    expect(await leadIds(database)).toEqual(["erp:1"]);
    expect((await one(database, config, { acceptRemovals: true }))?.failure).toBeNull();
    expect(await leadIds(database)).toEqual([]);
  });
});

describe("https", () => {
  const csv = "date,measure,value\n2026-11-01,calls_in,12\n";
  const start = async (listener: RequestListener, more: object = {}) => {
    const server = createServer(listener);
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/calls/{yesterday}.csv`;
    const config = configWith({
      switchboard: {
        type: "https",
        url,
        kind: "measures",
        allowPrivate: true,
        headers: { Authorization: "Bearer switchboard-secret" },
        ...more,
      },
    });
    const database = await freshDatabase();
    return { database, pull: () => one(database, config) };
  };
  const calls = (database: Database) =>
    rows(database, "select date::text, value::int from warehouse.measure_daily order by 1");

  test("an answer is loaded once: what the server says is unchanged is not sent again, and what it sends again is known", async () => {
    const asked: (string | undefined)[] = [];
    let body = csv;
    const { database, pull } = await start((request, response) => {
      asked.push(
        `${request.url ?? ""} ${request.headers["if-none-match"] ?? "-"} ${request.headers.authorization ?? ""}`,
      );
      if (request.headers["if-none-match"] === `"${String(body.length)}"`)
        return void response.writeHead(304).end();
      response.writeHead(200, { "content-type": "text/csv", etag: `"${String(body.length)}"` }).end(body);
    });
    expect(await pull()).toMatchObject({ outcome: "done", rowsWritten: 1 });
    expect(await pull()).toMatchObject({ outcome: "unchanged", rowsWritten: 0 });
    body += "2026-11-02,calls_in,7\n";
    expect(await pull()).toMatchObject({ outcome: "done", rowsWritten: 1 });
    expect(await calls(database)).toEqual([
      { date: "2026-11-01", value: 12 },
      { date: "2026-11-02", value: 7 },
    ]);
    expect(asked[1]).toBe(`/calls/2026-11-27.csv "${String(csv.length)}" Bearer switchboard-secret`);
  });

  const html = "<!DOCTYPE html><html><body>Log in</body></html>";
  test.each<[string, RequestListener, string, string]>([
    [
      "a login page",
      (_, response) => void response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html),
      "credentials",
      "a page for people",
    ],
    [
      "a login page under another name",
      (_, response) => void response.writeHead(200, { "content-type": "text/csv" }).end(html),
      "credentials",
      "a page for people",
    ],
    ["401", (_, response) => void response.writeHead(401).end(), "credentials", "answered 401"],
    ["404", (_, response) => void response.writeHead(404).end(), "request", "answered 404"],
    [
      "429",
      (_, response) => void response.writeHead(429, { "retry-after": "3600" }).end(),
      "busy",
      "answered 429",
    ],
    [
      "a short body",
      (_, response) =>
        void (
          response.writeHead(200, { "content-length": "999" }).write(csv),
          setImmediate(() => response.destroy())
        ),
      "transient",
      "the connection to",
    ],
    [
      "a bomb",
      (_, response) =>
        void response
          .writeHead(200, { "content-encoding": "gzip" })
          .end(
            gzipSync(Buffer.concat([Buffer.from(csv), Buffer.alloc(3_000_000, "2026-11-01,calls_in,1\n")])),
          ),
      "data",
      "larger than 1000000 bytes",
    ],
    [
      "a redirect to the cloud's metadata",
      (_, response) => void response.writeHead(302, { location: "http://169.254.169.254/latest/" }).end(),
      "request",
      "is a private address",
    ],
  ])(
    "%s is a failure that is told, and nothing is loaded",
    async (_, listener, kind, words) => {
      const { database, pull } = await start(listener, { maxBytes: "1MB" });
      const result = await pull();
      expect(result?.failure?.kind).toBe(kind);
      expect(result?.failure?.message).toContain(words);
      expect(JSON.stringify([result?.failure?.message, result?.failure?.remedy])).not.toContain(
        "switchboard-secret",
      );
      expect(await calls(database)).toEqual([]);
    },
    40_000,
  );

  test("404 is no news where the config says so", async () => {
    const { pull } = await start((_, response) => void response.writeHead(404).end(), { missing: "ok" });
    expect(await pull()).toMatchObject({ outcome: "unchanged", failure: null });
  });
});

describe("file", () => {
  const lead = (id: string) => `lead_id,created_at\n${id},2026-10-05T10:12:00Z\n`;
  const start = async (more: object = {}) => {
    const folder = await tempFolder();
    const inbox = join(folder, "inbox");
    await mkdir(inbox);
    const config = configWith(
      { drop: { type: "file", path: "inbox/leads-*.csv", kind: "leads", after: "move", ...more } },
      {},
      folder,
    );
    const database = await freshDatabase();
    const put = async (name: string, text: string, ageSeconds = 3_600) => {
      await writeFile(join(inbox, name), text);
      const at = new Date(Date.parse("2026-11-28T03:30:00Z") - ageSeconds * 1_000);
      await utimes(join(inbox, name), at, at);
    };
    return { folder, inbox, database, put, pull: () => one(database, config) };
  };

  test("each content is loaded once, under whatever name it comes, and moved; one that is being written waits", async () => {
    const { inbox, database, put, pull } = await start();
    await put("leads-1.csv", lead("L1"));
    await put("leads-2.csv.part", lead("L9"));
    await put("leads-3.csv", lead("L3"), 10);
    expect(await pull()).toMatchObject({ outcome: "done", rowsRead: 1 });
    expect(await leadIds(database)).toEqual(["drop:L1"]);
    expect((await readdir(inbox)).sort()).toEqual(["done", "leads-2.csv.part", "leads-3.csv"]);
    await put("leads-4.csv", lead("L1"));
    await put("leads-3.csv", lead("L3"));
    expect(await pull()).toMatchObject({ outcome: "done", rowsRead: 1 });
    expect((await readdir(join(inbox, "done"))).sort()).toEqual([
      "leads-1.csv",
      "leads-3.csv",
      "leads-4.csv",
    ]);
    // A crash between the commit and the move: the file is still there, and is only moved.
    await rename(join(inbox, "done", "leads-1.csv"), join(inbox, "leads-1.csv"));
    expect(await pull()).toMatchObject({ outcome: "unchanged", rowsWritten: 0 });
    expect((await readdir(join(inbox, "done"))).sort()).toContain("leads-1.csv");
  });

  test("a file with faults is told and moved aside, the others are loaded; with skipBad its good lines are", async () => {
    const { inbox, database, put, pull } = await start();
    await put("leads-1.csv", "lead_id,created_at\nL1,yesterday\n", 7_200);
    await put("leads-2.csv", lead("L2"));
    const result = await pull();
    expect(result?.failure).toMatchObject({ kind: "data" });
    expect(result?.failure?.message).toContain("leads-1.csv");
    expect(await leadIds(database)).toEqual(["drop:L2"]);
    expect(await readdir(join(inbox, "refused"))).toEqual(["leads-1.csv"]);

    const skipping = await start({ skipBad: true });
    await skipping.put("leads-1.csv", `${lead("L1")}L2,yesterday\n`);
    expect(await skipping.pull()).toMatchObject({ failure: null, refused: 1 });
    expect(await readFile(join(skipping.inbox, "done", "leads-1.csv.refused.csv"), "utf8")).toBe(
      "lead_id,created_at\nL2,yesterday\n",
    );
  });

  test("a day with slashes is no telephone number, and a file that was refused is taken once the config can read it", async () => {
    const { folder, inbox, database, put, pull } = await start();
    const text = "lead_id,created_at\nL1,05/11/2026\n";
    await put("leads-1.csv", text);
    expect((await pull())?.failure?.message).toContain("declare --date-format");
    const reading = { dateFormat: "DD/MM/YYYY", timezone: "Europe/Copenhagen" };
    const config = configWith(
      { drop: { type: "file", path: "inbox/leads-*.csv", kind: "leads", after: "move", ...reading } },
      {},
      folder,
    );
    await put("leads-1.csv", text);
    expect(await one(database, config)).toMatchObject({ failure: null, redacted: {} });
    expect(await rows(database, "select date::text from warehouse.lead")).toEqual([{ date: "2026-11-05" }]);
    expect((await readdir(inbox)).sort()).toEqual(["done", "refused"]);
  });

  test("where its folder is gone the source fails, and nothing is removed", async () => {
    const { inbox, database, put, pull } = await start();
    await put("leads-1.csv", lead("L1"));
    await pull();
    await rename(inbox, `${inbox}-gone`);
    expect((await pull())?.failure).toMatchObject({ kind: "account", code: "ENOENT" });
    expect(await leadIds(database)).toEqual(["drop:L1"]);
  });
});
