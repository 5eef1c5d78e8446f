import { text } from "node:stream/consumers";
import { parse as parseCsv } from "csv-parse/sync";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { type Entry, fromBuffer } from "yauzl";
import { replay } from "../../src/alerts/replay.ts";
import { alertSettings } from "../../src/alerts/rule/settings.ts";
import { exact } from "../../src/domain/decimal.ts";
import { nextDue } from "../../src/domain/schedule.ts";
import type { SessionAnswer } from "../../src/web/api/operating-answers.ts";
import { cellOf } from "../../src/web/api/xlsx.ts";
import { smallSeed, startWeb } from "../support/web.ts";

const token = "a-token-of-the-operator";

const open = async (options: Parameters<typeof startWeb>[0] = {}) => {
  const web = await startWeb({ token, seed: smallSeed, ...options });
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(web.url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return { ...web, call };
};

test("an account is paused and resumed, and health says so rather than calling it stale", async () => {
  const { call, database } = await open();
  const named = { platform: "google", account_id: "1000001" };
  const accountOf = async () => {
    const { body } = await call("GET", "/api/health?size=100");
    const accounts = body["accounts"] as readonly Record<string, unknown>[];
    return accounts.find(({ account_id }) => account_id === "1000001");
  };
  expect(await accountOf()).toMatchObject({ stale: true, paused: null });
  expect(await call("POST", "/api/accounts/pause", { ...named, reason: " new agency " })).toEqual({
    status: 200,
    body: { paused: true },
  });
  expect(await accountOf()).toMatchObject({
    stale: false,
    paused: { by: "web.token", reason: "new agency", since: expect.any(String) as string },
  });
  expect(
    (await database.pool.query("select count(*)::int from marts.cost_per_conversion_daily")).rows,
  ).toEqual([{ count: expect.any(Number) as number }]);
  expect((await call("POST", "/api/accounts/resume", named)).status).toBe(200);
  expect(await accountOf()).toMatchObject({ stale: true, paused: null });
  expect((await call("POST", "/api/accounts/resume", named)).status).toBe(404);
  expect((await call("POST", "/api/accounts/pause", { ...named, account_id: "9" })).status).toBe(404);
});

test("a pause drops the slices of the night under way that have not begun, and no others", async () => {
  const { call, database } = await open();
  await database.pool.query(`
    with run as (insert into ops.run (command, plan) values ('night', 'x') returning run_id),
         night as (insert into ops.night select run_id, 'x', now(), now() + interval '1 hour' from run)
    insert into ops.job (job_id, run_id, kind, platform, account_id, state)
    select kind || account_id || state, run_id, kind, 'google', account_id, state
    from run, unnest(array['1000001', '1000002']) account_id,
         (values ('slice', 'pending'), ('slice', 'deferred'), ('slice', 'running'), ('slice', 'done'), ('rollup', 'pending')) as j (kind, state)`);
  await call("POST", "/api/accounts/pause", { platform: "google", account_id: "1000001" });
  const { rows } = await database.pool.query<{ jobs: string }>(
    "select account_id || ' ' || string_agg(kind || ' ' || state, ', ' order by kind, state) as jobs from ops.job group by account_id order by 1",
  );
  expect(rows.map(({ jobs }) => jobs)).toEqual([
    "1000001 rollup pending, slice done, slice running",
    "1000002 rollup pending, slice deferred, slice done, slice pending, slice running",
  ]);
});

test("a silence is listed with who made it and why, and ends before its time", async () => {
  const { call, database } = await open();
  await database.pool.query(`
    insert into ops.alert (rule, series, labels, state, severity, metric, since, explanation, evaluated_at)
    values ('costly', 'a', '{"platform": "google"}', 'firing', 'critical', 'cost_per_conversion', now(), 'too dear', now())`);
  const silencedUntil = async () => {
    const { body } = await call("GET", "/api/alerts");
    return (body["alerts"] as readonly Record<string, unknown>[])[0]?.["silenced_until"];
  };
  const made = await call("POST", "/api/silences", {
    rule: "costly",
    labels: { platform: "google" },
    hours: 4,
    reason: "known: the sale begins",
  });
  expect(made.status).toBe(200);
  const { body } = await call("GET", "/api/silences");
  expect(body).toMatchObject({
    may_silence: true,
    silences: [
      {
        rule: "costly",
        labels: { platform: "google" },
        ends_at: made.body["until"],
        made_by: "web.token",
        reason: "known: the sale begins",
      },
    ],
  });
  expect(await silencedUntil()).toBe(made.body["until"]);
  const [listed] = body["silences"] as readonly { readonly id: string }[];
  expect((await call("DELETE", `/api/silences/${listed?.id ?? ""}`)).status).toBe(200);
  expect(await silencedUntil()).toBeNull();
  expect((await call("GET", "/api/silences")).body["silences"]).toEqual([]);
  expect((await call("DELETE", `/api/silences/${listed?.id ?? ""}`)).status).toBe(404);
  expect((await call("DELETE", "/api/silences/x")).status).toBe(400);
  expect((await database.pool.query("select ended_by from ops.alert_silence")).rows).toEqual([
    { ended_by: "web.token" },
  ]);
});

test("a note is written, shown where it says something, changed and taken away", async () => {
  const { call } = await open();
  const add = async (note: Record<string, unknown>): Promise<string> => {
    const { status, body } = await call("POST", "/api/notes", note);
    expect(status).toBe(200);
    return String(body["id"]);
  };
  const all = await add({ date: "2026-11-10", text: "new landing page" });
  await add({ date: "2026-11-11", platform: "meta", text: "pixel moved" });
  const account = "google:1000001";
  await add({ date: "2026-11-12", account, text: "budget doubled" });
  const campaign = await add({ date: "2026-11-13", account, campaign: "10000010001", text: "new titles" });
  const range = "from=2026-11-01&to=2026-11-20";
  const shown = async (filter: string): Promise<unknown> =>
    ((await call("GET", `/api/notes?${range}${filter}`)).body["notes"] as readonly { text: string }[])
      .map(({ text }) => text)
      .toReversed();
  expect(await shown("")).toEqual(["new landing page", "pixel moved", "budget doubled", "new titles"]);
  expect(await shown("&platform=meta")).toEqual(["new landing page", "pixel moved"]);
  expect(await shown("&platform=google")).toEqual(["new landing page", "budget doubled", "new titles"]);
  expect(await shown(`&account=${account}`)).toEqual(["new landing page", "budget doubled", "new titles"]);
  expect(await shown("&account=google:1000002")).toEqual(["new landing page"]);
  expect(await shown(`&account=${account}&campaign=10000010001`)).toEqual([
    "new landing page",
    "budget doubled",
    "new titles",
  ]);
  expect(await shown(`&account=${account}&campaign=10000010002`)).toEqual([
    "new landing page",
    "budget doubled",
  ]);

  const annotations = async (): Promise<unknown> =>
    (
      (await call("GET", `/api/annotations?${range}`)).body["annotations"] as readonly Record<
        string,
        unknown
      >[]
    ).filter(({ kind }) => kind === "note");
  expect(await annotations()).toEqual([
    { date: "2026-11-10", kind: "note", platform: null, text: "new landing page" },
    { date: "2026-11-11", kind: "note", platform: "meta", text: "pixel moved" },
    { date: "2026-11-12", kind: "note", platform: "google", text: "Google account 1: budget doubled" },
    { date: "2026-11-13", kind: "note", platform: "google", text: 'Brand <b>Søk</b> & "co": new titles' },
  ]);

  const moved = { date: "2026-11-14", account, campaign: "10000010001", text: "newer titles" };
  expect((await call("PUT", `/api/notes/${campaign}`, moved)).status).toBe(200);
  expect(await call("GET", `/api/notes?from=2026-11-14&to=2026-11-14`)).toMatchObject({
    body: { may_write: true, notes: [{ text: "newer titles", made_by: "web.token", account_id: "1000001" }] },
  });
  expect((await call("DELETE", `/api/notes/${all}`)).status).toBe(200);
  expect(await shown("&platform=meta")).toEqual(["pixel moved"]);
  expect((await call("DELETE", `/api/notes/${all}`)).status).toBe(404);
  expect((await call("PUT", `/api/notes/${all}`, moved)).status).toBe(404);
  for (const nobody of [{ account: "google:9" }, { account, campaign: "9" }])
    expect((await call("POST", "/api/notes", { date: "2026-11-10", text: "x", ...nobody })).status).toBe(404);
});

test("a rule is tried on the figures of then, as costper alerts replay does, and its YAML is the rule", async () => {
  const [rule] = alertSettings().parse([
    { name: "kept", metric: "spend", by: "platform", above: 1, currency: "EUR", minSpend: 5 },
  ]);
  if (rule === undefined) throw new Error("no rule");
  const { call, database } = await open({ alerts: [rule] });
  await database.pool.query(`
    insert into ops.account_day (platform, account_id, date, state, difference)
    select a.platform, a.account_id, d::date, 'complete', 0
    from warehouse.account a, generate_series(date '2026-10-01', date '2026-11-20', interval '1 day') d
    on conflict (platform, account_id, date) do update set state = 'complete', difference = 0`);
  const listed = (await call("GET", "/api/rules")).body;
  expect(listed).toMatchObject({ may_try: true, notifiers: [], rules: [{ name: "kept" }] });
  const [shown] = listed["rules"] as readonly { readonly yaml: string }[];
  expect(alertSettings().parse(parse(shown?.yaml ?? ""))).toEqual([rule]);

  const written = { name: "dear", metric: "cost_per_conversion", by: "campaign", window: "1d", above: 30 };
  const range = { from: "2026-11-05", to: "2026-11-14" };
  const tried = await call("POST", "/api/alerts/replay", { rule: written, ...range });
  expect(tried.status).toBe(200);
  const [settings] = alertSettings().parse([written]);
  if (settings === undefined) throw new Error("no rule");
  const expected = await replay({ db: database.db, settings, range, now: new Date() });
  expect(tried.body).toMatchObject({
    days: 10,
    days_without_data: expected.daysWithoutData,
    fired: expected.fired,
    taken_back: expected.takenBack,
  });
  expect(expected.fired).toBeGreaterThan(0);
  expect(
    (tried.body["firings"] as readonly Record<string, unknown>[]).map(({ value_then }) => value_then),
  ).toEqual(expected.firings.map(({ valueThen }) => valueThen));
  expect(parse(String(tried.body["yaml"]))).toEqual([written]);

  const wrong = { ...written, window: "a week", changeAbove: "3%", notify: ["nobody"] };
  const refused = await call("POST", "/api/alerts/replay", { rule: wrong, ...range });
  expect(refused.status).toBe(400);
  for (const key of ["window: must be whole days", "notify[0]: no notifier", "changeAbove: stands beside"])
    expect(refused.body["error"]).toContain(key);
  const operation = { name: "late", metric: "freshness", above: 30 };
  expect(await call("POST", "/api/alerts/replay", { rule: operation, ...range })).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining("whose past is not kept") as string },
  });
});

