import { expect, onTestFinished, test } from "vitest";
import {
  bulkAccountId,
  clientAccountId,
  createGoogleSandbox,
  googleCredentials,
  type GoogleSandboxOptions,
  managerId,
} from "../../sandbox/google/index.ts";
import { listen } from "../../sandbox/server.ts";
import { all, noon, pullOf, shop, startSandbox, sum } from "./support.ts";

const start = async (options: Partial<GoogleSandboxOptions> = {}) => {
  const sandbox = createGoogleSandbox({ clock: noon, ...options });
  const server = await listen(sandbox);
  onTestFinished(() => server.close());
  const granted = await fetch(`${server.url}/token`, {
    method: "POST",
    body: new URLSearchParams({
      refresh_token: googleCredentials.refreshToken,
      client_id: googleCredentials.clientId,
      client_secret: googleCredentials.clientSecret,
      grant_type: "refresh_token",
    }),
  });
  const { access_token: token } = (await granted.json()) as { access_token: string };
  const ask = async (
    query: string,
    {
      id = clientAccountId(0),
      login = managerId,
      version = "v24",
      bearer = token,
      parameters = "",
    }: { id?: string; login?: string; version?: string; bearer?: string; parameters?: string } = {},
  ) => {
    const address = `${server.url}/${version}/customers/${id}/googleAds:searchStream${parameters}`;
    const response = await fetch(address, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "login-customer-id": login },
      body: JSON.stringify({ query }),
    });
    const text = await response.text();
    return { status: response.status, text, body: JSON.parse(text) as Record<string, unknown>[] };
  };
  return { sandbox, ask };
};

const dates = "WHERE segments.date BETWEEN '2026-11-01' AND '2026-11-02'";

test.each([
  ["SELECT campaign.colour FROM campaign", "UNRECOGNIZED_FIELD"],
  ["SELECT campaign.id FROM campaigns", "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE"],
  ["SELECT ad_group.id FROM campaign", "PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE"],
  [
    `SELECT segments.date, segments.conversion_action, metrics.cost_micros FROM campaign ${dates}`,
    "PROHIBITED_SEGMENT_WITH_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
  ],
  ["SELECT segments.date, metrics.clicks FROM campaign", "EXPECTED_FILTERS_ON_DATE_RANGE"],
  [
    "SELECT metrics.clicks FROM campaign WHERE campaign.status = 'ENABLED' OR campaign.id = 1",
    "BAD_OPERATOR",
  ],
  [
    "SELECT metrics.clicks FROM campaign WHERE segments.date BETWEEN '2026-02-30' AND '2026-03-01'",
    "BAD_VALUE",
  ],
  [
    "SELECT metrics.clicks FROM campaign WHERE segments.date BETWEEN '2026-03-02' AND '2026-03-01'",
    "INVALID_DATE",
  ],
  ["SELECT FROM campaign", "UNEXPECTED_INPUT"],
  [`SELECT metrics.clicks FROM campaign ${dates} PARAMETERS omit_names=true`, "UNEXPECTED_INPUT"],
])("%s is refused as %s", async (query, code) => {
  const { ask } = await start();
  const { status, body } = await ask(query);
  expect(status).toBe(400);
  expect(JSON.stringify(body)).toContain(code);
});

test.each([
  [{ version: "v19" }, 400, "UNSUPPORTED_VERSION"],
  [{ bearer: "ya29.other" }, 401, "OAUTH_TOKEN_INVALID"],
  [{ login: "9999999999" }, 403, "USER_PERMISSION_DENIED"],
  [{ id: "12" }, 400, "INVALID_CUSTOMER_ID"],
  [{ id: managerId }, 400, "REQUESTED_METRICS_FOR_MANAGER"],
  [{ id: "1000000099" }, 403, "CUSTOMER_NOT_ENABLED"],
])("with %j the platform answers %i %s", async (who, http, code) => {
  const { ask } = await start();
  const { status, body } = await ask(`SELECT segments.date, metrics.clicks FROM campaign ${dates}`, who);
  expect(status).toBe(http);
  expect(JSON.stringify(body)).toContain(code);
});

