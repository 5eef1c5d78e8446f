import fc from "fast-check";
import { expect, test } from "vitest";
import { encode, idIn, queryOf, type Restli } from "../../src/connectors/linkedin/restli.ts";
import { parseJson } from "../../src/connectors/wire/json.ts";
import { addDays } from "../../src/domain/day.ts";
import { decimal, fromUnits, toUnits } from "../../src/domain/decimal.ts";
import { onPath } from "../../sandbox/faults.ts";
import { linkedinFaults } from "../../sandbox/linkedin/index.ts";
import { parseQuery, type Value } from "../../sandbox/linkedin/syntax.ts";
import { accountOf, drain, list, pullOf, startLinkedin, today } from "./support.ts";

test.each<[Restli, string]>([
  ["urn:li:sponsoredAccount:5", "urn%3Ali%3AsponsoredAccount%3A5"],
  ["", "%27%27"],
  [[], "List()"],
  [["a", "b(c),d'e"], "List(a,b%28c%29%2Cd%27e)"],
  [{ start: { year: 2026, month: 1, day: 5 } }, "(start:(year:2026,month:1,day:5))"],
  [{ status: { values: ["ACTIVE"] }, test: false }, "(status:(values:List(ACTIVE)),test:false)"],
  ["Zk9-x_hQ1=", "Zk9-x_hQ1%3D"],
])("writes %j as %s", (value, text) => {
  expect(encode(value)).toBe(text);
});

test("writes fields as a bare comma list", () => {
  expect(queryOf({ q: "analytics" }, ["dateRange", "clicks"])).toBe("q=analytics&fields=dateRange,clicks");
});

const plain = (value: Value): Restli => {
  if (value.kind === "text") return value.text;
  if (value.kind === "list") return value.items.map(plain);
  return Object.fromEntries([...value.parts].map(([key, part]) => [key, plain(part)]));
};

test("writes nothing that a strict reader reads otherwise", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 12 });
  const { tree } = fc.letrec<{ tree: Restli; list: Restli; record: Restli }>((tie) => ({
    tree: fc.oneof({ maxDepth: 3 }, text, tie("list"), tie("record")),
    list: fc.array(tie("tree"), { maxLength: 4 }),
    record: fc.dictionary(
      text.filter((key) => key !== "__proto__"),
      tie("tree"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const read = parseQuery(`v=${encode(value)}`).parameters.get("v");
      expect(read && plain(read)).toEqual(value);
    }),
    { numRuns: 200 },
  );
});

test.each([
  "accounts=List%28urn%3Ali%3AsponsoredAccount%3A507404993%29",
  "accounts=List(urn:li:sponsoredAccount:507404993)",
  "accounts=List(urn%253Ali%253AsponsoredAccount%253A507404993)",
  "accounts[0]=urn%3Ali%3AsponsoredAccount%3A507404993",
])("the sandbox refuses %s, as LinkedIn does", async (accounts) => {
  const { server } = await startLinkedin();
  const rest =
    "q=analytics&pivot=CAMPAIGN&timeGranularity=DAILY&dateRange=(start:(year:2026,month:11,day:14))";
  const statusOf = async (facet: string): Promise<number> => {
    const answer = await fetch(`${server.url}/rest/adAnalytics?${rest}&${facet}`, {
      headers: {
        authorization: "Bearer sandbox-access-token",
        "linkedin-version": "202609",
        "x-restli-protocol-version": "2.0.0",
      },
    });
    return answer.status;
  };
  expect(await statusOf("accounts=List(urn%3Ali%3AsponsoredAccount%3A507404993)")).toBe(200);
  expect(await statusOf(accounts)).toBe(400);
});

test.each([
  ["12.5", "12.500000"],
  ["99.99999999999996", "100.000000"],
  ["-2E-18", "0.000000"],
  ["-2e-18", "0.000000"],
  [-2e-18, "0.000000"],
  ["1.25E+3", "1250.000000"],
  ["12340000E-6", "12.340000"],
  ["-0.0000005", "-0.000001"],
  ["0.00000049", "0.000000"],
  [".5", "0.500000"],
  ["5.", "5.000000"],
  [0.1, "0.100000"],
  ["123456789012345678901234.000001", "123456789012345678901234.000001"],
])("reads the figure %j as %s", (value, text) => {
  expect(fromUnits(toUnits(decimal(value, "cost"), 6), 6)).toBe(text);
});