test("of two rules that are tried at once one is asked to wait", async () => {
  const { call } = await open();
  const body = {
    rule: { name: "dear", metric: "spend", by: "campaign", above: 1 },
    from: "2026-09-20",
    to: "2026-11-20",
  };
  const both = await Promise.all([
    call("POST", "/api/alerts/replay", body),
    call("POST", "/api/alerts/replay", body),
  ]);
  expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 429]));
  expect((await call("POST", "/api/alerts/replay", body)).status).toBe(200);
});

test("the page knows who asks, what fires and when the next night is", async () => {
  const readers = [
    { name: "Controlling", token: "a-token-of-a-reader-who-looks-on", role: "reader" as const },
  ];
  const { url, database } = await open({ tokens: readers });
  await database.pool.query(`
    insert into ops.alert (rule, series, labels, state, severity, metric, since, explanation, evaluated_at)
    select 'costly', n::text, '{}', case when n < 3 then 'firing' else 'resolved' end, 'critical',
           'cost_per_conversion', now(), '', now() from generate_series(1, 3) n`);
  const ask = async (shown: string) =>
    (await (
      await fetch(`${url}/api/session`, { headers: { authorization: `Bearer ${shown}` } })
    ).json()) as SessionAnswer;
  const operator = await ask(token);
  const { rows } = await database.pool.query<{ firing: number }>(
    "select count(*)::int as firing from ops.alert where state = 'firing'",
  );
  expect(rows[0]?.firing).toBeGreaterThan(1);
  expect(operator).toMatchObject({
    name: "web.token",
    role: "operator",
    may_operate: true,
    firing: rows[0]?.firing,
  });
  // Without a queue nobody can begin a night here.
  expect(operator.night.may_begin).toBe(false);
  expect(Date.parse(operator.night.next_at)).toBe(
    nextDue({ pattern: operator.night.schedule, timeZone: operator.night.time_zone }, new Date()).getTime(),
  );
  expect(await ask("a-token-of-a-reader-who-looks-on")).toMatchObject({
    name: "Controlling",
    role: "reader",
    may_operate: false,
  });
});

