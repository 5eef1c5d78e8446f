import * as z from "zod";
import { createPageGuard } from "../../connectors/wire/paging.ts";
import { Failure } from "../../domain/failure.ts";
import { queryTimeout, type SalesforceClient, staleLocator } from "./client.ts";

/** A record by names of fields, text all the way; what is empty is absent. `RecordType.DeveloperName` is one name. */
export type SalesforceRecord = Readonly<Record<string, string>>;

const plain = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value).trim() || undefined
    : undefined;

const recordShape = z.record(z.string(), z.unknown()).transform((fields): SalesforceRecord => {
  const record: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    const own = plain(value);
    if (own !== undefined) record[name] = own;
    else if (typeof value === "object" && value !== null && name !== "attributes")
      for (const [inner, of] of Object.entries(value)) {
        const text = plain(of);
        if (text !== undefined) record[`${name}.${inner}`] = text;
      }
  }
  return record;
});

const pageShape = z.object({
  done: z.boolean(),
  nextRecordsUrl: z.string().nullish(),
  records: z.array(recordShape),
});

/** Of what Salesforce names only the path is taken: the token goes to no other host than the org's. */
const pathOf = (next: string, object: string): string => {
  const url = URL.canParse(next, "https://instance") ? new URL(next, "https://instance") : undefined;
  if (url?.pathname.startsWith("/services/data/") === true) return `${url.pathname}${url.search}`;
  throw new Failure({
    kind: "data",
    message: `Salesforce ${object}: the next page is at no path of the API`,
    remedy: "report it to costper",
  });
};

/** All pages of a query, also of what was deleted or merged ("QueryAll"). @throws Failure */
async function* queryPages(
  client: SalesforceClient,
  query: { readonly object: string; readonly soql: string; readonly signal: AbortSignal },
): AsyncGenerator<readonly SalesforceRecord[]> {
  const { object, soql, signal } = query;
  const guard = createPageGuard({ what: `Salesforce ${object}`, mostPages: 1_000_000 });
  for (let path = `/queryAll?${new URLSearchParams({ q: soql }).toString()}`; ;) {
    const { done, nextRecordsUrl, records } = await client.get(path, pageShape, signal);
    guard.check(
      records.map((record) => record["Id"] ?? record),
      nextRecordsUrl ?? undefined,
    );
    yield records;
    if (done) return;
    if (nextRecordsUrl == null)
      throw new Failure({
        kind: "data",
        message: `Salesforce ${object}: there is more, and no page after this one`,
        remedy: "try again later; if it stays, report it to costper",
      });
    path = pathOf(nextRecordsUrl, object);
  }
}

const codeOf = (error: unknown): string | undefined => (error instanceof Failure ? error.code : undefined);

/** Instants of SOQL are whole seconds. */
const literal = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Nothing in Salesforce is older, and a window this short is halved no more. */
const firstMs = Date.parse("1999-01-01T00:00:00Z");
const leastMs = 60_000;
const secondMs = 1_000;