test("keeps ids beyond 2^53 and long decimals whole, and texts as they are", () => {
  expect(
    parseJson(
      '{"id":9007199254740993123,"a":[1,-2.5,1e3],"t":"x 9007199254740993123 \\"12345678901234567890","c":0.12345678901234567}',
    ),
  ).toEqual({
    id: "9007199254740993123",
    a: [1, -2.5, 1000],
    t: 'x 9007199254740993123 "12345678901234567890',
    c: "0.12345678901234567",
  });
  expect(() => parseJson('{"id":1')).toThrow(SyntaxError);
  expect(idIn("sponsoredCampaign", "9007199254740993123")).toBe("9007199254740993123");
});

test("reads ids beyond 2^53 off the wire", async () => {
  const { open, server } = await startLinkedin();
  server.addFault({
    name: "long id",
    when: onPath("/rest/adAccounts"),
    strike: (exchange) =>
      exchange.text(
        200,
        '{"elements":[{"id":9007199254740993123,"name":"Long","currency":"EUR","status":"SOMETHING_NEW","test":false}],"metadata":{"nextPageToken":null}}',
        { "content-type": "application/json" },
      ),
  });
  const [account] = await list(open().accounts(new AbortController().signal));
  expect(account).toMatchObject({ id: "9007199254740993123", status: "SOMETHING_NEW", active: false });
});

test("sends LinkedIn's headers, and a short query as it was written", async () => {
  const { open, exchanges } = await startLinkedin();
  await drain(open().totals(pullOf("2026-11-14", "2026-11-20")));
  const sent = exchanges.find(({ path }) => path === "/rest/adAnalytics");
  expect(sent).toMatchObject({ method: "GET" });
  expect(sent?.headers).toMatchObject({
    "linkedin-version": "202609",
    "x-restli-protocol-version": "2.0.0",
    "x-restli-method": "FINDER",
  });
  expect(sent?.rawQuery).toBe(
    "q=analytics&pivot=ACCOUNT&timeGranularity=DAILY&dateRange=(start:(year:2026,month:11,day:14),end:(year:2026,month:11,day:20))" +
      "&accounts=List(urn%3Ali%3AsponsoredAccount%3A507404993)&fields=dateRange,pivotValues,costInLocalCurrency,costInUsd,impressions,clicks",
  );
});

