import { createHash } from "node:crypto";
import { listIn, ParameterError, type Query, recordIn, textIn, urnId, type Value } from "./syntax.ts";
import type { SandboxAccount, SandboxCampaign, SandboxRule } from "./world.ts";

type Element = Record<string, unknown>;

const accountStatuses = ["ACTIVE", "CANCELED", "DRAFT", "PENDING_DELETION", "REMOVED"];
const campaignStatuses = [...accountStatuses, "ARCHIVED", "COMPLETED", "PAUSED"];

const stamps = { created: { time: 1_692_360_338_000 }, lastModified: { time: 1_695_253_336_000 } };

export const accountElement = (account: SandboxAccount): Element => ({
  id: Number(account.id),
  name: account.name,
  currency: account.currency,
  status: account.status,
  type: "BUSINESS",
  test: account.test,
  reference: "urn:li:organization:2414183",
  servingStatuses: account.status === "ACTIVE" ? ["RUNNABLE"] : ["STOPPED"],
  version: { versionTag: "6" },
  changeAuditStamps: stamps,
});

export const campaignElement = (campaign: SandboxCampaign): Element => ({
  id: Number(campaign.id),
  name: campaign.name,
  account: `urn:li:sponsoredAccount:${campaign.accountId}`,
  campaignGroup: `urn:li:sponsoredCampaignGroup:${campaign.groupId}`,
  status: campaign.status,
  type: campaign.type,
  format: "STANDARD_UPDATE",
  objectiveType: campaign.objective,
  costType: "CPM",
  test: false,
  servingStatuses: campaign.status === "ACTIVE" ? ["RUNNABLE"] : ["STOPPED"],
  changeAuditStamps: stamps,
});

export const groupElement = (accountId: string, id: string): Element => ({
  id: Number(id),
  name: `Group ${id.slice(-1)}`,
  account: `urn:li:sponsoredAccount:${accountId}`,
  status: "ACTIVE",
  backfilled: false,
  test: false,
  changeAuditStamps: stamps,
});

export const creativeElement = (campaign: SandboxCampaign, id: string): Element => ({
  id: `urn:li:sponsoredCreative:${id}`,
  account: `urn:li:sponsoredAccount:${campaign.accountId}`,
  campaign: `urn:li:sponsoredCampaign:${campaign.id}`,
  intendedStatus: "ACTIVE",
  isServing: false,
  isTest: false,
  review: id.endsWith("2") ? null : { status: "APPROVED" },
  content: { reference: "urn:li:share:6823991265126957056" },
  createdAt: 1_692_360_339_000,
  lastModifiedAt: 1_692_926_398_000,
});

export const ruleElement = (account: SandboxAccount, rule: SandboxRule): Element => ({
  id: Number(rule.id),
  name: rule.name,
  account: `urn:li:sponsoredAccount:${account.id}`,
  type: rule.type,
  enabled: rule.enabled,
  conversionMethod: rule.method,
  attributionType: rule.attributionType,
  postClickAttributionWindowSize: rule.clickWindowDays,
  viewThroughAttributionWindowSize: rule.viewWindowDays,
  value: { currencyCode: account.currency, amount: String(Number(rule.value) / 1_000_000) },
  campaigns: account.campaigns.map(({ id }) => `urn:li:sponsoredCampaign:${id}`),
  created: 1_692_168_056_678,
  lastModified: 1_692_168_056_678,
});

const onlyKnown = (parameters: ReadonlyMap<string, Value>, names: readonly string[]): void => {
  for (const name of parameters.keys())
    if (!names.includes(name)) throw new ParameterError(name, "unknown parameter");
};

const wholeIn = (name: string, value: Value | undefined, fallback: number, most: number): number => {
  if (!value) return fallback;
  const text = textIn(name, value);
  if (!/^\d+$/.test(text) || Number(text) > most) throw new ParameterError(name, `must be 0 to ${most}`);
  return Number(text);
};

const finderIs = (query: Query, name: string): void => {
  if (textIn("q", query.parameters.get("q")) !== name) throw new ParameterError("q", "unknown finder");
};

