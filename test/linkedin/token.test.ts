import { expect, test } from "vitest";
import type { TokenStore } from "../../src/connectors/connector.ts";
import { onPath, htmlPage } from "../../sandbox/faults.ts";
import { linkedinFaults, linkedinSandboxCredentials } from "../../sandbox/linkedin/index.ts";
import { drain, failureOf, pullOf, startLinkedin } from "./support.ts";

const week = () => pullOf("2026-11-13", "2026-11-20");
const analytics = onPath("/adAnalytics");

const memoryStore = (): TokenStore & { readonly kept: Map<string, string> } => {
  const kept = new Map<string, string>();
  return {
    kept,
    read: async (key) => kept.get(key),
    write: async (key, secret) => void kept.set(key, secret),
  };
};

const refreshes = (requests: readonly { readonly path: string }[]) =>
  requests.filter(({ path }) => path === "/oauth/v2/accessToken").length;

test("renews the token once for calls that come at the same time", async () => {
  const { open, server } = await startLinkedin();
  const connector = open();
  await Promise.all([drain(connector.totals(week())), drain(connector.performance(week()))]);
  expect(refreshes(server.requests)).toBe(1);
});

test("uses the stored token again after a restart", async () => {
  const { open, server } = await startLinkedin();
  const tokens = memoryStore();
  await drain(open({ tokens }).totals(week()));
  await drain(open({ tokens }).totals(week()));
  expect(refreshes(server.requests)).toBe(1);
  for (const [key] of tokens.kept) {
    expect(key).toMatch(/^linkedin:[0-9a-f]{32}$/);
    expect(key).not.toContain(linkedinSandboxCredentials.refreshToken);
  }
});

test("goes on with a rotated refresh token after a restart", async () => {
  const { open, sandbox, clock, server } = await startLinkedin();
  const tokens = memoryStore();
  sandbox.oauth.rotates = true;
  await drain(open({ tokens }).totals(week()));
  clock.advance(59.5 * 86_400_000);
  expect((await drain(open({ tokens }).totals(week()))).length).toBe(8);
  expect(refreshes(server.requests)).toBe(2);
});

test("waits for a new token to become known", async () => {
  const { open, server } = await startLinkedin();
  server.addFault(linkedinFaults.revokedToken({ when: analytics, times: 3 }));
  expect(await drain(open().totals(week()))).toHaveLength(8);
  expect(refreshes(server.requests)).toBe(1);
});

test("believes that a token is revoked once it is a minute old", async () => {
  const { open, server, clock, sandbox } = await startLinkedin();
  const connector = open();
  await drain(connector.totals(week()));
  clock.advance(61_000);
  sandbox.oauth.revokeTokens();
  server.resetRequests();
  expect(await failureOf(drain(connector.totals(week())))).toMatchObject({
    kind: "credentials",
    code: "401/65601",
  });
  expect(server.requests).toHaveLength(1);
});

test("renews an expired token once and repeats the call", async () => {
  const { open, server, sandbox } = await startLinkedin();
  const connector = open();
  await drain(connector.totals(week()));
  sandbox.oauth.expireTokens();
  expect(await drain(connector.totals(week()))).toHaveLength(8);
  expect(refreshes(server.requests)).toBe(2);
});

test("takes over a token that another process renewed", async () => {
  const { open, server, sandbox } = await startLinkedin();
  const tokens = memoryStore();
  const [one, other] = [open({ tokens }), open({ tokens })];
  await drain(one.totals(week()));
  await drain(other.totals(week()));
  sandbox.oauth.expireTokens();
  await drain(one.totals(week()));
  await drain(other.totals(week()));
  expect(refreshes(server.requests)).toBe(2);
});

test("works with an access token alone, and asks for another when it is refused", async () => {
  const { open, server, sandbox } = await startLinkedin();
  const settings = {
    clientId: undefined,
    clientSecret: undefined,
    refreshToken: undefined,
    accessToken: linkedinSandboxCredentials.accessToken,
  };
  const connector = open({ settings });
  expect(await drain(connector.totals(week()))).toHaveLength(8);
  sandbox.oauth.expireTokens();
  const failure = await failureOf(drain(connector.totals(week())));
  expect(failure).toMatchObject({ kind: "credentials", code: "401/65602" });
  expect(failure.remedy).toContain("accessToken");
  expect(refreshes(server.requests)).toBe(0);
});

test("says what is missing where there is neither an access token nor a way to get one", async () => {
  const { open } = await startLinkedin();
  const failure = await failureOf(drain(open({ settings: { refreshToken: undefined } }).totals(week())));
  expect(failure).toMatchObject({ kind: "credentials", message: "LinkedIn: a refresh token is not set" });
});

test.each([
  ["invalid_grant", 400, /expired or revoked/],
  ["invalid_grant", 401, /expired or revoked/],
  ["invalid_request", 400, /authorise/],
  ["invalid_client", 401, /clientSecret/],
  ["unauthorized_client", 400, /clientSecret/],
])("stops where a renewal is refused with %s and status %i", async (error, status, remedy) => {
  const { open, server } = await startLinkedin();
  server.addFault(linkedinFaults.refreshRefused(error, status));
  const failure = await failureOf(drain(open().totals(week())));
  expect(failure).toMatchObject({ kind: "credentials", scope: "platform", code: error });
  expect(failure.remedy).toMatch(remedy);
  expect(server.requests).toHaveLength(1);
});

test("tries a renewal again after pages, throttles and server errors", async () => {
  const { open, server } = await startLinkedin();
  const when = onPath("/oauth/");
  server.addFault(htmlPage(502, { when }));
  server.addFault(htmlPage(200, { when }));
  server.addFault(linkedinFaults.throttled({ when }));
  expect(await drain(open().totals(week()))).toHaveLength(8);
});

test("warns of a refresh token and an access token that end soon", async () => {
  const { open, sandbox, logged } = await startLinkedin();
  sandbox.oauth.refreshDaysLeft = 5;
  await drain(open().totals(week()));
  expect(logged.join("")).toContain("LinkedIn refresh token expires soon");
  expect(logged.join("")).toContain("LinkedIn access token expires soon");
});

test("warns of an API version that ends within 60 days", async () => {
  const { open, logged } = await startLinkedin();
  open();
  expect(logged.join("")).not.toContain("ends this API version");
  open({ settings: { apiVersion: "202601" } });
  expect(logged.join("")).toContain('"endsOn":"2027-01-15"');
});

test("lets nothing fail unheard where a call is aborted before its token is there", async () => {
  const { open, server } = await startLinkedin();
  server.addFault(linkedinFaults.refreshRefused("invalid_grant"));
  const stop = new AbortController();
  const work = failureOf(drain(open().totals({ ...week(), signal: stop.signal })));
  stop.abort();
  expect((await work).kind).toBe("cancelled");
});
