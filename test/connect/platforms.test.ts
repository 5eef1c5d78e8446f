import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createGa4Sandbox, ga4SandboxCredentials } from "../../sandbox/ga4/index.ts";
import {
  createLinkedinSandbox,
  linkedinSandboxCredentials,
  type LinkedinSandbox,
} from "../../sandbox/linkedin/index.ts";
import { createMetaSandbox, metaSandboxCredentials, type MetaSandbox } from "../../sandbox/meta/index.ts";
import {
  createMicrosoftSandbox,
  microsoftSandboxCredentials,
  type MicrosoftSandbox,
} from "../../sandbox/microsoft/index.ts";
import { listen, type SandboxServer } from "../../sandbox/server.ts";
import { createXSandbox, xSandboxCredentials, type XSandbox } from "../../sandbox/x/index.ts";
import { freshDatabase } from "../support/database.ts";
import { decide, type Ended, envOf, folderWith, runCostper, startConnect } from "./support.ts";

const clock = () => new Date();
let meta: MetaSandbox;
let linkedin: LinkedinSandbox;
let microsoft: MicrosoftSandbox;
let x: XSandbox;
let servers: Record<string, SandboxServer>;
/** A section of each without a token, and the variables that it wants. */
let sections: Record<string, Record<string, unknown>>;

beforeAll(async () => {
  meta = createMetaSandbox({ clock });
  linkedin = createLinkedinSandbox({ clock });
  microsoft = createMicrosoftSandbox({ clock });
  x = createXSandbox({ clock });
  servers = {
    meta: await listen(meta),
    linkedin: await listen(linkedin),
    microsoft: await listen(microsoft),
    x: await listen(x),
    ga4: await listen(createGa4Sandbox({ "4711": { rows: [] }, "4712": { rows: [] } })),
  };
  const url = (name: string) => servers[name]?.url ?? "";
  sections = {
    meta: {
      accessToken: "${META_ACCESS_TOKEN}",
      appId: metaSandboxCredentials.appId,
      appSecret: metaSandboxCredentials.appSecret,
      endpoints: { graph: url("meta") },
    },
    linkedin: {
      clientId: linkedinSandboxCredentials.clientId,
      clientSecret: linkedinSandboxCredentials.clientSecret,
      refreshToken: "${LINKEDIN_REFRESH_TOKEN:-}",
      accessToken: "${LINKEDIN_ACCESS_TOKEN:-}",
      endpoints: { api: url("linkedin"), oauth: url("linkedin") },
    },
    microsoft: {
      developerToken: microsoftSandboxCredentials.developerToken,
      clientId: microsoftSandboxCredentials.clientId,
      clientSecret: microsoftSandboxCredentials.clientSecret,
      refreshToken: "${MICROSOFT_ADS_REFRESH_TOKEN}",
      endpoints: { oauth: url("microsoft"), clientCenter: url("microsoft"), reporting: url("microsoft") },
    },
    x: {
      consumerKey: xSandboxCredentials.consumerKey,
      consumerSecret: xSandboxCredentials.consumerSecret,
      accessToken: "${X_ADS_ACCESS_TOKEN}",
      accessTokenSecret: "${X_ADS_ACCESS_TOKEN_SECRET}",
      endpoints: { api: url("x"), oauth: url("x") },
    },
    ga4: {
      clientId: ga4SandboxCredentials.clientId,
      clientSecret: ga4SandboxCredentials.clientSecret,
      refreshToken: "${GA4_REFRESH_TOKEN}",
      endpoints: { api: url("ga4"), oauth: url("ga4"), admin: url("ga4") },
    },
  };
});
afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.close()));
});

const folderFor = (name: string, more: object = {}, env = ""): Promise<string> =>
  folderWith({ connectors: { [name]: { ...sections[name], ...more } } }, env);

/** Signs in as a person would who decides so. */
const signIn = async (cwd: string, name: string, decision: string): Promise<Ended> => {
  const running = startConnect(cwd, [name]);
  await fetch(await decide(await running.address, decision));
  return running.ended;
};

