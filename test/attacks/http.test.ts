import { connect } from "node:net";
import { once } from "node:events";
import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { openWeb } from "../../src/web/server.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { silentLog, smallSeed, startWeb } from "../support/web.ts";

const token = "a-token-of-the-operator";
const bearer = { authorization: `Bearer ${token}` };
const json = { "content-type": "application/json" };

/** Sends bytes as they are and gives what came until the server hung up. */
const raw = async (url: string, text: string): Promise<string> => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
  socket.write(text);
  await once(socket, "close");
  return answer;
};

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

const logIn = async (
  url: string,
  headers: Record<string, string> = {},
  shown: string = token,
): Promise<Response> =>
  fetch(`${url}/login`, {
    method: "POST",
    redirect: "manual",
    headers,
    body: new URLSearchParams({ token: shown }),
  });

/** Every route that changes something, with a body that it would take. */
const writing = [
  ["POST", "/api/silences", { rule: "any", hours: 1 }],
  ["DELETE", "/api/silences/1", undefined],
  ["POST", "/api/jobs/retry", { all: true }],
  ["POST", "/api/nights", {}],
  ["POST", "/api/accounts/pause", { platform: "google", account_id: "1000001" }],
  ["POST", "/api/accounts/resume", { platform: "google", account_id: "1000001" }],
  ["POST", "/api/notes", { date: "2026-11-20", text: "a new page" }],
  ["PUT", "/api/notes/1", { date: "2026-11-20", text: "a new page" }],
  ["DELETE", "/api/notes/1", undefined],
  [
    "POST",
    "/api/alerts/replay",
    { rule: { name: "a", metric: "spend", above: 1 }, from: "2026-11-01", to: "2026-11-02" },
  ],
] as const;

