import { expect, test } from "vitest";
import type { Connector } from "../../src/connectors/connector.ts";
import type { Account } from "../../src/domain/facts.ts";
import {
  canceledAccountId,
  clientAccountId,
  directAccountId,
  googleFaults,
  managerId,
} from "../../sandbox/google/index.ts";
import { startSandbox, startWire } from "./support.ts";

const discover = async (connector: Connector): Promise<Account[]> => {
  const accounts: Account[] = [];
  for await (const account of connector.accounts(new AbortController().signal)) accounts.push(account);
  return accounts;
};

const refused = (family: string, code: string, status = "PERMISSION_DENIED", http = 403) => [
  {
    error: {
      code: http,
      status,
      message: "no",
      details: [{ errors: [{ errorCode: { [family]: code }, message: "no" }] }],
    },
  },
];

test("accounts under managers and direct ones are found once each, closed ones as inactive, managers not at all", async () => {
  const { connector } = await startSandbox();
  const accounts = await discover(connector);
  const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);
  expect(accounts.map(({ id, active, via }) => ({ id, active, via })).toSorted(byId)).toEqual(
    [
      { id: clientAccountId(0), active: true, via: managerId },
      { id: clientAccountId(1), active: true, via: managerId },
      { id: clientAccountId(2), active: true, via: managerId },
      { id: canceledAccountId, active: false, via: managerId },
      { id: directAccountId, active: true, via: undefined },
    ].toSorted(byId),
  );
  expect(accounts.find(({ id }) => id === clientAccountId(2))).toMatchObject({
    currency: "USD",
    timeZone: "America/Los_Angeles",
    name: "Shop US",
  });
});

test("auto-tagging switched off is said of an account that is asked directly", async () => {
  const { connector } = await startSandbox();
  const direct = (await discover(connector)).find(({ id }) => id === directAccountId);
  expect(direct?.warnings?.join()).toMatch(/auto-tagging is off/);
});

test("loginCustomerId is one more root, however it is written", async () => {
  const { connector, server } = await startWire(
    (exchange) => {
      if (exchange.method === "GET") return exchange.json(200, {});
      expect(exchange.headers["login-customer-id"]).toBe("1234567890");
      return exchange.json(200, [
        {
          results: [
            { customerClient: { id: "1234567890", manager: true, status: "ENABLED" } },
            {
              customerClient: {
                id: "5556667777",
                hidden: true,
                testAccount: true,
                manager: false,
                status: "SUSPENDED",
                currencyCode: "JPY",
                timeZone: "Asia/Tokyo",
                brandNewField: [1],
              },
            },
          ],
        },
      ]);
    },
    { settings: { loginCustomerId: "123-456-7890" } },
  );
  expect(await discover(connector)).toEqual([
    {
      platform: "google",
      id: "5556667777",
      name: "5556667777",
      currency: "JPY",
      timeZone: "Asia/Tokyo",
      status: "SUSPENDED",
      active: false,
      via: "1234567890",
    },
  ]);
  expect(server.requests.at(-1)?.path).toBe("/v24/customers/1234567890/googleAds:searchStream");
});

test("a root that fails leaves the others alone, and is told with its failure", async () => {
  const { connector, server, logged } = await startSandbox();
  server.addFault(googleFaults.noPermission(managerId));
  expect((await discover(connector)).map(({ id, failure }) => [id, failure?.kind])).toEqual([
    [directAccountId, undefined],
    [managerId, "account"],
  ]);
  expect(logged.join()).toContain("USER_PERMISSION_DENIED");
});

test("a root that is closed is an inactive account, and one that refuses to be a manager is asked for itself", async () => {
  const { connector } = await startWire((exchange) => {
    if (exchange.method === "GET")
      return exchange.json(200, {
        resourceNames: ["customers/1111111111", "customers/2222222222", "customers/3333333333"],
      });
    if (exchange.path.includes("1111111111"))
      return exchange.json(403, refused("authorizationError", "CUSTOMER_NOT_ENABLED"));
    if (exchange.body.includes("FROM customer_client"))
      return exchange.path.includes("2222222222")
        ? exchange.json(403, refused("authorizationError", "USER_PERMISSION_DENIED"))
        : exchange.json(200, []);
    expect(exchange.headers["login-customer-id"]).toBeUndefined();
    const id = /customers\/(\d+)/.exec(exchange.path)?.[1];
    return exchange.json(200, [
      { results: [{ customer: { id, currencyCode: "EUR", timeZone: "Europe/Berlin", status: "ENABLED" } }] },
    ]);
  });
  expect((await discover(connector)).map(({ id, active, via }) => [id, active, via])).toEqual([
    ["2222222222", true, undefined],
    ["3333333333", true, undefined],
    ["1111111111", false, undefined],
  ]);
});

test("where no root works at all, the first failure is thrown", async () => {
  const { connector } = await startWire((exchange) =>
    exchange.method === "GET"
      ? exchange.json(200, { resourceNames: ["customers/1111111111"] })
      : exchange.json(403, refused("authorizationError", "USER_PERMISSION_DENIED")),
  );
  await expect(discover(connector)).rejects.toMatchObject({ kind: "account", accountId: "1111111111" });
});

test("a revoked token stops the discovery, however many roots there are", async () => {
  const { connector, server } = await startSandbox();
  server.addFault(googleFaults.invalidGrant());
  await expect(discover(connector)).rejects.toMatchObject({ kind: "credentials", code: "invalid_grant" });
});

test("an error under a status of 200 is no empty list of accounts", async () => {
  const { connector } = await startWire((exchange) =>
    exchange.json(200, {
      error: { code: 403, status: "PERMISSION_DENIED", details: [{ reason: "SERVICE_DISABLED" }] },
    }),
  );
  await expect(discover(connector)).rejects.toMatchObject({ kind: "credentials", code: "SERVICE_DISABLED" });
});
