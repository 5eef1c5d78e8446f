import type { Exchange, SandboxPlatform } from "../server.ts";
import { parseSoql, select } from "./soql.ts";
import { createOrg, type ObjectName, type Org, type SObject } from "./world.ts";

export { idOf, plantedLead } from "./world.ts";

export const salesforceSecret = "sandbox-salesforce-client-secret";
const clientId = "3MVG9sandbox.consumer.key";

/** Values of a lead's Status, the first of them the default. */
const statuses = ["Open", "Working", "Qualified", "Junk", "Converted"] as const;

const leadFields = [
  "Id",
  "IsDeleted",
  "MasterRecordId",
  "CreatedDate",
  "SystemModstamp",
  "Status",
  "LeadSource",
  "IsConverted",
  "ConvertedDate",
  "ConvertedContactId",
  "ConvertedOpportunityId",
  "FirstName",
  "LastName",
  "Email",
  "Phone",
  "Street",
  "Company",
  "GCLID__c",
  "UTM_Id__c",
  "Landing_Page__c",
  "Score__c",
] as const;
const opportunityFields = [
  "Id",
  "IsDeleted",
  "CreatedDate",
  "SystemModstamp",
  "Name",
  "StageName",
  "IsWon",
  "IsClosed",
  "CloseDate",
  "Amount",
  "LastStageChangeDate",
  "RecordTypeId",
  "RecordType.DeveloperName",
  "Type",
  "Invoice__c",
] as const;

