import { chmod, lstat, readdir, rename, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createGoogleSandbox, googleCredentials, type GoogleSandbox } from "../../sandbox/google/index.ts";
import { listen, type SandboxServer } from "../../sandbox/server.ts";
import { decide, envOf, folderWith, startConnect } from "./support.ts";

let google: GoogleSandbox;
let server: SandboxServer;

beforeAll(async () => {
  google = createGoogleSandbox({ clock: () => new Date() });
  server = await listen(google);
});
afterAll(() => server.close());

const config = () => ({
  connectors: {
    google: {
      clientId: "${GOOGLE_ADS_CLIENT_ID}",
      clientSecret: "${GOOGLE_ADS_CLIENT_SECRET}",
      refreshToken: "${GOOGLE_ADS_REFRESH_TOKEN}",
      endpoints: { api: server.url, oauth: server.url },
    },
  },
});
const env = `# mine
OTHER='kept # as it is'   # a comment
GOOGLE_ADS_CLIENT_ID=${googleCredentials.clientId}
GOOGLE_ADS_CLIENT_SECRET=${googleCredentials.clientSecret}
GOOGLE_ADS_REFRESH_TOKEN=   # to come
LAST=1`;

const exchanges = () => server.requests.filter(({ path }) => path === "/token").length;

test("a sign-in shows the accounts, and changes nothing of .env but the token", async () => {
  const cwd = await folderWith(config(), env);
  const running = startConnect(cwd, ["google"]);
  const back = await fetch(await decide(await running.address, "allow"));
  expect(back.status).toBe(200);
  expect(back.headers.get("referrer-policy")).toBe("no-referrer");
  const { status, out, err } = await running.ended;
  expect({ status, err }).toMatchObject({ status: 0 });
  expect(out).toMatch(/account +name[^]*wrote GOOGLE_ADS_REFRESH_TOKEN to /);
  expect(err).toContain("has no end of its own");
  expect(err).toContain("Next: costper doctor");
  const token = /GOOGLE_ADS_REFRESH_TOKEN= *(\S+)/.exec(await envOf(cwd))?.[1] ?? "";
  expect(token).toMatch(/^1\/\/sandbox-google-granted-\d+$/);
  expect(await envOf(cwd)).toBe(
    env.replace("REFRESH_TOKEN=   # to come", `REFRESH_TOKEN=   ${token} # to come`),
  );
  expect((await stat(join(cwd, ".env"))).mode & 0o777).toBe(0o600);
  expect(await readdir(cwd)).toEqual([".env", "costper.yaml"]);
  expect(out + err).not.toContain(token);
  expect(out + err).not.toContain(googleCredentials.clientSecret);
});

test("with --json standard output is one document", async () => {
  const cwd = await folderWith(config(), env);
  const running = startConnect(cwd, ["google", "--json"]);
  await fetch(await decide(await running.address, "allow"));
  const { out } = await running.ended;
  expect(JSON.parse(out)).toMatchObject({
    platform: "google",
    accounts: expect.arrayContaining([expect.objectContaining({ currency: "EUR" })]),
    written: ["GOOGLE_ADS_REFRESH_TOKEN"],
    ends_at: null,
  });
});

test("a redirect with a wrong state or none is refused and never exchanged, and the listener stays", async () => {
  const cwd = await folderWith(config(), env);
  const running = startConnect(cwd, ["google"]);
  const good = new URL(await decide(await running.address, "allow"));
  const before = exchanges();
  const wrong = new URL(good);
  wrong.searchParams.set("state", "x".repeat(43));
  const none = new URL(good);
  none.searchParams.delete("state");
  for (const url of [wrong, none, new URL("/", good)]) expect((await fetch(url)).status).toBe(400);
  expect((await fetch(new URL("/favicon.ico", good))).status).toBe(404);
  expect(exchanges()).toBe(before);
  expect((await fetch(good)).status).toBe(200);
  expect(await running.ended).toMatchObject({ status: 0 });
});

test.each([
  ["deny", /Google gives no access: access_denied\n.*run costper connect google again/],
  ["narrow", /granted less than was asked for: .*adwords is missing/],
  ["stranger", /reaches no ad account; nothing was kept\n.*Access and security/],
])("after %s nothing is written, and it says why", async (decision, words) => {
  const cwd = await folderWith(config(), env);
  const running = startConnect(cwd, ["google"]);
  await fetch(await decide(await running.address, decision));
  const { status, out, err } = await running.ended;
  expect({ status, out }).toEqual({ status: 1, out: "" });
  expect(err).toMatch(words);
  expect(await envOf(cwd)).toBe(env);
});

test("a consent screen in state Testing gives a token for seven days, and it says so", async () => {
  google.testing = true;
  onTestFinished(() => void (google.testing = false));
  const running = startConnect(await folderWith(config(), env), ["google"]);
  await fetch(await decide(await running.address, "allow"));
  expect((await running.ended).err).toMatch(
    /lives 7 days, until \d{4}-\d\d-\d\d: the consent screen is in state Testing/,
  );
});

