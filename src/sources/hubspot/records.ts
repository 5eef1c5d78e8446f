import * as z from "zod";
import { createPageGuard } from "../../connectors/wire/paging.ts";
import { Failure } from "../../domain/failure.ts";
import type { HubspotClient } from "./client.ts";

const text = z.union([z.string(), z.number().transform(String), z.boolean().transform(String)]);

/** An instant in UTC; undefined where there is none. @throws Failure `data` */
export const utc = (written: string | null | undefined): string | undefined => {
  if (written == null || written === "") return undefined;
  // Dates of properties are text, some of them epoch ms.
  const at = new Date(/^\d{12,}$/.test(written) ? Number(written) : written);
  if (!Number.isNaN(at.getTime())) return at.toISOString();
  throw new Failure({
    kind: "data",
    message: "HubSpot: a date of a record is none",
    remedy: "report it to costper",
  });
};

const pastValue = z.object({ value: text.nullable(), timestamp: z.string() });

/** The past of a property, the newest value first, however it came: nothing promises an order. */
const history = z.array(pastValue).transform((came) => {
  const at = ({ timestamp }: z.infer<typeof pastValue>): string => utc(timestamp) ?? "";
  const [first, last] = [came[0], came.at(-1)];
  // Of values of one instant the later one stays the later.
  const from = first && last && at(first) < at(last) ? came.toReversed() : came;
  return from.toSorted((one, other) => at(other).localeCompare(at(one)));
});

/** A record as it comes; only what was asked for is in it, and only this is read of it. */
const recordShape = z.object({
  id: text,
  createdAt: z.string(),
  updatedAt: z.string(),
  archived: z.boolean().default(false),
  properties: z.record(z.string(), text.nullable()).default({}),
  propertiesWithHistory: z.record(z.string(), history).nullish(),
  associations: z
    .object({ contacts: z.object({ results: z.array(z.object({ id: text })) }).nullish() })
    .nullish(),
});

export type HubspotRecord = z.infer<typeof recordShape>;

const pageShape = z.object({
  results: z.array(recordShape),
  paging: z.object({ next: z.object({ after: text }).nullish() }).nullish(),
});

const idPageShape = z.object({
  results: z.array(z.object({ id: text, properties: z.record(z.string(), text.nullable()).default({}) })),
  paging: z.object({ next: z.object({ after: text }).nullish() }).nullish(),
});

const associationShape = z.object({
  results: z.array(
    z.object({
      from: z.object({ id: text }),
      to: z.array(z.object({ toObjectId: text.optional(), id: text.optional() })),
    }),
  ),
});

export interface RecordQuery {
  readonly object: "contacts" | "deals";
  readonly apiVersion: string;
  readonly properties: readonly string[];
  readonly histories: readonly string[];
  readonly signal: AbortSignal;
}

const historyPage = 50;
const archivedPage = 100;
const searchPage = 200;

/** Every record, page by page; with histories a page holds fewer. */
export async function* listRecords(
  client: HubspotClient,
  query: RecordQuery,
  archived: boolean,
): AsyncGenerator<readonly HubspotRecord[]> {
  const guard = createPageGuard({ what: `HubSpot ${query.object}`, mostPages: 1_000_000 });
  for (let after: string | undefined; ;) {
    const parameters = new URLSearchParams({
      limit: String(archived ? archivedPage : historyPage),
      properties: query.properties.join(","),
      ...(archived ? { archived: "true" } : { propertiesWithHistory: query.histories.join(",") }),
      ...(query.object === "deals" && !archived ? { associations: "contacts" } : {}),
      ...(after === undefined ? {} : { after }),
    });
    const page = await client.get(
      `/crm/objects/${query.apiVersion}/${query.object}?${parameters.toString()}`,
      pageShape,
      query.signal,
    );
    after = page.paging?.next?.after;
    guard.check(
      page.results.map(({ id }) => id),
      after,
    );
    yield page.results;
    if (after === undefined) return;
  }
}