const change = async (
  url: string,
  [method, path, body]: (typeof writing)[number],
  headers: Record<string, string>,
): Promise<Response> =>
  fetch(url + path, {
    method,
    redirect: "manual",
    headers: { ...(body !== undefined && json), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

const readerToken = "a-token-of-a-reader-who-looks-on";
const feedToken = "a-token-that-stands-in-an-address";
const tokens = [
  { name: "Controlling", token: readerToken, role: "reader" },
  { name: "Sheet", token: feedToken, role: "feed" },
  { name: "Second operator", token: "another-token-of-an-operator", role: "operator" },
] as const;

const cookieOf = (answer: Response): string =>
  (answer.headers.get("set-cookie") ?? "").split(";", 1)[0] ?? "";

test("without a token nothing can be changed, whoever asks", async () => {
  const { url } = await startWeb({
    extraRoutes: (app) => {
      for (const action of ["pause", "clean", "obliterate"]) app.put(`/queues/api/${action}`, () => "done");
    },
  });
  const own = { ...json, origin: url, "sec-fetch-site": "same-origin" };
  const { "content-type": _type, ...origin } = own;
  for (const route of writing) expect((await change(url, route, origin)).status, route[1]).toBe(403);
  for (const action of ["pause", "clean", "obliterate"])
    expect((await fetch(`${url}/queues/api/${action}`, { method: "PUT", headers: own })).status).toBe(403);
  expect((await fetch(`${url}/api/overview`)).status).toBe(200);
});

test("a session changes something only from the dashboard's own page", async () => {
  const { url } = await startWeb({ token });
  const cookie = cookieOf(await logIn(url));
  const silence = async (headers: Record<string, string>): Promise<number> =>
    (
      await fetch(`${url}/api/silences`, {
        method: "POST",
        headers: { ...json, ...headers },
        body: JSON.stringify({ rule: "no such rule", hours: 1 }),
      })
    ).status;
  expect(await silence({ cookie })).toBe(403);
  expect(await silence({ cookie, origin: "http://evil.example" })).toBe(403);
  expect(await silence({ cookie, "sec-fetch-site": "cross-site" })).toBe(403);
  expect(await silence({ cookie, "sec-fetch-site": "same-site" })).toBe(403);
  expect(await silence({ cookie, "sec-fetch-site": "same-origin", origin: "http://evil.example" })).toBe(403);
  // Past the guard: the rule is not known.
  expect(await silence({ cookie, origin: url })).toBe(404);
  expect(await silence({ cookie, "sec-fetch-site": "same-origin" })).toBe(404);
  expect(await silence(bearer)).toBe(404);
  expect(await silence({ ...bearer, "sec-fetch-site": "cross-site" })).toBe(403);
});

test.each([
  ["two Host headers", "GET /api/overview HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n", 400],
  ["no Host header", "GET /api/overview HTTP/1.1\r\n", 400],
  [
    "another authority in the address",
    "GET http://evil.example/api/overview HTTP/1.1\r\nHost: localhost\r\n",
    400,
  ],
  ["a foreign Host", "GET /api/overview HTTP/1.1\r\nHost: evil.example\r\n", 403],
  [
    "a foreign Host with a name of ours before it",
    "GET /api/overview HTTP/1.1\r\nHost: localhost.evil.example\r\n",
    403,
  ],
  [
    "a foreign absolute form with its own Host",
    "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n",
    403,
  ],
])("is not reached under another name: %s", async (_name, head, status) => {
  const { url } = await startWeb();
  expect(statusOf(await raw(url, `${head}Connection: close\r\n\r\n`))).toBe(status);
});

test("a cookie kept from before logout opens nothing", async () => {
  const { url } = await startWeb({ token });
  const cookie = cookieOf(await logIn(url));
  const status = async (): Promise<number> =>
    (await fetch(`${url}/api/overview`, { headers: { cookie } })).status;
  expect(await status()).toBe(200);
  const out = await fetch(`${url}/logout`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie, origin: url },
  });
  expect(out.status).toBe(303);
  expect(await status()).toBe(401);
});

test("a changed token ends every session", async () => {
  const { url, database } = await startWeb({ token });
  const cookie = cookieOf(await logIn(url));
  const other = await openWeb({
    config: { web: { host: "127.0.0.1", port: 0, token: "the-next-token" } },
    db: database.db,
    log: silentLog,
  });
  onTestFinished(() => other.close());
  expect((await fetch(`${url}/api/overview`, { headers: { cookie } })).status).toBe(200);
  expect((await fetch(`${other.url}/api/overview`, { headers: { cookie } })).status).toBe(401);
});

test.each([
  ["wrong tokens", { authorization: "Bearer guess" }],
  ["forged cookies", { cookie: `costper_session=${"a".repeat(32)}.${"b".repeat(43)}` }],
])("guesses are limited, and the right token still opens: %s", async (_name, headers) => {
  const { url } = await startWeb({ token });
  const statuses: number[] = [];
  for (let guess = 0; guess < 13; guess += 1)
    statuses.push((await fetch(`${url}/api/overview`, { headers })).status);
  expect(statuses.slice(0, 10).every((status) => status === 401)).toBe(true);
  expect(statuses.slice(10)).toEqual([429, 429, 429]);
  expect((await fetch(`${url}/api/overview`, { headers: bearer })).status).toBe(200);
  expect((await logIn(url)).status).toBe(303);
});

test("the cookie is Secure where a trusted proxy says https, and only then", async () => {
  const behindProxy = { "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.7" };
  const { url, database } = await startWeb({ token });
  expect((await logIn(url, behindProxy)).headers.get("set-cookie")).not.toContain("Secure");
  const trusting = await openWeb({
    config: { web: { host: "127.0.0.1", port: 0, token, trustProxy: "loopback" } },
    db: database.db,
    log: silentLog,
  });
  onTestFinished(() => trusting.close());
  const cookie = (await logIn(trusting.url, behindProxy)).headers.get("set-cookie");
  expect(cookie).toContain("Secure");
  expect(cookie).toContain("SameSite=Strict");
});

test.each([
  "/\t/evil.example",
  "/\n/evil.example",
  "/\r\n/evil.example",
  "\t//evil.example",
  String.raw`/\evil.example`,
  "/.//evil.example",
  "//evil.example",
  "javascript:alert(1)",
])("the login leads nowhere else: %j", async (next) => {
  const { url } = await startWeb({ token });
  const answer = await fetch(`${url}/login`, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ token, next }),
  });
  expect(answer.status).toBe(303);
  expect(new URL(answer.headers.get("location") ?? "", url).origin).toBe(url);
});

