import type { Exchange, SandboxPlatform } from "../server.ts";
import { createWorld, type CrmRecord, type CrmWorld } from "./world.ts";

export { plantedPerson } from "./world.ts";

export const hubspotToken = "pat-eu1-sandbox-service-key";

const hitLimit = 10_000;
const lagMs = 2_000;

const won = "closedwon";
const stages: Readonly<Record<string, string>> = {
  subscriber: "Subscriber",
  lead: "Lead",
  marketingqualifiedlead: "Marketing Qualified Lead",
  salesqualifiedlead: "Sales Qualified Lead",
  opportunity: "Opportunity",
  customer: "Customer",
  evangelist: "Evangelist",
  other: "Other",
};

export interface HubspotSandboxOptions {
  /** Of each property's past; nothing promises the order. Default: the newest value first. */
  readonly oldestFirst?: boolean;
  readonly clock: () => Date;
  /** Its contacts and deals; absent: none yet. */
  readonly world?: CrmWorld;
  readonly apiVersion?: string;
  readonly currency?: string;
  /** Stages that the portal has made itself, by their numbers. */
  readonly customStages?: Readonly<Record<string, string>>;
  /** Properties that the portal has made itself. */
  readonly customProperties?: readonly string[];
  /** Of `X-HubSpot-RateLimit-Max`; a real portal says 100 or 190. */
  readonly rateLimit?: number;
}

const contactProperties = [
  "createdate",
  "lastmodifieddate",
  "lifecyclestage",
  "hs_lead_status",
  "hs_object_id",
  "hs_analytics_source",
  "hs_analytics_first_url",
  "hs_analytics_first_referrer",
  "hs_google_click_id",
  "hs_facebook_click_id",
  "hs_merged_object_ids",
  "hs_calculated_merged_vids",
  "email",
  "firstname",
  "lastname",
  "phone",
  "address",
  "company",
  ...Object.keys(stages).map((stage) => `hs_v2_date_entered_${stage}`),
];
const dealProperties = [
  "createdate",
  "hs_lastmodifieddate",
  "pipeline",
  "dealstage",
  "dealname",
  "amount",
  "deal_currency_code",
  "closedate",
  "hs_is_closed_won",
  "hs_object_id",
];

interface Filter {
  readonly propertyName: string;
  readonly operator: string;
  readonly value: string;
  readonly highValue?: string;
}

const compareIds = (one: CrmRecord, other: CrmRecord): number => Number(one.id) - Number(other.id);