test.each([
  ["meta", /^META_ACCESS_TOKEN=EAAsandboxMetaGranted\d+$/m, /lives 60 days, until/],
  ["linkedin", /^LINKEDIN_REFRESH_TOKEN=AQW-granted-refresh-\d+$/m, /refresh token lives 365 days/],
  ["microsoft", /^MICROSOFT_ADS_REFRESH_TOKEN=M\.C105_rotated-\d+$/m, /replaced on each use.*90 days/],
  ["x", /^X_ADS_ACCESS_TOKEN=12345678-\S+\nX_ADS_ACCESS_TOKEN_SECRET=\S+$/m, /token of @sandbox has no end/],
  ["ga4", /^GA4_REFRESH_TOKEN=sandbox-refresh-token$/m, /no end of its own/],
])("%s: accounts are shown, the token is kept, its end is told", async (name, line, note) => {
  const cwd = await folderFor(name);
  const { status, out, err } = await signIn(cwd, name, "allow");
  expect({ status, err }).toMatchObject({ status: 0 });
  expect(out).toMatch(/^account +name[^]*\nwrote [A-Z0-9_]+/);
  expect(err).toMatch(note);
  expect(await envOf(cwd)).toMatch(line);
});

test.each([
  ["meta", "deny", /Meta gives no access: access_denied/],
  ["meta", "narrow", /ads_read is missing/],
  ["meta", "stranger", /reaches no ad account/],
  ["linkedin", "deny", /LinkedIn gives no access: user_cancelled_authorize/],
  ["linkedin", "narrow", /r_ads is missing/],
  ["linkedin", "stranger", /reaches no ad account/],
  ["microsoft", "deny", /Microsoft gives no access: access_denied: AADSTS65004/],
  ["microsoft", "narrow", /msads\.manage is missing/],
  ["microsoft", "stranger", /reaches no ad account/],
  ["x", "deny", /X gives no access: denied/],
  ["x", "stranger", /reaches no ad account/],
  ["ga4", "deny", /gives no access: access_denied/],
])("%s: after %s nothing is kept", async (name, decision, words) => {
  const cwd = await folderFor(name);
  const { status, out, err } = await signIn(cwd, name, decision);
  expect({ status, out }).toEqual({ status: 1, out: "" });
  expect(err).toMatch(words);
  expect(await envOf(cwd)).toBe("");
});

