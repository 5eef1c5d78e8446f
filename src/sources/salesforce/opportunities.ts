import { noonOf } from "../../domain/day.ts";
import type { CrmDeal } from "../crm/deals.ts";
import { type FieldOf, meets } from "../crm/settings.ts";
import type { SalesforceClient } from "./client.ts";
import { utc } from "./leads.ts";
import { queryFields, type SeenObject, type WantedField } from "./org.ts";
import { recordsOf, type SalesforceRecord } from "./query.ts";
import type { SalesforceSettings } from "./type.ts";

export type OpportunitySettings = Exclude<SalesforceSettings["conversions"], false>;

const standing = ["Id", "IsDeleted", "SystemModstamp"] as const;
// CurrencyIsoCode is there where an org has several currencies; one column too many refuses the whole query.
const optional = ["CloseDate", "Amount", "CurrencyIsoCode", "LastStageChangeDate"] as const;
const recordType = "RecordType.DeveloperName";

export const wantedOpportunityFields = (
  settings: OpportunitySettings,
  outbound: SalesforceSettings["outbound"],
): readonly WantedField[] => [
  ["StageName", "conversions"],
  ["IsWon", "conversions"],
  ...(settings.orderId === undefined ? [] : [[settings.orderId, "conversions.orderId"] as const]),
  ...(settings.pipelines === undefined ? [] : [["RecordTypeId", "conversions.pipelines"] as const]),
  ...settings.where.map(({ field }, index) => [field, `conversions.where[${String(index)}].field`] as const),
  ...(outbound?.count === "deals" ? [[outbound.field, "outbound.field"] as const] : []),
];

export const opportunityQueryFields = (
  wanted: readonly WantedField[],
  seen: SeenObject,
): readonly string[] => [
  ...queryFields(seen, standing, [...wanted.map(([name]) => name), ...optional]),
  ...(wanted.some(([name]) => name === "RecordTypeId") ? [recordType] : []),
];

/** When opportunities entered the stage that they have now, of those whose own field does not say. */
const enteredAt = async (
  client: SalesforceClient,
  won: readonly SalesforceRecord[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> => {
  const silent = won.filter(({ LastStageChangeDate }) => utc(LastStageChangeDate) === undefined);
  if (silent.length === 0) return new Map();
  const changes = await recordsOf(client, {
    object: "OpportunityHistory",
    fields: ["OpportunityId", "StageName", "CreatedDate"],
    by: "OpportunityId",
    ids: silent.map(({ Id = "" }) => Id),
    orderBy: "CreatedDate, Id",
    signal,
  });
  return new Map(
    silent.flatMap(({ Id = "", StageName }) => {
      let since: string | undefined;
      // A change of the amount or the close date is a row, too, with the stage of then.
      for (const change of (changes.get(Id) ?? []).toReversed()) {
        if (change["StageName"] !== StageName) break;
        since = utc(change["CreatedDate"]);
      }
      return since === undefined ? [] : [[Id, since] as const];
    }),
  );
};

/** Ids of the leads that were converted into opportunities. */
const leadsOf = (
  client: SalesforceClient,
  won: readonly SalesforceRecord[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly SalesforceRecord[]>> =>
  recordsOf(client, {
    object: "Lead",
    fields: ["Id", "ConvertedOpportunityId"],
    by: "ConvertedOpportunityId",
    ids: won.map(({ Id = "" }) => Id),
    orderBy: "CreatedDate, Id",
    signal,
  });

/** Opportunities as the books have them now: won, or not (any more), or not asked for. */
export const dealsOf = async (
  page: readonly SalesforceRecord[],
  options: {
    readonly client: SalesforceClient;
    readonly settings: OpportunitySettings;
    readonly outbound: SalesforceSettings["outbound"];
    readonly seen: SeenObject;
    readonly timeZone: string;
    readonly signal: AbortSignal;
  },
): Promise<readonly CrmDeal[]> => {
  const { client, settings, outbound, seen, timeZone, signal } = options;
  const fieldOf =
    (record: SalesforceRecord): FieldOf =>
    (name) =>
      record[seen.named(name) ?? name];
  const isWon = (record: SalesforceRecord): boolean =>
    record["IsWon"] === "true" &&
    record["IsDeleted"] !== "true" &&
    settings.pipelines?.includes(record[recordType] ?? "") !== false &&
    meets(settings.where, fieldOf(record));
  const won = page.filter(isWon);
  const entered = await enteredAt(client, won, signal);
  const leads = await leadsOf(client, won, signal);
  return page.map((record): CrmDeal => {
    const { Id: id = "", LastStageChangeDate, CloseDate, Amount, CurrencyIsoCode } = record;
    const valueOf = fieldOf(record);
    if (!isWon(record)) return { id, won: null, leads: [], isOutbound: false };
    const closed = CloseDate === undefined ? undefined : noonOf(CloseDate, timeZone).toISOString();
    return {
      id,
      won: {
        at: utc(LastStageChangeDate) ?? entered.get(id) ?? closed,
        amount: Amount,
        currency: CurrencyIsoCode ?? settings.currency,
        order: settings.orderId === undefined ? undefined : valueOf(settings.orderId),
      },
      leads: (leads.get(id) ?? []).map(({ Id = "" }) => Id),
      isOutbound: outbound?.count === "deals" && outbound.in.includes(valueOf(outbound.field) ?? ""),
    };
  });
};
