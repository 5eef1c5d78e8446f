import { request } from "node:http";
import { expect, test } from "vitest";
import { Failure } from "../../src/domain/failure.ts";
import { openWeb } from "../../src/web/server.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { silentLog, startWeb } from "../support/web.ts";

const token = "correct horse battery";

const withHost = (url: string, host: string): Promise<number> =>
  new Promise((done, reject) => {
    request(url, { headers: { host } }, ({ statusCode }) => done(statusCode ?? 0))
      .on("error", reject)
      .end();
  });

test("says that it lives and is ready, and prints metrics", async () => {
  const { url } = await startWeb();
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "ok" });
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toEqual({ status: "ok", checks: { database: { ok: true } } });
  const metrics = await fetch(`${url}/metrics`);
  expect(metrics.headers.get("content-type")).toContain("text/plain");
  expect(await metrics.text()).toContain('costper_http_request_seconds_count{method="GET",route="/healthz"');
});

test("is not ready while a part is not, and says which without giving secrets away", async () => {
  const { url } = await startWeb({
    checks: {
      queue: async () => Promise.reject(new Error("redis://user:hunter2@host refused")),
      schedule: async () =>
        Promise.reject(new Failure({ kind: "transient", message: "no night was run for 50 hours" })),
    },
  });
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(503);
  const text = await ready.text();
  expect(text).not.toContain("hunter2");
  expect(JSON.parse(text)).toMatchObject({
    checks: {
      database: { ok: true },
      queue: { ok: false },
      schedule: { ok: false, reason: "no night was run for 50 hours" },
    },
  });
});

test("with a token everything but the probes wants it", async () => {
  const { url } = await startWeb({
    token,
    extraRoutes: (app) => void app.get("/queues", () => "jobs"),
  });
  for (const path of ["/healthz", "/readyz"]) expect((await fetch(url + path)).status).toBe(200);
  for (const path of [
    "/",
    "/api/overview",
    "/metrics",
    "/queues",
    "/nothing",
    "/assets/main.js",
    "/breakdown",
  ]) {
    expect((await fetch(url + path)).status, path).toBe(401);
    expect((await fetch(url + path, { headers: { authorization: "Bearer wrong" } })).status, path).toBe(401);
  }
  const authorization = `Bearer ${token.replaceAll(" ", "")}`;
  expect((await fetch(`${url}/`, { headers: { authorization } })).status).toBe(401);
});

test("a bearer token opens every route", async () => {
  const { url } = await startWeb({
    token: "s3cret",
    extraRoutes: (app) => void app.get("/queues", () => "jobs"),
  });
  const headers = { authorization: "Bearer s3cret" };
  for (const path of ["/", "/api/overview", "/metrics", "/queues"])
    expect((await fetch(url + path, { headers })).status, path).toBe(200);
});

const login = (url: string, fields: Record<string, string>): Promise<Response> =>
  fetch(`${url}/login`, { method: "POST", redirect: "manual", body: new URLSearchParams(fields) });

test("the login gives a signed cookie that scripts and other sites cannot use", async () => {
  const { url } = await startWeb({ token });
  const page = await fetch(`${url}/breakdown?range=7d`, { headers: { accept: "text/html" } });
  expect(page.status).toBe(401);
  expect(await page.text()).toContain('value="/breakdown?range=7d"');

  const answer = await login(url, { token, next: "/breakdown?range=7d" });
  expect(answer.status).toBe(303);
  expect(answer.headers.get("location")).toBe("/breakdown?range=7d");
  const cookie = answer.headers.get("set-cookie") ?? "";
  expect(cookie).toContain("HttpOnly");
  expect(cookie).toContain("SameSite=Strict");
  expect(cookie).not.toContain(token);

  const pair = cookie.split(";", 1)[0] ?? "";
  expect((await fetch(`${url}/api/overview`, { headers: { cookie: pair } })).status).toBe(200);
  const forged = `${pair.slice(0, -4)}abcd`;
  expect((await fetch(`${url}/api/overview`, { headers: { cookie: forged } })).status).toBe(401);
});

test("the login never leads to another site", async () => {
  const { url } = await startWeb({ token });
  for (const next of ["https://evil.example", "//evil.example", String.raw`/\evil.example`])
    expect((await login(url, { token, next })).headers.get("location"), next).toBe("/");
});