interface Filter {
  readonly propertyName: string;
  readonly operator: "BETWEEN" | "EQ" | "GT";
  readonly value: string;
  readonly highValue?: string;
}

/**
 * Ids of what changed in a window, oldest change first, however many they are. Each page begins at the last change of
 * the one before rather than at its number: a record that is edited meanwhile goes to the end, and would draw another
 * one over the edge of a page that was read.
 */
async function* changedIds(
  client: HubspotClient,
  query: RecordQuery,
  window: { readonly from: Date; readonly to: Date },
): AsyncGenerator<readonly string[]> {
  const modified = query.object === "contacts" ? "lastmodifieddate" : "hs_lastmodifieddate";
  const search = async (filters: readonly Filter[], sort: string) => {
    const { results, paging } = await client.post(
      `/crm/objects/${query.apiVersion}/${query.object}/search`,
      { filterGroups: [{ filters }], sorts: [sort], limit: searchPage, after: "0", properties: [modified] },
      idPageShape,
      query.signal,
    );
    return { results, isLast: paging?.next == null || results.length === 0 };
  };
  const instantOf = (properties: Readonly<Record<string, string | null>>): number => {
    const at = Date.parse(properties[modified] ?? "");
    if (Number.isFinite(at)) return at;
    throw new Failure({
      kind: "data",
      message: `HubSpot ${query.object}: a record has no ${modified}`,
      remedy: "report it to costper",
    });
  };
  const to = String(window.to.getTime());
  let floor = window.from.getTime();
  let seen = new Set<string>();
  for (;;) {
    const { results: page, isLast } = await search(
      [{ propertyName: modified, operator: "BETWEEN", value: String(floor), highValue: to }],
      modified,
    );
    yield page.map(({ id }) => id).filter((id) => !seen.has(id));
    if (isLast) return;
    const last = Math.max(...page.map(({ properties }) => instantOf(properties)));
    if (last > floor) {
      seen = new Set(page.filter(({ properties }) => instantOf(properties) === last).map(({ id }) => id));
      floor = last;
      continue;
    }
    // More at one instant than a page holds: an import. They are paged by their ids.
    for (let highest = "0"; ;) {
      const { results } = await search(
        [
          { propertyName: modified, operator: "EQ", value: String(floor) },
          { propertyName: "hs_object_id", operator: "GT", value: highest },
        ],
        "hs_object_id",
      );
      const ids = results.map(({ id }) => id);
      if (ids.length === 0) break;
      if (ids.at(-1) === highest)
        throw new Failure({
          kind: "data",
          message: `HubSpot ${query.object}: a search does not go on`,
          remedy: "try again later",
        });
      highest = ids.at(-1) ?? highest;
      yield ids;
    }
    floor += 1;
    seen = new Set();
  }
}

/** What changed in a window, with histories and, of deals, their contacts: a search gives neither. */
export async function* changedRecords(
  client: HubspotClient,
  query: RecordQuery,
  window: { readonly from: Date; readonly to: Date },
): AsyncGenerator<readonly HubspotRecord[]> {
  for await (const ids of changedIds(client, query, window))
    for (let start = 0; start < ids.length; start += historyPage) {
      const inputs = ids.slice(start, start + historyPage).map((id) => ({ id }));
      const { results } = await client.post(
        `/crm/objects/${query.apiVersion}/${query.object}/batch/read`,
        { inputs, properties: query.properties, propertiesWithHistory: query.histories },
        pageShape,
        query.signal,
      );
      if (query.object === "contacts") yield results;
      else {
        const linked = await client.post(
          `/crm/associations/${query.apiVersion}/deals/contacts/batch/read`,
          { inputs },
          associationShape,
          query.signal,
        );
        const contacts = new Map(
          linked.results.map(({ from, to }) => [
            from.id,
            to.map(({ toObjectId, id }) => ({ id: toObjectId ?? id ?? "" })).filter(({ id }) => id !== ""),
          ]),
        );
        yield results.map((record) => ({
          ...record,
          associations: { contacts: { results: contacts.get(record.id) ?? [] } },
        }));
      }
    }
}
