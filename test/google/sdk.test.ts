import { Customer } from "google-ads-api";
import { fieldDataTypes } from "google-ads-api/build/src/protos/autogen/fields.js";
import { expect, test } from "vitest";
import { accessibleCustomersUrl, callHeaders, searchStreamUrl } from "../../src/connectors/google/api.ts";
import { breakdowns } from "../../src/domain/breakdown.ts";
import * as queries from "../../src/connectors/google/queries.ts";

// Google's SDK is not loaded at run time, since it brings gRPC. What it knows is held against what we send.

const endpoint = "https://googleads.googleapis.com";
const caller = { accessToken: "ya29.token", developerToken: "dev-token", loginCustomerId: "9998887776" };

/** The request that the SDK would send; its public calls only send it. */
const asTheSdkSays = (loginCustomerId?: string) => {
  const customer = new Customer(
    { client_id: "", client_secret: "", developer_token: caller.developerToken, disable_parsing: true },
    {
      customer_id: "1112223333",
      refresh_token: "",
      ...(loginCustomerId === undefined ? {} : { login_customer_id: loginCustomerId }),
    },
  ) as unknown as {
    prepareGoogleAdsServicePostRequestArgs(
      call: string,
      accessToken: string,
      extra: object,
    ): { readonly url: string; readonly headers: Record<string, string | undefined> };
  };
  const { url, headers } = customer.prepareGoogleAdsServicePostRequestArgs(
    "searchStream",
    caller.accessToken,
    {},
  );
  const sent = Object.entries(headers).filter(([, value]) => value !== undefined && value !== "");
  return { url, headers: Object.fromEntries(sent.map(([name, value]) => [name.toLowerCase(), value])) };
};

test("a query goes to the address, and with the headers, that Google's SDK uses", () => {
  for (const loginCustomerId of [undefined, caller.loginCustomerId]) {
    const { url, headers } = asTheSdkSays(loginCustomerId);
    expect(searchStreamUrl(endpoint, "1112223333")).toBe(url);
    const { "content-type": _type, "user-agent": _agent, ...own } = headers;
    expect(callHeaders({ ...caller, loginCustomerId })).toEqual(own);
  }
  const { url } = asTheSdkSays();
  expect(accessibleCustomersUrl(endpoint)).toBe(
    url.replace(/customers\/1112223333.*$/, "customers:listAccessibleCustomers"),
  );
});

/** The SDK's description of a row, by resource; a part that stands elsewhere is a `$ref` to it. */
const described = JSON.parse(fieldDataTypes) as unknown;

const partOf = (node: unknown, name: string): unknown => {
  const part = (node as Readonly<Record<string, unknown>> | undefined)?.[name];
  const { $ref } = (part ?? {}) as { readonly $ref?: unknown };
  return typeof $ref === "string" ? $ref.split("/").slice(1).reduce(partOf, described) : part;
};

const isKnown = (field: string): boolean => field.split(".").reduce(partOf, described) !== undefined;

test("every field and resource of every query is one that Google's SDK knows", () => {
  expect(["campaign.name_of_it", "metrics.cost", "ad_group_ad.id"].filter(isKnown)).toEqual([]);
  const day = { from: "2026-11-10", to: "2026-11-10" };
  const { plainQuery: _, breakdownQuery, breakdownConversionsQuery, ...others } = queries;
  const texts = [
    ...Object.values(others).map((query) => (typeof query === "string" ? query : query(day))),
    ...breakdowns.flatMap((breakdown) => [
      breakdownQuery(breakdown, day),
      breakdownConversionsQuery(breakdown, day),
    ]),
  ];
  expect(texts.length).toBeGreaterThan(10);
  for (const text of texts) {
    const [, fields = "", resource = ""] = /^SELECT (.+) FROM (\w+)/.exec(text) ?? [];
    const filtered = [...text.matchAll(/WHERE ([\w.]+)/g)].map(([, field]) => field ?? "");
    expect([...fields.split(", "), ...filtered, resource].filter((field) => !isKnown(field))).toEqual([]);
  }
});
