import { expect, test } from "vitest";
import type { TokenStore } from "../../src/connectors/connector.ts";
import { microsoftFaults, microsoftSandboxCredentials } from "../../sandbox/microsoft/index.ts";
import { drain, failureOf, list, pullOf, startMicrosoft } from "./support.ts";

const week = pullOf("2026-11-10", "2026-11-16");

const createStore = () => {
  const kept = new Map<string, string>();
  const store: TokenStore = {
    read: async (key) => kept.get(key),
    write: async (key, secret) => void kept.set(key, secret),
  };
  return { kept, store };
};

const formsOf = (exchanges: readonly { readonly path: string; readonly body: string }[]) =>
  exchanges.filter(({ path }) => path.endsWith("/token")).map(({ body }) => new URLSearchParams(body));

test("asks for the scope of ads with offline access, under the configured tenant", async () => {
  const { open, exchanges } = await startMicrosoft();
  await drain(open().totals(week));
  const [form] = formsOf(exchanges);
  expect(exchanges[0]?.path).toBe("/common/oauth2/v2.0/token");
  expect(Object.fromEntries(form ?? [])).toEqual({
    grant_type: "refresh_token",
    client_id: microsoftSandboxCredentials.clientId,
    client_secret: microsoftSandboxCredentials.clientSecret,
    refresh_token: microsoftSandboxCredentials.refreshToken,
    scope: "https://ads.microsoft.com/msads.manage offline_access",
  });
});

test("keeps a rotated refresh token before it uses the access token that came with it", async () => {
  const { open, server } = await startMicrosoft();
  const { store } = createStore();
  const order: string[] = [];
  const slow: TokenStore = {
    ...store,
    async write(key, secret) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      order.push(`kept after ${String(server.requests.length)} requests`);
      await store.write(key, secret);
    },
  };
  await drain(open({ tokens: slow }).totals(week));
  expect(order).toEqual(["kept after 1 requests"]);
});

test("goes on with the rotated token in another process, where the old one is dead", async () => {
  const { open, sandbox, exchanges, clock } = await startMicrosoft();
  sandbox.oauth.revokesOld = true;
  const { store } = createStore();
  await drain(open({ tokens: store }).totals(week));
  clock.advance(2 * 3_600_000);
  expect((await drain(open({ tokens: store }).totals(week))).length).toBe(7);
  expect(formsOf(exchanges).map((form) => form.get("refresh_token"))).toEqual([
    microsoftSandboxCredentials.refreshToken,
    "M.C105_rotated-1",
  ]);
});

test("forgets a kept token once another one is configured", async () => {
  const { open, exchanges } = await startMicrosoft();
  const { store } = createStore();
  await drain(open({ tokens: store }).totals(week));
  await failureOf(
    drain(open({ tokens: store, settings: { refreshToken: "M.C105_another-token" } }).totals(week)),
  );
  expect(formsOf(exchanges).at(-1)?.get("refresh_token")).toBe("M.C105_another-token");
});

test("keeps the old refresh token where none comes back", async () => {
  const { open, sandbox, clock } = await startMicrosoft();
  sandbox.oauth.rotates = false;
  const connector = open();
  await drain(connector.totals(week));
  clock.advance(3_600_000);
  await drain(connector.totals({ ...week }));
  expect(sandbox.oauth.refreshes).toBe(2);
});

test("renews a token at four fifths of its life, whatever that is", async () => {
  const { open, sandbox, clock } = await startMicrosoft();
  sandbox.oauth.expiresIn = 1_000;
  const connector = open();
  await drain(connector.totals(week));
  clock.advance(700_000);
  await drain(connector.totals({ ...week }));
  expect(sandbox.oauth.refreshes).toBe(1);
  clock.advance(110_000);
  await drain(connector.totals({ ...week }));
  expect(sandbox.oauth.refreshes).toBe(2);
});

test("takes a refresh token for good that is refused twice and then accepted", async () => {
  const { open, sandbox } = await startMicrosoft();
  sandbox.oauth.refusals = 2;
  expect((await drain(open().totals(week))).length).toBe(7);
});

test("says who must sign in again where a refresh token stays refused", async () => {
  const { open, sandbox, exchanges, logged } = await startMicrosoft();
  sandbox.oauth.refusals = 99;
  const failure = await failureOf(drain(open().totals(week)));
  expect(formsOf(exchanges)).toHaveLength(3);
  expect(failure).toMatchObject({ kind: "credentials", platform: "microsoft", code: "invalid_grant" });
  expect(failure.message).toBe(
    "Microsoft renewed no access token: invalid_grant: AADSTS70000: The request was refused. Trace ID: 00000000-0000 Correlation ID: 11111111-1111 Timestamp: 2026-11-21 10:00:00Z",
  );
  expect(failure.remedy).toContain("sign in again");
  expect(logged.join("\n")).not.toContain(microsoftSandboxCredentials.refreshToken);
});

test("sends no secret for a public client, and says so where one was sent", async () => {
  const { open, sandbox } = await startMicrosoft();
  sandbox.oauth.publicClient = true;
  expect((await drain(open({ settings: { clientSecret: "" } }).totals(week))).length).toBe(7);
  const failure = await failureOf(drain(open().totals({ ...week })));
  expect(failure).toMatchObject({ kind: "credentials", code: "invalid_request" });
  expect(failure.remedy).toContain("a public client must have none");
});

test("renews an access token that is refused, and repeats the call once", async () => {
  const { open, sandbox, server } = await startMicrosoft();
  const connector = open();
  await list(connector.accounts(week.signal));
  sandbox.oauth.expireTokens();
  expect((await drain(connector.totals(week))).length).toBe(7);
  expect(sandbox.oauth.refreshes).toBe(2);

  server.addFault(microsoftFaults.refuses(109, { times: 99 }));
  const failure = await failureOf(drain(connector.totals({ ...week })));
  expect(failure).toMatchObject({ kind: "credentials", code: "401/109" });
  expect(sandbox.oauth.refreshes).toBe(3);
});