/** HubSpot's CRM over HTTP: lists, searches with their end, batches, histories in none of the searches. */
export const createHubspotSandbox = (options: HubspotSandboxOptions) => {
  const {
    clock,
    world = createWorld(),
    apiVersion = "2026-09",
    currency = "EUR",
    customStages = {},
    customProperties = [],
    oldestFirst = false,
  } = options;
  const state = {
    isRevoked: false,
    seesNothing: false,
    missingScopes: [] as readonly string[],
    dailyLeft: 650_000,
  };
  const names: Readonly<Record<string, ReadonlySet<string>>> = {
    contacts: new Set([...contactProperties, ...customProperties]),
    deals: new Set([...dealProperties, ...customProperties]),
  };

  const valueOf = (record: CrmRecord, object: string, name: string): string | null => {
    if (names[object]?.has(name) !== true) return null;
    if (name === "hs_object_id") return record.id;
    if (name === (object === "contacts" ? "lastmodifieddate" : "hs_lastmodifieddate"))
      return record.updatedAt;
    if (name === "hs_is_closed_won") return String(world.value(record, "dealstage") === won);
    // The date of a stage follows its latest entry.
    const entered = /^hs_v2_date_entered_(.+)$/.exec(name)?.[1];
    if (entered !== undefined)
      return record.history.get("lifecyclestage")?.findLast(({ value }) => value === entered)?.at ?? null;
    return world.value(record, name) ?? null;
  };

  const answerOf = (
    record: CrmRecord,
    object: string,
    asked: readonly string[],
    histories: readonly string[],
    withContacts: boolean,
  ) => ({
    id: record.id,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    archived: record.archivedAt !== undefined,
    ...(record.archivedAt === undefined ? {} : { archivedAt: record.archivedAt }),
    // A name that is not known is passed over.
    properties: Object.fromEntries(
      [...asked, "hs_object_id"]
        .filter((name) => names[object]?.has(name))
        .map((name) => [name, valueOf(record, object, name)]),
    ),
    ...(histories.length === 0
      ? {}
      : {
          propertiesWithHistory: Object.fromEntries(
            histories.map((name) => {
              const past = (record.history.get(name) ?? []).map(({ value, at }) => ({
                value,
                timestamp: at,
                sourceType: "CRM_UI",
              }));
              return [name, oldestFirst ? past : past.toReversed()];
            }),
          ),
        }),
    ...(withContacts && record.contacts.length > 0
      ? {
          associations: {
            contacts: { results: record.contacts.map((id) => ({ id, type: "deal_to_contact" })) },
          },
        }
      : {}),
  });

  const recordsOf = (object: string): CrmRecord[] =>
    state.seesNothing ? [] : [...(object === "contacts" ? world.contacts : world.deals).values()];

  const list = (exchange: Exchange, object: string): void => {
    const query = new URLSearchParams(exchange.rawQuery);
    const split = (name: string) => (query.get(name) ?? "").split(",").filter((part) => part !== "");
    const histories = split("propertiesWithHistory");
    const limit = Number(query.get("limit") ?? "10");
    if (limit > 100 || (histories.length > 0 && limit > 50))
      return refuse(exchange, 400, "VALIDATION_ERROR", "limit is too large");
    const isArchived = query.get("archived") === "true";
    const after = Number(query.get("after") ?? "0");
    const matching = recordsOf(object)
      .filter((record) => (record.archivedAt !== undefined) === isArchived)
      .sort(compareIds);
    const start = matching.findIndex(({ id }) => Number(id) > after);
    const page = start < 0 ? [] : matching.slice(start, start + limit);
    const isLast = start < 0 || start + limit >= matching.length;
    ok(exchange, {
      results: page.map((record) =>
        answerOf(record, object, split("properties"), histories, query.get("associations") === "contacts"),
      ),
      ...(isLast ? {} : { paging: { next: { after: page.at(-1)?.id ?? "" } } }),
    });
  };

  const matches = (
    record: CrmRecord,
    object: string,
    { propertyName, operator, value, highValue }: Filter,
  ): boolean => {
    const own = valueOf(record, object, propertyName) ?? "";
    const number = /modifieddate/.test(propertyName) ? Date.parse(own) : Number(own);
    if (operator === "BETWEEN") return number >= Number(value) && number <= Number(highValue);
    if (operator === "EQ") return number === Number(value);
    return number > Number(value);
  };

  const search = (exchange: Exchange, object: string): void => {
    const body = JSON.parse(exchange.body) as {
      readonly filterGroups: readonly { readonly filters: readonly Filter[] }[];
      readonly sorts: readonly string[];
      readonly limit: number;
      readonly after?: string;
      readonly properties: readonly string[];
    };
    const after = Number(body.after ?? "0");
    if (body.limit > 200 || after + body.limit > hitLimit)
      return refuse(exchange, 400, "VALIDATION_ERROR", "a search ends at 10,000 hits");
    const [sort = "hs_object_id"] = body.sorts;
    // What was written just now is not in the index yet.
    const known = clock().getTime() - lagMs;
    const found = recordsOf(object)
      .filter((record) => record.archivedAt === undefined && Date.parse(record.updatedAt) <= known)
      .filter((record) =>
        body.filterGroups.some(({ filters }) => filters.every((filter) => matches(record, object, filter))),
      )
      .sort((one, other) =>
        sort === "hs_object_id"
          ? compareIds(one, other)
          : Date.parse(one.updatedAt) - Date.parse(other.updatedAt) || compareIds(one, other),
      );
    const next = after + body.limit;
    exchange.json(200, {
      total: found.length,
      results: found.slice(after, next).map((record) => answerOf(record, object, body.properties, [], false)),
      ...(next < found.length ? { paging: { next: { after: String(next) } } } : {}),
    });
  };

  const batch = (exchange: Exchange, object: string): void => {
    const {
      inputs,
      properties = [],
      propertiesWithHistory = [],
    } = JSON.parse(exchange.body) as {
      readonly inputs: readonly { readonly id: string }[];
      readonly properties?: readonly string[];
      readonly propertiesWithHistory?: readonly string[];
    };
    if (inputs.length > (propertiesWithHistory.length > 0 ? 50 : 100))
      return refuse(exchange, 400, "VALIDATION_ERROR", "too many");
    const records = object === "contacts" ? world.contacts : world.deals;
    const found = inputs.flatMap(({ id }) => {
      const record = state.seesNothing ? undefined : records.get(id);
      return record === undefined || record.archivedAt !== undefined ? [] : [record];
    });
    ok(
      exchange,
      {
        status: "COMPLETE",
        results: found.map((record) => answerOf(record, object, properties, propertiesWithHistory, false)),
      },
      found.length < inputs.length ? 207 : 200,
    );
  };

  const associations = (exchange: Exchange): void => {
    const { inputs } = JSON.parse(exchange.body) as { readonly inputs: readonly { readonly id: string }[] };
    ok(exchange, {
      results: inputs.flatMap(({ id }) => {
        const of = world.deals.get(id)?.contacts ?? [];
        return of.length === 0
          ? []
          : [{ from: { id }, to: of.map((contact) => ({ toObjectId: Number(contact) })) }];
      }),
    });
  };

  const ok = (exchange: Exchange, body: unknown, status = 200): void => {
    state.dailyLeft -= 1;
    exchange.json(status, body, {
      "x-hubspot-ratelimit-max": String(options.rateLimit ?? 190),
      "x-hubspot-ratelimit-daily": "650000",
      "x-hubspot-ratelimit-daily-remaining": String(state.dailyLeft),
    });
  };

  const refuse = (
    exchange: Exchange,
    status: number,
    category: string,
    message: string,
    more: object = {},
  ): void =>
    exchange.json(status, {
      status: "error",
      message,
      category,
      correlationId: "00000000-aaaa-bbbb",
      ...more,
    });

  const answer = (exchange: Exchange): void => {
    const { method, path, headers } = exchange;
    if (state.isRevoked || headers.authorization !== `Bearer ${hubspotToken}`)
      return refuse(
        exchange,
        401,
        "INVALID_AUTHENTICATION",
        `the key ${String(headers.authorization)} is not valid`,
      );
    if (state.missingScopes.length > 0)
      return refuse(exchange, 403, "MISSING_SCOPES", "scopes are missing", {
        errors: [{ context: { requiredGranularScopes: state.missingScopes } }],
      });
    const call = `${method} ${path.replace(`/${apiVersion}/`, "/V/")}`;
    const object = /\/(contacts|deals)(\/|$)/.exec(path)?.[1] ?? "";
    if (call === "GET /account-info/V/details")
      return ok(exchange, {
        portalId: 7052064,
        timeZone: "Europe/Copenhagen",
        companyCurrency: currency,
        additionalCurrencies: [],
      });
    if (call === "GET /account-info/V/api-usage/daily/private-apps")
      return ok(exchange, {
        results: [
          {
            name: "private-apps-api-calls-daily",
            usageLimit: 650_000,
            currentUsage: 650_000 - state.dailyLeft,
            resetsAt: `${clock().toISOString().slice(0, 10)}T23:59:59Z`,
          },
        ],
      });
    if (call === "GET /crm/properties/V/contacts/lifecyclestage")
      return ok(exchange, {
        options: Object.entries({ ...stages, ...customStages }).map(([value, label]) => ({ value, label })),
      });
    if (call === `GET /crm/properties/V/${object}`)
      return ok(exchange, { results: [...(names[object] ?? [])].map((name) => ({ name, label: name })) });
    if (call === "GET /crm/pipelines/V/deals")
      return ok(exchange, {
        results: [
          {
            id: "default",
            stages: [
              { id: "appointmentscheduled", metadata: { isClosed: "false", probability: "0.2" } },
              { id: won, metadata: { isClosed: "true", probability: "1.0" } },
              { id: "closedlost", metadata: { isClosed: "true", probability: "0.0" } },
            ],
          },
        ],
      });
    if (call === `GET /crm/objects/V/${object}`) return list(exchange, object);
    if (call === `POST /crm/objects/V/${object}/search`) return search(exchange, object);
    if (call === `POST /crm/objects/V/${object}/batch/read`) return batch(exchange, object);
    if (call === "POST /crm/associations/V/deals/contacts/batch/read") return associations(exchange);
    return refuse(exchange, 404, "OBJECT_NOT_FOUND", "there is no such path");
  };

  return {
    platform: "hubspot",
    answer,
    world,
    /** Switches for what may happen to a key. */
    state,
  } satisfies SandboxPlatform<"hubspot"> & Record<string, unknown>;
};

/** A section of `sources` that points at the sandbox. */
export const hubspotSandboxSettings = (url: string): Readonly<Record<string, unknown>> => ({
  type: "hubspot",
  token: hubspotToken,
  endpoints: { api: url },
});