test("too many wrong tokens are told to wait, and the right one still opens", async () => {
  const { url } = await startWeb({ token });
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 12; attempt += 1)
    statuses.push((await login(url, { token: "wrong" })).status);
  expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }).fill(401));
  expect(statuses.slice(10)).toEqual([429, 429]);
  expect((await login(url, { token })).status).toBe(303);
});

test("pages may run no script and no style but their own", async () => {
  const { url } = await startWeb({
    extraRoutes: (app) => void app.get("/queues", () => "jobs"),
  });
  const policy = (await fetch(`${url}/`)).headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain("unsafe-inline");
  const board = (await fetch(`${url}/queues`)).headers.get("content-security-policy") ?? "";
  expect(board).toContain("unsafe-inline");
});

test("the page's assets come compressed, are kept for good, and nothing else of their folder is served", async () => {
  const { url } = await startWeb();
  const document = await (await fetch(url)).text();
  const [script = ""] = /\/assets\/main-[0-9a-f]+\.js/.exec(document) ?? [];
  for (const encoding of ["br", "gzip", undefined]) {
    const answer = await fetch(url + script, { headers: { "accept-encoding": encoding ?? "identity" } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-encoding"), encoding).toBe(encoding ?? null);
    expect(answer.headers.get("cache-control")).toContain("immutable");
    expect(answer.headers.get("content-type")).toContain("javascript");
    expect(await answer.text()).toContain("cost_per_conversion");
  }
  for (const path of [
    "/assets/index.html",
    `${script}.br`,
    "/assets/",
    "/assets/..%2f..%2fpackage.json",
    "/assets/%2e%2e/server.js",
    "/assets/main.js%00",
  ])
    expect([400, 403, 404], path).toContain((await fetch(url + path)).status);
});

test("without a token only the names of this machine are answered", async () => {
  const { url } = await startWeb();
  expect(await withHost(`${url}/api/overview`, "evil.example")).toBe(403);
  expect(await withHost(`${url}/api/overview`, "localhost:1234")).toBe(200);
});

test("another site cannot write", async () => {
  const { url } = await startWeb();
  const answer = await fetch(`${url}/api/silences`, {
    method: "POST",
    headers: { origin: "https://evil.example", "content-type": "application/json" },
    body: JSON.stringify({ rule: "any", hours: 1 }),
  });
  expect(answer.status).toBe(403);
});

const unreachable = openDatabase("postgresql://nobody@127.0.0.1:1/none");

test("refuses to listen for others without a token", async () => {
  const config = { web: { host: "0.0.0.0", port: 0 } };
  await expect(openWeb({ config, db: unreachable.db, log: silentLog })).rejects.toThrow(/no web.token/);
});

test("says that the port is taken", async () => {
  const { url } = await startWeb();
  const config = { web: { host: "127.0.0.1", port: Number(new URL(url).port) } };
  await expect(openWeb({ config, db: unreachable.db, log: silentLog })).rejects.toMatchObject({
    message: expect.stringContaining("another program listens there already") as string,
    remedy: expect.stringContaining("web.port") as string,
  });
});

test("a database that is gone is a sentence, not a stack", async () => {
  const web = await openWeb({
    config: { web: { host: "127.0.0.1", port: 0 } },
    db: unreachable.db,
    log: silentLog,
  });
  try {
    const answer = await fetch(`${web.url}/api/overview`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: "the database does not answer" });
    expect((await fetch(`${web.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${web.url}/healthz`)).status).toBe(200);
  } finally {
    await web.close();
  }
});

test("connections that the server ended are replaced: the next answer is whole again", async () => {
  const { url, database } = await startWeb();
  expect((await fetch(`${url}/api/overview`)).status).toBe(200);
  await database.pool
    .query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()")
    .catch(() => undefined);
  await expect.poll(async () => (await fetch(`${url}/api/overview`)).status).toBe(200);
});

test.each([
  ["/%?token=a-secret-of-a-feed", 400],
  [`/api/notes/${"9".repeat(201)}`, 414],
])(
  "an address that cannot be read is refused with a sentence, and not said again: %s",
  async (path, status) => {
    const { url } = await startWeb();
    const answer = await fetch(url + path, { method: path.startsWith("/api") ? "DELETE" : "GET" });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({
      error: "the address cannot be read",
      remedy: "correct it, or start from the overview: /",
    });
  },
);

test("an address that nobody serves is a 404 with a sentence", async () => {
  const { url } = await startWeb();
  const answer = await fetch(`${url}/nothing`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ error: expect.any(String) as string });
});