test("Microsoft: the token that was renewed while accounts were listed is the one that is kept", async () => {
  Object.assign(microsoft.oauth, { revokesOld: true });
  onTestFinished(() => void Object.assign(microsoft.oauth, { revokesOld: false }));
  const cwd = await folderFor("microsoft");
  expect(await signIn(cwd, "microsoft", "allow")).toMatchObject({ status: 0 });
  const token = /=(\S+)/.exec(await envOf(cwd))?.[1] ?? "";
  const answer = await fetch(`${servers["microsoft"]?.url ?? ""}/common/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      client_id: microsoftSandboxCredentials.clientId,
      client_secret: microsoftSandboxCredentials.clientSecret,
      scope: "https://ads.microsoft.com/msads.manage offline_access",
      refresh_token: token,
    }),
  });
  expect(answer.status).toBe(200);
});

test.each([
  ["microsoft", "MICROSOFT_ADS_REFRESH_TOKEN"],
  ["linkedin", "LINKEDIN_REFRESH_TOKEN"],
])(
  "%s: where rotated tokens are kept in the database, the new one goes there, and the old setting finds it",
  async (name, variable) => {
    const { url } = await freshDatabase();
    const before = `COSTPER_SECRET_KEY=${"k".repeat(32)}\n${variable}=dead-for-long\n`;
    const cwd = await folderWith({ database: url, connectors: { [name]: sections[name] } }, before);
    expect(await runCostper(cwd, ["accounts"])).toMatchObject({ status: 1 });
    const { status, out, err } = await signIn(cwd, name, "allow");
    expect({ status, err }).toMatchObject({ status: 0 });
    expect(out).toContain("kept the token in the database, encrypted (ops.credential); .env is as it was");
    expect(await envOf(cwd)).toBe(before);
    expect(await runCostper(cwd, ["accounts"])).toMatchObject({ status: 0 });
    expect((await runCostper(cwd, ["status"])).err).not.toContain("dead-for-long");
  },
);

test("Microsoft: where that database does not answer, nobody signs in for nothing", async () => {
  const cwd = await folderWith(
    { database: "postgres://u:p@127.0.0.1:1/d", connectors: { microsoft: sections["microsoft"] } },
    `COSTPER_SECRET_KEY=${"k".repeat(32)}\nMICROSOFT_ADS_REFRESH_TOKEN=old\n`,
  );
  const { status, err } = await startConnect(cwd, ["microsoft"]).ended;
  expect(status).toBe(1);
  expect(err).toContain("no database answers at 127.0.0.1:1/d");
  expect(err).not.toContain("Allow the access");
});

test("LinkedIn without refresh tokens: the access token is kept for sixty days, an old refresh token is taken out", async () => {
  linkedin.oauth.givesRefreshTokens = false;
  onTestFinished(() => void (linkedin.oauth.givesRefreshTokens = true));
  const cwd = await folderFor("linkedin", {}, "LINKEDIN_REFRESH_TOKEN=old\n");
  const { status, err } = await signIn(cwd, "linkedin", "allow");
  expect({ status, err }).toMatchObject({ status: 0 });
  expect(err).toMatch(/not approved for them\. The access token lives 60 days, until/);
  expect(await envOf(cwd)).toMatch(/^LINKEDIN_REFRESH_TOKEN=\nLINKEDIN_ACCESS_TOKEN=AQX-granted-\d+-x+\n$/);
});

test("Meta: a system user's token is pasted, looked at and kept; one that is none is refused", async () => {
  const cwd = await folderFor("meta");
  const good = startConnect(cwd, ["meta", "--manual"]);
  await good.address;
  good.type(metaSandboxCredentials.systemUserToken);
  const { status, err } = await good.ended;
  expect({ status, err }).toMatchObject({ status: 0 });
  expect(err).toContain("a system user's token: it does not end");
  expect(await envOf(cwd)).toBe(`META_ACCESS_TOKEN=${metaSandboxCredentials.systemUserToken}\n`);

  const bad = startConnect(await folderFor("meta"), ["meta", "--manual"]);
  await bad.address;
  bad.type("EAAthisIsNobodysTokenAtAll");
  expect(await bad.ended).toMatchObject({
    status: 1,
    err: expect.stringContaining("Meta says that the token is not valid") as string,
  });
});

test("X: with --manual a PIN is typed, and a wrong one is refused", async () => {
  const pinOf = async (address: string) =>
    /id="pin">(\d+)</.exec(await (await fetch(`${address}&sandbox_decision=allow`)).text())?.[1] ?? "";
  const cwd = await folderFor("x");
  const running = startConnect(cwd, ["x", "--manual"]);
  running.type(await pinOf(await running.address));
  expect(await running.ended).toMatchObject({ status: 0 });
  expect(await envOf(cwd)).toContain("X_ADS_ACCESS_TOKEN_SECRET=");

  const wrong = startConnect(await folderFor("x"), ["x", "--manual"]);
  await pinOf(await wrong.address);
  wrong.type("0000000");
  expect(await wrong.ended).toMatchObject({
    status: 1,
    err: expect.stringMatching(/access_token answered 401[^]*costper connect x again/) as string,
  });
});

test("X: a callback that is not registered, or not confirmed, is told before a page is opened", async () => {
  const unregistered = x.oauth.registered;
  Object.assign(x.oauth, { registered: () => false });
  onTestFinished(() => void Object.assign(x.oauth, { registered: unregistered, confirms: true }));
  expect(await startConnect(await folderFor("x"), ["x"]).ended).toMatchObject({
    status: 1,
    err: expect.stringMatching(/request_token answered 403[^]*the address is registered/) as string,
  });
  Object.assign(x.oauth, { registered: unregistered, confirms: false });
  expect(await startConnect(await folderFor("x"), ["x"]).ended).toMatchObject({
    status: 1,
    err: expect.stringContaining("does not confirm the callback address") as string,
  });
});

test("GA4: properties that the config names are asked; where none of them answers, all are listed", async () => {
  const named = await signIn(await folderFor("ga4", { properties: ["4711", "1"] }), "ga4", "allow");
  expect(named).toMatchObject({
    status: 0,
    out: expect.not.stringContaining("4712") as string,
    err: expect.stringContaining("connectors.ga4.properties names 1, which") as string,
  });
  const none = await signIn(await folderFor("ga4", { properties: ["123456789"] }), "ga4", "allow");
  expect(none).toMatchObject({ status: 0, out: expect.stringContaining("4712") as string });
});