test.each([
  ["/api/jobs/retry", { job: "a\0b" }],
  ["/api/jobs/retry", { job: "half a pair \ud800" }],
  ["/api/silences", { rule: "a\0b", hours: 1 }],
  ["/api/silences", { rule: "a", hours: 1e-300 }],
  ["/api/silences", { rule: "a", hours: 1e300 }],
  ["/api/silences", { rule: "a", hours: 1, labels: { "k\0": "v" } }],
  ["/api/silences", { rule: "a", hours: 1, labels: { k: "v\0" } }],
  ["/api/silences", { rule: "a", hours: 1, labels: { k: "\udfff" } }],
  ["/api/silences", { rule: "a", hours: 1, reason: "a\0b" }],
  ["/api/notes", { date: "2026-02-30", text: "a" }],
  ["/api/notes", { date: "2026-11-20", text: "  " }],
  ["/api/notes", { date: "2026-11-20", text: "a\0b" }],
  ["/api/notes", { date: "2026-11-20", text: "a", campaign: "1" }],
  ["/api/notes", { date: "2026-11-20", text: "a", platform: "meta", account: "google:1000001" }],
  ["/api/accounts/pause", { platform: "elsewhere", account_id: "1" }],
  ["/api/accounts/pause", { platform: "google", account_id: "\0" }],
  ["/api/alerts/replay", { rule: {}, from: "2026-11-01", to: "2026-11-02" }],
  ["/api/alerts/replay", { rule: { name: "a", metric: "cpc" }, from: "2026-11-01", to: "2026-11-02" }],
  [
    "/api/alerts/replay",
    { rule: { name: "a", metric: "spend", above: 1 }, from: "2026-11-02", to: "2026-11-01" },
  ],
  [
    "/api/alerts/replay",
    { rule: { name: "a", metric: "spend", above: 1 }, from: "2025-11-02", to: "2026-11-01" },
  ],
  [
    "/api/alerts/replay",
    { rule: { name: "a", metric: "spend", above: 1 }, from: "2099-11-02", to: "2099-11-02" },
  ],
])("a bad body is the sender's fault: %s %j", async (path, body) => {
  const { url } = await startWeb({
    token,
    jobs: { failed: () => Promise.resolve([]), retry: () => Promise.resolve([]) },
  });
  const answer = await fetch(url + path, {
    method: "POST",
    headers: { ...json, ...bearer },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: expect.any(String) as string });
});

test("a body that drips is cut off", async () => {
  const { url } = await startWeb({ token });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined).resume();
  socket.write(
    `POST /api/silences HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`,
  );
  const drip = setInterval(() => socket.write(" "), 500);
  onTestFinished(() => clearInterval(drip));
  await once(socket, "close");
});

