import type { Day } from "../../src/domain/day.ts";
import type { Credit, Leaf } from "./figures.ts";
import type { ParsedQuery } from "./gaql.ts";
import type { Fields } from "./campaigns.ts";
import { type PartFields, partsOf } from "./parts.ts";
import { managerFields, managerId, type SandboxAccount, type SandboxAction } from "./world.ts";

/** Answers to checked queries, as JSON rows. */

type Json = Record<string, unknown>;

const camel = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** `ad_group_ad.ad.id` -> sets adGroupAd.ad.id; what is null is left out, as proto3 JSON does. */
const set = (row: Json, path: readonly string[], value: unknown): void => {
  if (value === undefined || value === null) return;
  let at = row;
  const last = path.length - 1;
  for (let depth = 0; depth < last; depth += 1) at = (at[path[depth] ?? ""] ??= {}) as Json;
  at[path[last] ?? ""] = value;
};

interface Column {
  readonly field: string;
  readonly path: readonly string[];
}

/** The columns of a query; each touched resource brings its name along unasked, unless told not to. */
const columnsOf = ({ fields, omitNames }: ParsedQuery): Column[] => {
  const all = new Set(fields);
  for (const field of omitNames ? [] : fields) {
    const parts = field.split(".");
    if (parts[0] === "metrics" || parts[0] === "segments") continue;
    all.add(`${parts[0] ?? ""}.resource_name`);
    if (parts[1] === "ad") all.add("ad_group_ad.ad.resource_name");
  }
  return [...all].map((field) => ({ field, path: field.split(".").map(camel) }));
};

export const fieldMask = (fields: readonly string[]): string =>
  fields.map((field) => field.split(".").map(camel).join(".")).join(",");

interface Sum {
  /** Any of the leaves added up: all of them agree in what the row is about. */
  readonly leaf: Leaf;
  /** What tells it from other parts of the same campaign or ad group. */
  readonly part: PartFields;
  readonly action: SandboxAction | undefined;
  cost: number;
  impressions: number;
  clicks: number;
  counted: number;
  countedValue: number;
  all: number;
  allValue: number;
}

/** 64-bit integers are text on this wire, doubles are numbers. */
const metrics: Readonly<Record<string, (sum: Sum) => string | number>> = {
  "metrics.cost_micros": (sum) => String(sum.cost),
  "metrics.impressions": (sum) => String(sum.impressions),
  "metrics.clicks": (sum) => String(sum.clicks),
  "metrics.interactions": (sum) => String(sum.clicks),
  "metrics.conversions": (sum) => sum.counted / 100,
  "metrics.conversions_value": (sum) => sum.countedValue / 100,
  "metrics.all_conversions": (sum) => sum.all / 100,
  "metrics.all_conversions_value": (sum) => sum.allValue / 100,
  "metrics.view_through_conversions": () => "0",
};

const segments: Readonly<Record<string, (sum: Sum, day: Day) => unknown>> = {
  "segments.date": (_, day) => day,
  "segments.ad_network_type": ({ leaf }) => leaf.network,
  "segments.device": ({ part }) => part["segments.device"],
  "segments.conversion_action": ({ action }) => action?.resourceName,
  "segments.conversion_action_name": ({ action }) => action?.fields["conversion_action.name"],
  "segments.conversion_action_category": ({ action }) => action?.fields["conversion_action.category"],
};

/** How a column's value is found: by the resource that its name begins with. */
const valueOf = (account: SandboxAccount, field: string): ((sum: Sum, day: Day) => unknown) => {
  const metric = metrics[field] ?? segments[field];
  if (metric) return metric;
  switch (field.split(".")[0]) {
    case "customer":
      return () => account.fields[field];
    case "campaign":
      return ({ leaf }) => leaf.campaign.fields[field];
    case "ad_group":
      return ({ leaf }) => leaf.adGroup?.fields[field];
    case "ad_group_ad":
      return ({ leaf }) => leaf.ad?.fields[field];
    default:
      return ({ part }) => part[field];
  }
};

const belongs = (leaf: Leaf, resource: string): boolean =>
  resource === "ad_group" || resource === "ad_group_ad" ? leaf.ad !== undefined : true;

const levelKey = (leaf: Leaf, resource: string): string =>
  resource === "customer"
    ? ""
    : resource === "campaign" || resource === "user_location_view"
      ? leaf.campaign.id
      : resource === "ad_group" || resource === "keyword_view" || resource === "search_term_view"
        ? (leaf.adGroup?.id ?? "")
        : `${leaf.adGroup?.id ?? ""}~${leaf.ad?.id ?? ""}`;