/** What the `search` of a finder lets through. */
export const searchOf = (query: Query, kind: "account" | "campaign"): ((element: Element) => boolean) => {
  finderIs(query, "search");
  onlyKnown(query.parameters, ["q", "search", "pageSize", "pageToken"]);
  const search = query.parameters.get("search");
  if (!search) return () => true;
  const parts = recordIn("search", search);
  onlyKnown(parts, ["status", "test", "id"]);
  const valuesOf = (name: string): readonly string[] | undefined => {
    const part = parts.get(name);
    return part && listIn(`search/${name}`, recordIn(`search/${name}`, part).get("values"));
  };
  const legal = kind === "account" ? accountStatuses : campaignStatuses;
  const statuses = valuesOf("status");
  for (const status of statuses ?? [])
    if (!legal.includes(status)) throw new ParameterError("search", `unknown status ${status}`);
  const ids = valuesOf("id")?.map((urn) =>
    urnId("search", kind === "account" ? "sponsoredAccount" : "sponsoredCampaign", urn),
  );
  const test = parts.has("test") ? textIn("search/test", parts.get("test")) : undefined;
  if (test !== undefined && test !== "true" && test !== "false")
    throw new ParameterError("search", "test must be true or false");
  return (element) =>
    (!statuses || statuses.includes(String(element["status"]))) &&
    (!ids || ids.includes(String(element["id"]))) &&
    (test === undefined || String(element["test"]) === test);
};

export const criteriaOf = (query: Query): ((element: Element) => boolean) => {
  finderIs(query, "criteria");
  onlyKnown(query.parameters, ["q", "campaigns", "pageSize", "pageToken"]);
  const campaigns = query.parameters.get("campaigns");
  if (!campaigns) return () => true;
  const urns = listIn("campaigns", campaigns);
  for (const urn of urns) urnId("campaigns", "sponsoredCampaign", urn);
  return (element) => urns.includes(String(element["campaign"]));
};

/** A token stands for a place in one listing: with other parameters it is refused. */
const tokenOf = (place: number, bound: string): string => {
  const hash = createHash("sha256").update(`${place}/${bound}`).digest("base64url").slice(0, 12);
  return `Zk9-x_${place}.${hash}=`;
};

/**
 * One page of a search. The first one is short and the second one empty, both with a token: LinkedIn promises full
 * pages nowhere.
 */
export const pageByToken = (resource: string, query: Query, all: readonly Element[]): unknown => {
  const size = wholeIn("pageSize", query.parameters.get("pageSize"), 100, 1_000);
  if (size === 0) throw new ParameterError("pageSize", "must be positive");
  const bound = JSON.stringify([
    resource,
    [...query.parameters]
      .filter(([name]) => name !== "pageToken")
      .map(([name, value]) => [name, plainOf(value)]),
  ]);
  const token = query.parameters.get("pageToken");
  const text = token ? textIn("pageToken", token) : undefined;
  const page = text === undefined ? 0 : Number(/^Zk9-x_(\d+)\./.exec(text)?.[1] ?? Number.NaN);
  if (text !== undefined && (Number.isNaN(page) || text !== tokenOf(page, bound)))
    throw new ParameterError("pageToken", "is not a token of this search");
  const short = Math.ceil(Math.min(size, all.length) / 2);
  const start = page === 0 ? 0 : short + Math.max(0, page - 2) * size;
  const end = page === 0 ? short : page === 1 ? start : start + size;
  const more = end < all.length;
  return {
    elements: all.slice(start, end),
    paging: { start: 0, count: size, links: [] },
    metadata: more ? { nextPageToken: tokenOf(page + 1, bound) } : {},
  };
};

const plainOf = (value: Value): unknown => {
  switch (value.kind) {
    case "text":
      return value.text;
    case "list":
      return value.items.map(plainOf);
    case "record":
      return [...value.parts].map(([key, part]) => [key, plainOf(part)]);
  }
};

/** One page of the older kind. `total` is -1, as it was seen to be. */
export const pageByCount = (query: Query, all: readonly Element[]): unknown => {
  const start = wholeIn("start", query.parameters.get("start"), 0, 1_000_000);
  const count = wholeIn("count", query.parameters.get("count"), 10, 1_000);
  return {
    elements: all.slice(start, start + count),
    paging: { start, count, links: [], total: -1 },
  };
};

/** The account whose conversion rules are asked for. */
export const ruleAccountOf = (query: Query): string => {
  finderIs(query, "account");
  onlyKnown(query.parameters, ["q", "account", "start", "count"]);
  return urnId("account", "sponsoredAccount", textIn("account", query.parameters.get("account")));
};