/** The cells of the first sheet as the file has them, row by row: type, style and content. */
const sheetOf = async (file: Buffer): Promise<readonly (readonly string[])[]> => {
  const zip = await unzip(file);
  const text = zip.get("xl/worksheets/sheet1.xml") ?? "";
  return [...text.matchAll(/<row [^>]*>(.*?)<\/row>/gs)].map(([, row = ""]) =>
    [...row.matchAll(/<c ([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)].map(([, attributes = "", inner = ""]) => {
      const kind = /t="(\w+)"/.exec(attributes)?.[1] ?? "n";
      return `${kind} ${inner.replace(/<[^>]*>/g, "")}`;
    }),
  );
};

const unzip = (file: Buffer): Promise<Map<string, string>> =>
  new Promise((resolve, reject) => {
    fromBuffer(file, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      const entries = new Map<string, string>();
      zip.on("entry", (entry: Entry) => {
        zip.openReadStream(entry, (failed, stream) => {
          if (failed) return reject(failed);
          void text(stream).then((content) => {
            entries.set(entry.fileName, content);
            zip.readEntry();
          }, reject);
        });
      });
      zip.once("end", () => resolve(entries));
      zip.readEntry();
    });
  });

test("a workbook has the figures of the CSV: numbers as numbers, ids as text, days as dates", async () => {
  const { url } = await open();
  const get = (path: string) =>
    fetch(`${url}/api/${path}`, { headers: { authorization: `Bearer ${token}` } });
  const query = "from=2026-11-01&to=2026-11-20&by=campaign";
  const answer = await get(`breakdown.xlsx?${query}`);
  expect(answer.headers.get("content-type")).toBe(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  );
  expect(answer.headers.get("content-disposition")).toContain("costper-campaign.xlsx");
  const [header = [], ...rows] = await sheetOf(Buffer.from(await answer.arrayBuffer()));
  const csv = parseCsv(await (await get(`breakdown.csv?${query}`)).text()) as string[][];
  expect(header).toEqual(csv[0]?.map((name) => `inlineStr ${name}`));
  expect(rows).toHaveLength(csv.length - 1);
  expect(rows.length).toBeGreaterThan(10);
  const unescaped = (cell: string): string =>
    cell.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  for (const [place, row] of rows.entries()) {
    const line = csv[place + 1] ?? [];
    // Empty cells are left out of the file.
    const filled = line.flatMap((value, column) =>
      value === "" ? [] : [{ value, title: csv[0]?.[column] ?? "" }],
    );
    expect(row).toHaveLength(filled.length);
    for (const [index, { value, title }] of filled.entries()) {
      const [kind = "", content = ""] = [row[index]?.split(" ", 1)[0], row[index]?.replace(/^\w+ /, "")];
      if (title === "from" || title === "to") {
        expect(kind).toBe("n");
        expect(
          new Date(Date.UTC(1899, 11, 30) + Number(content) * 86_400_000).toISOString().slice(0, 10),
        ).toBe(value);
      } else if (/_id$|name$|platform|currency/.test(title)) {
        expect(kind).toBe("inlineStr");
        expect(unescaped(content)).toBe(value.replace(/^'/, ""));
      } else if (title === "is_final") expect(`${kind} ${content}`).toBe(value === "true" ? "b 1" : "b 0");
      else if (/^cost_per|rate$|^return/.test(title))
        expect(`${kind} ${content}`).toBe(`n ${String(Number(value))}`);
      else {
        expect(kind).toBe("n");
        // To the last digit, in whatever way either is written.
        expect(exact(content)).toBe(exact(value));
      }
    }
  }
  const channels = await get("channels.xlsx");
  expect((await sheetOf(Buffer.from(await channels.arrayBuffer())))[0]).toContain("inlineStr channel");
});

test.each([
  ["0.000001", 0.000001],
  ["-12.500000", -12.5],
  ["123456789012.345000", 123456789012.345],
  ["999999999999999", 999999999999999],
  ["1000000000000000.000000", 1000000000000000],
  ["1234567890123456", "1234567890123456"],
  ["123456789012.345678", "123456789012.345678"],
  ["0", 0],
  ["0.000000", 0],
])("a figure of more digits than Excel keeps stays text: %s", (decimal, cell) => {
  expect(cellOf(decimal, "figure")).toBe(cell);
});