test("tunnels once where LinkedIn finds the address too long", async () => {
  const { open, server, exchanges } = await startLinkedin();
  server.addFault(linkedinFaults.tooLong({ when: onPath("/adAnalytics") }));
  expect(await drain(open().totals(pullOf("2026-11-14", "2026-11-20")))).toHaveLength(7);
  const sent = exchanges.find(({ path }) => path === "/rest/adAnalytics");
  expect(sent).toMatchObject({ method: "POST", rawQuery: "" });
  expect(sent?.headers).toMatchObject({
    "x-http-method-override": "GET",
    "content-type": "application/x-www-form-urlencoded",
    "x-restli-method": "FINDER",
  });
  expect(sent?.body).toMatch(/^q=analytics&pivot=ACCOUNT&.*List\(urn%3Ali/);
});

test("halves a list of campaigns that is too long even tunnelled", async () => {
  const { open, server, sandbox } = await startLinkedin({ accounts: 1, campaigns: 8 });
  const day = addDays(today, -30);
  const campaigns = sandbox.accounts[0]?.campaigns ?? [];
  const row = {
    dateRange: { start: { year: 2026, month: 10, day: 22 }, end: { year: 2026, month: 10, day: 22 } },
    pivotValues: [`urn:li:sponsoredCampaign:${campaigns[0]?.id ?? ""}`],
  };
  const analytics = onPath("/adAnalytics");
  server.addFault(
    linkedinFaults.answers(200, { elements: Array.from({ length: 15_000 }, () => row) }, analytics),
  );
  server.addFault(linkedinFaults.tooLong({ when: analytics, times: 2 }));
  const rows = await drain(
    open().performance(pullOf(day, day, { account: accountOf(sandbox.accounts[0]?.id ?? "") })),
  );
  expect(rows).toHaveLength(sandbox.truth.campaignDays(sandbox.accounts[0]?.id ?? "", day, day).length);
  expect(server.requests.filter(({ path }) => path === "/rest/adAnalytics")).toHaveLength(5);
});

test("stops with an error where a page token comes twice", async () => {
  const { open, server } = await startLinkedin();
  server.addFault({
    ...linkedinFaults.answers(
      200,
      { elements: [], metadata: { nextPageToken: "same" } },
      onPath("/adAccounts"),
    ),
    times: 5,
  });
  await expect(list(open().accounts(new AbortController().signal))).rejects.toMatchObject({ kind: "data" });
  expect(server.requests.filter(({ path }) => path === "/rest/adAccounts")).toHaveLength(2);
});

test.each([
  ["stay empty", 100, () => []],
  ["repeat", 2, () => [{ id: 7, name: "Same", currency: "EUR", status: "ACTIVE" }]],
])("stops with an error where pages %s under ever new tokens", async (_, requests, elements) => {
  const { open, server } = await startLinkedin();
  let token = 0;
  server.addFault({
    name: "ever new tokens",
    when: onPath("/adAccounts"),
    times: Infinity,
    strike: (exchange) =>
      exchange.json(200, { elements: elements(), metadata: { nextPageToken: String((token += 1)) } }),
  });
  await expect(list(open().accounts(new AbortController().signal))).rejects.toMatchObject({ kind: "data" });
  expect(server.requests.filter(({ path }) => path === "/rest/adAccounts")).toHaveLength(requests);
});

test("reads campaigns and rules of any shape that the platform may send", async () => {
  const { open, server } = await startLinkedin();
  server.addFault(
    linkedinFaults.answers(
      200,
      {
        elements: [{ id: "urn:li:sponsoredCampaign:7", status: "FROZEN", type: "HOLOGRAM" }],
        metadata: null,
      },
      onPath("/adCampaigns"),
    ),
  );
  server.addFault(
    linkedinFaults.answers(
      200,
      { elements: [{ id: 9, name: "Rule", type: "NEW_KIND", postClickAttributionWindowSize: null }] },
      onPath("/conversions"),
    ),
  );
  const entities = await drain(open().entities(pullOf("2026-11-14", "2026-11-20")));
  expect(entities.find(({ id }) => id === "7")).toEqual({
    kind: "campaign",
    id: "7",
    name: "",
    status: "FROZEN",
    type: "HOLOGRAM",
  });
  expect(entities.find(({ id }) => id === "9")).toMatchObject({ category: "NEW_KIND", status: "ENABLED" });
});

test("corrects rules that exceed the campaign's total, so that the platform's total stands", async () => {
  const { open, server, logged } = await startLinkedin();
  const day = { year: 2026, month: 11, day: 14 };
  const dateRange = { start: day, end: day };
  const campaign = "urn:li:sponsoredCampaign:1";
  const analytics = onPath("/adAnalytics");
  server.addFault(
    linkedinFaults.answers(
      200,
      { elements: [{ dateRange, pivotValues: [campaign], externalWebsiteConversions: 2 }] },
      analytics,
    ),
  );
  server.addFault(
    linkedinFaults.answers(
      200,
      {
        elements: [
          {
            dateRange,
            pivotValues: ["urn:lla:llaPartnerConversion:8", campaign],
            externalWebsiteConversions: 3,
          },
        ],
      },
      analytics,
    ),
  );
  const rows = await drain(open().conversions(pullOf("2026-11-14", "2026-11-14")));
  expect(rows.map(({ actionId, conversions }) => [actionId, conversions])).toEqual([
    ["8", "3.000000"],
    ["externalWebsiteConversions", "-1.000000"],
  ]);
  expect(logged.join("")).toContain("exceed the campaign's total");
});