test("readers that stop reading a download leave the page and the probe their connections", async () => {
  const { url, database } = await startWeb({ seed: smallSeed });
  const slow = openDatabase(database.url, { connections: 2 });
  const web = await openWeb({
    config: { web: { host: "127.0.0.1", port: 0 } },
    db: database.db,
    downloads: slow.db,
    log: silentLog,
  });
  onTestFinished(() => slow.close());
  onTestFinished(() => web.close());
  expect(url).not.toBe(web.url);
  const { hostname, port } = new URL(web.url);
  const readers = Array.from({ length: 12 }, () => connect(Number(port), hostname));
  onTestFinished(() => readers.forEach((reader) => reader.destroy()));
  for (const reader of readers) {
    reader.on("error", () => undefined).pause();
    reader.write(`GET /api/breakdown.csv?by=campaign&range=70d HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  }
  for (let round = 0; round < 5; round += 1) {
    expect((await fetch(`${web.url}/readyz`)).status).toBe(200);
    expect((await fetch(`${web.url}/api/overview`)).status).toBe(200);
  }
});

test("every writing route refuses a reader, whatever it shows, and lets an operator by", async () => {
  const { url } = await startWeb({ token, tokens, seed: smallSeed });
  const cookie = cookieOf(await logIn(url, {}, readerToken));
  expect(cookie).not.toBe("");
  const reader = [
    { authorization: `Bearer ${readerToken}` },
    { cookie, origin: url },
    { cookie, "sec-fetch-site": "same-origin" },
  ];
  for (const route of writing) {
    for (const headers of reader) expect((await change(url, route, headers)).status, route[1]).toBe(403);
    // A cookie alone is refused before anybody asks whose it is.
    expect((await change(url, route, { cookie })).status, route[1]).toBe(403);
    for (const shown of [token, "another-token-of-an-operator"])
      expect([200, 404, 409], route[1]).toContain(
        (await change(url, route, { authorization: `Bearer ${shown}` })).status,
      );
    expect((await change(url, route, { ...bearer, "sec-fetch-site": "cross-site" })).status, route[1]).toBe(
      403,
    );
  }
  for (const path of ["/api/overview", "/api/alerts", "/api/health", "/api/session", "/metrics"])
    expect((await fetch(url + path, { headers: { cookie } })).status, path).toBe(200);
});

test("a reader's session ends on the server when it signs out", async () => {
  const { url, database } = await startWeb({ token, tokens });
  const cookie = cookieOf(await logIn(url, {}, readerToken));
  const read = async (): Promise<number> =>
    (await fetch(`${url}/api/overview`, { headers: { cookie } })).status;
  expect(await read()).toBe(200);
  const signOut = (headers: Record<string, string>) =>
    fetch(`${url}/logout`, { method: "POST", redirect: "manual", headers: { cookie, ...headers } });
  expect((await signOut({ origin: "http://evil.example" })).status).toBe(403);
  expect(await read()).toBe(200);
  expect((await signOut({ origin: url })).status).toBe(303);
  expect(await read()).toBe(401);
  expect((await database.pool.query("select from ops.web_session")).rowCount).toBe(0);
});

test("a token that is taken from the list opens nothing any more, nor does its session", async () => {
  const { url, database } = await startWeb({ token, tokens });
  const cookie = cookieOf(await logIn(url, {}, readerToken));
  const after = await openWeb({
    config: { web: { host: "127.0.0.1", port: 0, token, tokens: tokens.slice(1) } },
    db: database.db,
    log: silentLog,
  });
  onTestFinished(() => after.close());
  expect((await fetch(`${url}/api/overview`, { headers: { cookie } })).status).toBe(200);
  expect((await fetch(`${after.url}/api/overview`, { headers: { cookie } })).status).toBe(401);
  const authorization = `Bearer ${readerToken}`;
  expect((await fetch(`${after.url}/api/overview`, { headers: { authorization } })).status).toBe(401);
});

test("a feed's token opens the feed and nothing else, and nothing else opens the feed", async () => {
  const { url } = await startWeb({ token, tokens, seed: smallSeed });
  const feed = `${url}/feed/breakdown.csv?by=campaign&range=70d`;
  const opened = await fetch(`${feed}&token=${feedToken}`);
  expect(opened.status).toBe(200);
  expect(opened.headers.get("cache-control")).toContain("private");
  expect(opened.headers.get("referrer-policy")).toBe("no-referrer");
  expect(opened.headers.get("set-cookie")).toBeNull();
  const lines = (await opened.text()).trim().split("\n");
  expect(lines[0]).toMatch(/^from,to,platform,account_id,/);
  expect(lines.length).toBeGreaterThan(10);

  const cookie = cookieOf(await logIn(url));
  for (const [address, headers] of [
    [feed, {}],
    [feed, bearer],
    [feed, { cookie }],
    [feed, { authorization: `Bearer ${feedToken}` }],
    [`${feed}&token=`, {}],
    [`${feed}&token=${token}`, {}],
    [`${feed}&token=${readerToken}`, {}],
    [`${feed}&token=wrong&token=${feedToken}`, {}],
  ] as const)
    expect((await fetch(address, { headers })).status, address).toBe(401);
  expect((await fetch(`${feed}&token=${feedToken}`, { method: "POST", headers: bearer })).status).toBe(401);
  const authorization = `Bearer ${feedToken}`;
  for (const path of ["/api/overview", "/", "/metrics", `/api/overview?token=${feedToken}`])
    expect((await fetch(url + path, { headers: { authorization } })).status, path).toBe(401);
  expect(cookieOf(await logIn(url, {}, feedToken))).toBe("");
});

test("guesses at a feed are limited with all others, and the right token still opens", async () => {
  const { url } = await startWeb({ token, tokens, seed: smallSeed });
  const statuses: number[] = [];
  for (let guess = 0; guess < 13; guess += 1)
    statuses.push((await fetch(`${url}/feed/breakdown.csv?token=guess-${String(guess)}`)).status);
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429, 429]);
  const wrong = { authorization: "Bearer guess" };
  expect((await fetch(`${url}/api/overview`, { headers: wrong })).status).toBe(429);
  const right = await fetch(`${url}/feed/breakdown.csv?token=${feedToken}`);
  expect(right.status).toBe(200);
  expect(await right.text()).toContain("google");
});

test("no token stands in a log line or an answer, whatever goes wrong with it", async () => {
  const logged: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void logged.push(line) });
  const { url, database } = await startWeb({ token, tokens, log });
  const answers: string[] = [];
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(url + path, { redirect: "manual", ...init });
    answers.push(JSON.stringify([...answer.headers]), await answer.text());
  };
  const given = `token=${feedToken}`;
  for (const path of [
    `/feed/breakdown.csv?${given}`,
    `/feed/breakdown.csv?${given}&by=colour`,
    `/feed/breakdown.csv?${given}&currency=XXX`,
    `/feed/nothing.csv?${given}`,
    `/feed/breakdown.csv?${given}&${given}`,
  ])
    await ask(path);
  for (const path of ["/api/session", "/api/rules", "/api/silences", "/api/alerts", "/api/health"])
    await ask(path, { headers: { authorization: `Bearer ${readerToken}` } });
  await ask("/metrics", { headers: bearer });
  // The database goes away while it is asked.
  await database.pool.query("alter table marts.channel_daily rename to channel_gone").catch(() => undefined);
  await database.pool.query("alter schema figures rename to gone");
  await ask(`/feed/breakdown.csv?${given}`).catch(() => undefined);
  await ask("/api/overview", { headers: { authorization: `Bearer ${readerToken}` } });
  const said = logged.join("") + answers.join("");
  expect(logged.length).toBeGreaterThan(0);
  for (const secret of [token, ...tokens.map((one) => one.token)]) expect(said).not.toContain(secret);
});