test("nobody comes back: the wait ends, and says which address to register and where", async () => {
  const cwd = await folderWith(config(), env);
  const running = startConnect(cwd, ["google", "--wait", "300ms"]);
  const { status, err } = await running.ended;
  expect(status).toBe(1);
  expect(err).toMatch(/nobody came back.*\n.*register http:\/\/127\.0\.0\.1:\d+\/ \(Google Cloud console/);
  expect(await envOf(cwd)).toBe(env);
});

test("with --manual the address is pasted; one of another page is asked for again", async () => {
  const cwd = await folderWith(config(), env);
  const running = startConnect(cwd, ["google", "--manual", "--port", "4711"]);
  const good = await decide(await running.address, "allow");
  expect(good).toMatch(/^http:\/\/127\.0\.0\.1:4711\/\?/);
  running.type("hello");
  await running.says("That is no address");
  running.type(good.replace(/state=(.)/, (_, first) => `state=${first === "-" ? "_" : "-"}`));
  await running.says("does not answer this consent page");
  running.type(good);
  expect(await running.ended).toMatchObject({ status: 0 });
  expect(await envOf(cwd)).toContain("1//sandbox-google-granted");
});

test("with --manual the end of the input is a failure, and Ctrl-C an interruption", async () => {
  const cwd = await folderWith(config(), env);
  const [ends, breaks] = [startConnect(cwd, ["google", "--manual"]), startConnect(cwd, ["google"])];
  await Promise.all([ends.address, breaks.address]);
  ends.endInput();
  breaks.interrupt();
  expect(await ends.ended).toMatchObject({ status: 1 });
  expect(await breaks.ended).toMatchObject({ status: 130 });
  expect(await envOf(cwd)).toBe(env);
});

test("two at once: each has its own port, and .env has what both wrote", async () => {
  const cwd = await folderWith({ connectors: { ...config().connectors } }, env.replace("LAST=1", "LAST=1\n"));
  const both = [startConnect(cwd, ["google"]), startConnect(cwd, ["google"])];
  const addresses = await Promise.all(both.map(async ({ address }) => decide(await address, "allow")));
  await Promise.all(addresses.map((address) => fetch(address)));
  const ended = await Promise.all(both.map((running) => running.ended));
  expect(ended.map(({ status }) => status)).toEqual([0, 0]);
  expect((await envOf(cwd)).match(/GOOGLE_ADS_REFRESH_TOKEN=/g)).toHaveLength(1);
  expect(await readdir(cwd)).toEqual([".env", "costper.yaml"]);
});

test("a port that is taken is wrong use, before anything is opened", async () => {
  const taken = createServer();
  await new Promise<void>((listening) => taken.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as { port: number };
  const running = startConnect(await folderWith(config(), env), ["google", "--port", String(port)]);
  expect(await running.ended).toMatchObject({
    status: 2,
    err: expect.stringMatching(/port \d+ is taken\n.*--port/) as string,
  });
});

test("what is missing is named with where it is made; elsewhere than on a terminal that is status 2", async () => {
  const cwd = await folderWith("connectors: {}\n");
  const { status, err } = await startConnect(cwd, ["google"]).ended;
  expect(status).toBe(2);
  expect(err).toMatch(
    /connectors\.google\.clientId: is missing: set GOOGLE_ADS_CLIENT_ID in \.env \(Google Cloud/,
  );
  expect(err).toMatch(/connectors\.google\.clientSecret: is missing: set GOOGLE_ADS_CLIENT_SECRET/);
  expect(await startConnect(cwd, ["gogle"]).ended).toMatchObject({
    status: 2,
    err: expect.stringContaining("There are google, meta, linkedin") as string,
  });
});

test("a platform that the config does not name yet can be signed in at; what to add is said", async () => {
  const { refreshToken: _, ...section } = config().connectors.google;
  const cwd = await folderWith(
    { connectors: { google: section } },
    env.replace(/GOOGLE_ADS_REFRESH.*\n/, ""),
  );
  const running = startConnect(cwd, ["google"]);
  await fetch(await decide(await running.address, "allow"));
  const { status, err } = await running.ended;
  expect(status).toBe(0);
  expect(err).toMatch(
    /Add to .*costper\.yaml:\n {2}google:\n {4}refreshToken: \$\{GOOGLE_ADS_REFRESH_TOKEN\}/,
  );
  expect(await envOf(cwd)).toMatch(/LAST=1\nGOOGLE_ADS_REFRESH_TOKEN=1\/\/sandbox\S+\n$/);
});

test("a value that goes before the new token is named: one in the config, one in the environment", async () => {
  const { google: section } = config().connectors;
  const cwd = await folderWith({ connectors: { google: { ...section, refreshToken: "old" } } }, env);
  const running = startConnect(cwd, ["google"], { GOOGLE_ADS_REFRESH_TOKEN: "older" });
  await fetch(await decide(await running.address, "allow"));
  const { err } = await running.ended;
  expect(err).toContain("connectors.google.refreshToken holds a value itself");
  expect(err).toContain("GOOGLE_ADS_REFRESH_TOKEN is set in the environment");
});

test("a .env behind a symbolic link stays behind it; a read-only one is refused before anybody signs in", async () => {
  const cwd = await folderWith(config(), env);
  await rename(join(cwd, ".env"), join(cwd, "secrets"));
  await symlink("secrets", join(cwd, ".env"));
  const running = startConnect(cwd, ["google"]);
  await fetch(await decide(await running.address, "allow"));
  expect(await running.ended).toMatchObject({ status: 0 });
  expect((await lstat(join(cwd, ".env"))).isSymbolicLink()).toBe(true);
  expect(await envOf(cwd)).toContain("1//sandbox-google-granted");

  await writeFile(join(cwd, "secrets"), env);
  await chmod(join(cwd, "secrets"), 0o400);
  expect(await startConnect(cwd, ["google"]).ended).toMatchObject({
    status: 1,
    err: expect.stringMatching(/is read-only\n.*chmod u\+w/) as string,
  });
  expect(await envOf(cwd)).toBe(env);
});