test("integers are text, doubles are numbers, and resource names come unasked", async () => {
  const { ask, sandbox } = await start();
  const { body } = await ask(
    `SELECT campaign.id, segments.date, metrics.cost_micros, metrics.conversions FROM campaign ${dates}`,
  );
  expect(body[0]).toMatchObject({
    fieldMask: "campaign.id,segments.date,metrics.costMicros,metrics.conversions",
    requestId: expect.stringMatching(/./),
  });
  expect(body[0]?.["results"]).toContainEqual({
    campaign: { id: "21000000001", resourceName: `customers/${shop.id}/campaigns/21000000001` },
    segments: { date: "2026-11-01" },
    metrics: { costMicros: expect.stringMatching(/^\d+$/), conversions: expect.any(Number) },
  });
  expect(sandbox.operations).toBe(1);
});

test("answers are indented unless they are asked for without, and their rows come in another order each time", async () => {
  const { ask } = await start();
  const query = `SELECT campaign.id, segments.date, metrics.clicks FROM campaign ${dates}`;
  const indented = await ask(query);
  const plain = await ask(query, { parameters: "?prettyPrint=false" });
  expect(indented.text).toContain('\n  "results": [');
  expect(plain.text).not.toContain("\n");
  expect(indented.text.length).toBeGreaterThan(1.5 * plain.text.length);
  const rows = ({ body }: typeof plain) =>
    ((body[0]?.["results"] ?? []) as unknown[]).map((row) => JSON.stringify(row));
  expect(rows(plain)).not.toEqual(rows(indented));
  expect(rows(plain).toSorted()).toEqual(rows(indented).toSorted());
  expect((await ask(query, { bearer: "ya29.other" })).text).toContain("\n");
});

test("the same seed gives the same world, another seed another", () => {
  const days = (seed: string) =>
    createGoogleSandbox({ clock: noon, seed }).truth.days(shop.id, "2026-11-01", "2026-11-03");
  expect(days("a")).toEqual(days("a"));
  expect(days("a")).not.toEqual(days("b"));
});

test("days that have not come yet hold nothing, today holds part of itself", () => {
  const { truth } = createGoogleSandbox({ clock: noon });
  const [yesterday, today, ...later] = truth.days(shop.id, "2026-11-19", "2026-11-25");
  expect(later).toEqual([]);
  expect(Number(today?.clicks)).toBeLessThan(Number(yesterday?.clicks));
});

test("a large account delivers every ad on every day, and its figures are true too", async () => {
  const { connector, sandbox } = await startSandbox({ world: { bulk: { ads: 12_000 } } });
  const { via: _, ...account } = { ...shop, id: bulkAccountId };
  const pull = pullOf({ account, from: "2026-11-19", to: "2026-11-19" });
  const ads = await all(connector.performance(pull));
  expect(ads).toHaveLength(12_000);
  const truth = sandbox.truth.days(bulkAccountId, pull.from, pull.to);
  expect(sum(ads.map(({ spend }) => spend))).toBe(sum(truth.map(({ spend }) => spend)));
  const conversions = await all(connector.conversions(pull));
  expect(sum(conversions.map((row) => row.primaryConversions ?? ""))).toBe(
    sum(truth.map((day) => day.conversions)),
  );
});

test("resources are named in every row, unless the query says not to", async () => {
  const { ask } = await start();
  const query = `SELECT campaign.id, ad_group_ad.ad.id, metrics.clicks FROM ad_group_ad ${dates}`;
  const named = await ask(query);
  expect(JSON.stringify(named.body)).toContain('"resourceName"');
  const bare = await ask(`${query} PARAMETERS omit_unselected_resource_names=true`);
  expect(bare.status).toBe(200);
  const text = JSON.stringify(bare.body);
  expect(text).not.toContain("resourceName");
  expect(text.match(/"clicks"/g)).toHaveLength(JSON.stringify(named.body).match(/"clicks"/g)?.length ?? 0);
});
