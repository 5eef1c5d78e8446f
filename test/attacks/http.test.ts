import { connect } from "node:net";
import { once } from "node:events";
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

const logIn = async (url: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/login`, {
    method: "POST",
    redirect: "manual",
    headers,
    body: new URLSearchParams({ token }),
  });

const cookieOf = (answer: Response): string =>
  (answer.headers.get("set-cookie") ?? "").split(";", 1)[0] ?? "";

test("without a token nothing can be changed, whoever asks", async () => {
  const { url } = await startWeb({
    extraRoutes: (app) => {
      for (const action of ["pause", "clean", "obliterate"]) app.put(`/queues/api/${action}`, () => "done");
    },
  });
  const own = { ...json, origin: url, "sec-fetch-site": "same-origin" };
  const body = JSON.stringify({ rule: "any", hours: 1 });
  expect((await fetch(`${url}/api/silences`, { method: "POST", headers: own, body })).status).toBe(403);
  expect(
    (await fetch(`${url}/api/jobs/retry`, { method: "POST", headers: own, body: '{"all":true}' })).status,
  ).toBe(403);
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