export interface SalesforceSandboxOptions {
  readonly org?: Org;
  /** Labels of Status in the place of its API names. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Salesforce's REST API: a sign-in by client credentials, SOQL in pages, describes, the log of what was deleted. */
export const createSalesforceSandbox = ({
  org = createOrg(),
  labels = {},
}: SalesforceSandboxOptions = {}) => {
  const state = {
    /** Where the org's data are; undefined: where the sign-in is. */
    instanceUrl: undefined as string | undefined,
    isRevoked: false,
    seesNothing: false,
    /** Lasts so many requests; then it has ended. */
    requestsPerToken: Number.POSITIVE_INFINITY,
    pageSize: 2_000,
    /** A query by change that goes through more records takes too long. */
    mostRows: Number.POSITIVE_INFINITY,
    used: 18,
    hasHistory: true,
    /** Several currencies: CurrencyIsoCode is a field then. */
    hasCurrencies: false,
    /** Fields that the run-as user may not read. */
    hidden: [] as readonly string[],
    /** Hidden between the describe and the query. */
    hiddenFromQueries: [] as readonly string[],
    logSince: "2000-01-01T00:00:00.000+0000",
    losesLocators: false,
  };
  const tokens = new Map<string, number>();
  const locators = new Map<
    string,
    { readonly rows: readonly SObject[]; readonly fields: readonly string[] }
  >();
  const asked: string[] = [];

  const refuse = (exchange: Exchange, status: number, errorCode: string, message = "refused"): void =>
    exchange.json(status, [{ errorCode, message }]);

  const ok = (exchange: Exchange, body: unknown): void =>
    exchange.json(200, body, { "sforce-limit-info": `api-usage=${String(state.used)}/100000` });

  const fieldsOf = (object: string): readonly string[] | undefined =>
    ({
      Lead: [...leadFields],
      Opportunity: [...opportunityFields, ...(state.hasCurrencies ? ["CurrencyIsoCode"] : [])],
      ...(state.hasHistory
        ? { LeadHistory: ["Id", "LeadId", "Field", "OldValue", "NewValue", "CreatedDate"] }
        : {}),
      OpportunityHistory: ["Id", "OpportunityId", "StageName", "CreatedDate"],
      Organization: ["Id", "TimeZoneSidKey"],
    })[object]?.filter((field) => !state.hidden.includes(field));

  const rowsOf = (object: string, all: boolean): Iterable<SObject> => {
    if (object === "Organization") return [{ Id: "00D5f000000AbCdEAK", TimeZoneSidKey: "Europe/Copenhagen" }];
    if (state.seesNothing && (object === "Lead" || object === "Opportunity")) return [];
    return [...org.tables[object as ObjectName].values()].filter(
      ({ IsDeleted }) => all || IsDeleted !== true,
    );
  };

  const written = (object: string, record: SObject, fields: readonly string[]) => ({
    attributes: { type: object, url: `/services/data/v67.0/sobjects/${object}/${String(record["Id"])}` },
    ...Object.fromEntries(
      fields.map((field) => {
        const [outer = "", inner] = field.split(".");
        return inner === undefined
          ? [field, record[field] ?? null]
          : [outer, { attributes: { type: outer }, [inner]: record[field] ?? null }];
      }),
    ),
  });

  const page = (exchange: Exchange, locator: string, start: number): void => {
    const held = locators.get(locator);
    if (held === undefined || (state.losesLocators && start > 0)) {
      state.losesLocators = false;
      return refuse(exchange, 400, "INVALID_QUERY_LOCATOR", "invalid query locator");
    }
    const end = start + state.pageSize;
    const object = locator.split("-")[0] ?? "";
    ok(exchange, {
      totalSize: held.rows.length,
      done: end >= held.rows.length,
      ...(end < held.rows.length
        ? { nextRecordsUrl: `/services/data/v67.0/query/${locator}-${String(end)}` }
        : {}),
      records: held.rows.slice(start, end).map((record) => written(object, record, held.fields)),
    });
  };

  const query = (exchange: Exchange, all: boolean): void => {
    const text = new URLSearchParams(exchange.rawQuery).get("q") ?? "";
    asked.push(text);
    const soql = parseSoql(text);
    if (soql === undefined) return refuse(exchange, 400, "MALFORMED_QUERY", text);
    const known = fieldsOf(soql.object);
    if (known === undefined)
      return refuse(exchange, 400, "INVALID_TYPE", `sObject type '${soql.object}' is not supported.`);
    const named = [...soql.fields, ...soql.conditions.map(({ field }) => field), ...soql.order];
    const wrong = named.find((field) => !known.includes(field) || state.hiddenFromQueries.includes(field));
    if (wrong !== undefined)
      return refuse(
        exchange,
        400,
        "INVALID_FIELD",
        `\n${text}\n^\nERROR at Row:1:Column:9\nNo such column '${wrong}' on entity '${soql.object}'.`,
      );
    const rows = select(rowsOf(soql.object, all), soql);
    if (soql.order.includes("SystemModstamp") && rows.length > state.mostRows)
      return refuse(exchange, 400, "QUERY_TIMEOUT", "Your query request was running for too long.");
    const locator = `${soql.object}-01g${String(locators.size)}`;
    locators.set(locator, { rows, fields: soql.fields });
    page(exchange, locator, 0);
  };

  const describe = (exchange: Exchange, object: string): void => {
    const fields = fieldsOf(object);
    if (fields === undefined) return refuse(exchange, 404, "NOT_FOUND");
    ok(exchange, {
      name: object,
      fields: fields
        .filter((name) => !name.includes("."))
        .map((name) => ({
          name,
          label: name,
          picklistValues:
            name === "Status"
              ? statuses.map((value, place) => ({
                  value,
                  label: labels[value] ?? value,
                  defaultValue: place === 0,
                }))
              : [],
        })),
    });
  };

  const deleted = (exchange: Exchange, object: string): void => {
    const query = new URLSearchParams(exchange.rawQuery);
    const [start, end] = [Date.parse(query.get("start") ?? ""), Date.parse(query.get("end") ?? "")];
    ok(exchange, {
      deletedRecords: org.deletions
        .filter((one) => one.object === object && Date.parse(one.at) >= start && Date.parse(one.at) < end)
        .map(({ id, at }) => ({ id, deletedDate: at })),
      earliestDateAvailable: state.logSince,
      latestDateCovered: query.get("end"),
    });
  };

  const signIn = (exchange: Exchange): void => {
    const form = new URLSearchParams(exchange.body);
    const isRight =
      form.get("grant_type") === "client_credentials" &&
      form.get("client_id") === clientId &&
      form.get("client_secret") === salesforceSecret;
    if (!isRight || state.isRevoked)
      return exchange.json(400, { error: "invalid_client", error_description: "invalid client credentials" });
    const token = `00D5f000000AbCd!AR8AQ.sandbox${String(tokens.size)}`;
    tokens.set(token, 0);
    exchange.json(200, {
      access_token: token,
      instance_url: state.instanceUrl ?? `http://${String(exchange.headers.host)}`,
      id: "https://login.salesforce.com/id/00D5f000000AbCdEAK/0055f000001",
      token_type: "Bearer",
      issued_at: "1795656600000",
    });
  };

  return {
    platform: "salesforce",
    org,
    /** Switches for what may happen to an org and its user. */
    state,
    /** Every query so far. */
    asked,
    answer: (exchange: Exchange): void => {
      const { method, path, headers } = exchange;
      if (method === "POST" && path === "/services/oauth2/token") return signIn(exchange);
      const token = headers.authorization?.replace("Bearer ", "") ?? "";
      const requests = tokens.get(token);
      if (requests === undefined || requests >= state.requestsPerToken || state.isRevoked)
        return refuse(exchange, 401, "INVALID_SESSION_ID", "Session expired or invalid");
      tokens.set(token, requests + 1);
      const [, version, rest = ""] = /^\/services\/data\/v(\d+)\.0\/(.*)$/.exec(path) ?? [];
      if (Number(version) > 67 || version === undefined) return refuse(exchange, 404, "NOT_FOUND");
      const [, locator, start] = /^query\/(.+)-(\d+)$/.exec(rest) ?? [];
      if (locator !== undefined) return page(exchange, locator, Number(start));
      if (rest === "query" || rest === "queryAll") return query(exchange, rest === "queryAll");
      const [, object = "", what] = /^sobjects\/(\w+)\/(describe|deleted\/)$/.exec(rest) ?? [];
      if (what === "describe") return describe(exchange, object);
      if (what === "deleted/") return deleted(exchange, object);
      refuse(exchange, 404, "NOT_FOUND");
    },
  } satisfies SandboxPlatform<"salesforce"> & Record<string, unknown>;
};

/** A section of `sources` that points at the sandbox. */
export const salesforceSandboxSettings = (url: string): Readonly<Record<string, unknown>> => ({
  type: "salesforce",
  domain: "sandbox",
  clientId,
  clientSecret: salesforceSecret,
  endpoints: { login: url },
});