/** Rows with figures of one day. Rows whose selected metrics are all zero are not returned. */
export const dayRows = (
  query: ParsedQuery,
  account: SandboxAccount,
  day: Day,
  leaves: readonly Leaf[],
): Json[] => {
  const byNetwork = query.fields.includes("segments.ad_network_type");
  const byAction = query.fields.some((field) => field.startsWith("segments.conversion_action"));
  const sums = new Map<string, Sum>();

  const add = (
    leaf: Leaf,
    part: PartFields,
    credits: readonly Credit[],
    action: SandboxAction | undefined,
  ): void => {
    const level = levelKey(leaf, query.resource);
    const key = `${level}|${byNetwork ? leaf.network : ""}|${action?.id ?? ""}|${Object.values(part).join()}`;
    let sum = sums.get(key);
    if (!sum) {
      sum = {
        leaf,
        part,
        action,
        cost: 0,
        impressions: 0,
        clicks: 0,
        counted: 0,
        countedValue: 0,
        all: 0,
        allValue: 0,
      };
      sums.set(key, sum);
    }
    sum.cost += leaf.costMicros;
    sum.impressions += leaf.impressions;
    sum.clicks += leaf.clicks;
    for (const credit of credits) {
      sum.counted += credit.counted;
      sum.countedValue += credit.countedValue;
      sum.all += credit.all;
      sum.allValue += credit.allValue;
    }
  };

  for (const { leaf, fields } of partsOf(query.resource, query.fields, leaves)) {
    if (!belongs(leaf, query.resource)) continue;
    if (byAction) for (const credit of leaf.credits) add(leaf, fields, [credit], credit.action);
    else add(leaf, fields, leaf.credits, undefined);
  }

  const columns = columnsOf(query).map(({ field, path }) => ({
    path,
    value: valueOf(account, field),
  }));
  const asked = query.fields.flatMap((field) => metrics[field] ?? []);
  const rows: Json[] = [];
  for (const sum of sums.values()) {
    if (asked.length > 0 && asked.every((metric) => Number(metric(sum)) === 0)) continue;
    const row: Json = {};
    for (const { path, value } of columns) set(row, path, value(sum, day));
    rows.push(row);
  }
  return rows;
};

/** The accounts under the manager, or an account alone, as `customer_client` shows them. */
const clientRows = (customerId: string, world: readonly SandboxAccount[]): Fields[] => {
  const clients = world.filter((account) =>
    customerId === managerId ? account.managerId === managerId : account.id === customerId,
  );
  const listed = customerId === managerId ? [managerFields, ...clients.map(({ fields }) => fields)] : [];
  return listed.map((fields, index) => {
    const id = String(fields["customer.id"]);
    return {
      "customer_client.resource_name": `customers/${customerId}/customerClients/${id}`,
      "customer_client.client_customer": `customers/${id}`,
      "customer_client.id": id,
      "customer_client.level": index === 0 ? "0" : "1",
      "customer_client.hidden": false,
      ...Object.fromEntries(
        ["manager", "status", "test_account", "currency_code", "time_zone", "descriptive_name"].map(
          (name) => [`customer_client.${name}`, fields[`customer.${name}`]],
        ),
      ),
    };
  });
};

/** Rows without figures: what exists, of every status. */
export const entityRows = (
  query: ParsedQuery,
  customerId: string,
  world: readonly SandboxAccount[],
): Json[] => {
  const columns = columnsOf(query);
  const account = world.find(({ id }) => id === customerId);
  const customer = account?.fields ?? managerFields;
  const campaigns = account?.campaigns ?? [];
  const listed = (): Fields[] => {
    switch (query.resource) {
      case "customer":
        return [{}];
      case "customer_client":
        return clientRows(customerId, world);
      case "campaign":
        return campaigns.map(({ fields }) => fields);
      case "ad_group":
        return campaigns.flatMap((campaign) =>
          campaign.adGroups.map((adGroup) => ({ ...campaign.fields, ...adGroup.fields })),
        );
      case "ad_group_ad":
        return campaigns.flatMap((campaign) =>
          campaign.adGroups.flatMap((adGroup) =>
            adGroup.ads.map((ad) => ({ ...campaign.fields, ...adGroup.fields, ...ad.fields })),
          ),
        );
      default: {
        // An account lists its own actions; the manager's are asked of the manager.
        const actions = new Map(
          world.flatMap(({ actions }) => actions).map((action) => [action.resourceName, action]),
        );
        return [...actions.values()].flatMap(({ resourceName, fields }) =>
          resourceName.startsWith(`customers/${customerId}/`) ? [fields] : [],
        );
      }
    }
  };
  return listed().map((fields) => {
    const row: Json = {};
    for (const { field, path } of columns) set(row, path, fields[field] ?? customer[field]);
    return row;
  });
};