export interface ChangeQuery {
  readonly object: "Lead" | "Opportunity";
  readonly fields: readonly string[];
  /** By SystemModstamp; absent bounds: all there is. What is there until now must come from a whole read, too. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/**
 * Records in the order of their change; a window that takes Salesforce too long is halved, and a locator that ended
 * goes on from the last change. Some come twice then.
 * @throws Failure
 */
export async function* changedRecords(
  client: SalesforceClient,
  { object, fields, from, to, now, signal }: ChangeQuery,
): AsyncGenerator<readonly SalesforceRecord[]> {
  const pending: { from: number | undefined; to: number | undefined }[] = [
    { from: from?.getTime(), to: to === undefined ? undefined : to.getTime() + secondMs },
  ];
  for (let slice = pending.pop(); slice !== undefined; slice = pending.pop()) {
    const bounds = [
      ...(slice.from === undefined ? [] : [`SystemModstamp >= ${literal(slice.from)}`]),
      ...(slice.to === undefined ? [] : [`SystemModstamp < ${literal(slice.to)}`]),
    ];
    const soql = `SELECT ${fields.join(", ")} FROM ${object}${bounds.length === 0 ? "" : ` WHERE ${bounds.join(" AND ")}`} ORDER BY SystemModstamp, Id`;
    let reached = slice.from ?? firstMs;
    try {
      for await (const page of queryPages(client, { object, soql, signal })) {
        yield page;
        reached = Math.max(reached, Date.parse(page.at(-1)?.["SystemModstamp"] ?? "") || reached);
      }
    } catch (error) {
      const end = slice.to ?? now.getTime();
      const middle = Math.floor((reached + end) / 2 / secondMs) * secondMs;
      if (codeOf(error) === staleLocator && reached > (slice.from ?? firstMs))
        pending.push({ from: reached, to: slice.to });
      else if (codeOf(error) === queryTimeout && end - reached > leastMs)
        pending.push({ from: middle, to: slice.to }, { from: reached, to: middle });
      else throw passingOf(error);
    }
  }
}

/** What whoever sent a query could not mend passes, perhaps, by the next attempt. */
const passingOf = (error: unknown): unknown => {
  const code = codeOf(error);
  if (!(error instanceof Failure) || (code !== staleLocator && code !== queryTimeout)) return error;
  const { message } = error;
  return new Failure({ kind: "transient", code, message, remedy: "it is tried again", cause: error });
};

/** So many ids fit into the address of a request, of which Salesforce takes some 16,000 characters. */
const idsAtOnce = 400;
const isId = /^[a-zA-Z0-9]{15,18}$/;

/** Records of an object that belong to some ids, by these. @throws Failure */
export const recordsOf = async (
  client: SalesforceClient,
  query: {
    readonly object: string;
    readonly fields: readonly string[];
    /** The field that holds the id that they belong to. */
    readonly by: string;
    readonly ids: readonly string[];
    readonly where?: string;
    readonly orderBy: string;
    readonly signal: AbortSignal;
  },
): Promise<ReadonlyMap<string, readonly SalesforceRecord[]>> => {
  const { object, fields, by, where, orderBy, signal } = query;
  const ids = query.ids.filter((id) => isId.test(id));
  const found = new Map<string, SalesforceRecord[]>();
  for (let start = 0; start < ids.length; start += idsAtOnce) {
    const listed = ids
      .slice(start, start + idsAtOnce)
      .map((id) => `'${id}'`)
      .join(",");
    const soql = `SELECT ${fields.join(", ")} FROM ${object} WHERE ${where === undefined ? "" : `${where} AND `}${by} IN (${listed}) ORDER BY ${orderBy}`;
    try {
      for await (const page of queryPages(client, { object, soql, signal }))
        for (const record of page) {
          const id = record[by] ?? "";
          const own = found.get(id);
          if (own === undefined) found.set(id, [record]);
          else own.push(record);
        }
    } catch (error) {
      throw passingOf(error);
    }
  }
  return found;
};

const deletedShape = z.object({
  deletedRecords: z.array(z.object({ id: z.string() })).default([]),
  earliestDateAvailable: z.string().nullish(),
});

/** Salesforce refuses a start that lies further back ("sObject Get Deleted"). */
const logDays = 30;

/**
 * Ids of what was deleted in a window: what left the recycle bin is in no query any more. Undefined: the log does not
 * reach back so far.
 */
export const deletedIds = async (
  client: SalesforceClient,
  { object, from, to, signal }: ChangeQuery & { readonly from: Date; readonly to: Date },
): Promise<readonly string[] | undefined> => {
  if (to.getTime() - from.getTime() > logDays * 86_400_000) return undefined;
  const span = new URLSearchParams({ start: literal(from.getTime()), end: literal(to.getTime()) });
  try {
    const { deletedRecords, earliestDateAvailable } = await client.get(
      `/sobjects/${object}/deleted/?${span.toString()}`,
      deletedShape,
      signal,
    );
    const earliest = Date.parse(earliestDateAvailable ?? "");
    return earliest > from.getTime() ? undefined : deletedRecords.map(({ id }) => id);
  } catch (error) {
    if (codeOf(error) === "INVALID_REPLICATION_DATE") return undefined;
    throw error;
  }
};
