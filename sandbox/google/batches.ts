import { type Day, eachDay } from "../../src/domain/day.ts";
import { shuffled } from "../pattern.ts";
import { clickRows } from "./clicks.ts";
import { type Figures, weekdayOf } from "./figures.ts";
import type { ParsedQuery } from "./gaql.ts";
import { dayRows, entityRows, fieldMask } from "./rows.ts";
import type { SandboxAccount } from "./world.ts";

/** How an answer is written. */
export interface Writing {
  readonly requestId: string;
  /** Over many lines, as Google does unless it is asked not to. */
  readonly indented: boolean;
}

/** The elements of a searchStream answer, as JSON text in bytes; their rows are in no order. */
export type Batches = Iterable<Buffer>;

const chunked = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );

// As long as a real day, so that the real one can be written over it.
const dayPlaceholder = "0000-00-00";

interface Template {
  readonly bytes: Buffer;
  readonly days: readonly number[];
}

const templateOf = (text: string): Template => {
  const bytes = Buffer.from(text);
  const days: number[] = [];
  for (let at = bytes.indexOf(dayPlaceholder); at >= 0; at = bytes.indexOf(dayPlaceholder, at + 10))
    days.push(at);
  return { bytes, days };
};

const withDay = ({ bytes, days }: Template, day: Day): Buffer => {
  const copy = Buffer.from(bytes);
  for (const at of days) copy.write(day, at, "latin1");
  return copy;
};

export interface BatchOptions {
  readonly world: readonly SandboxAccount[];
  readonly figures: Figures;
  readonly batchRows: number;
}

export const createBatches = ({ world, figures, batchRows }: BatchOptions) => {
  // The large account repeats by weekday, so its answers are serialised once and then only dated.
  const templates = new Map<string, readonly Template[]>();

  const text = (query: ParsedQuery, rows: readonly object[], { requestId, indented }: Writing): string =>
    JSON.stringify(
      { results: rows, fieldMask: fieldMask(query.fields), requestId },
      null,
      indented ? 2 : undefined,
    );

  const bulkDay = (
    query: ParsedQuery,
    account: SandboxAccount,
    day: Day,
    today: Day,
    indented: boolean,
  ): Buffer[] => {
    if (day > today) return [];
    const key = [query.resource, query.fields.join(), query.omitNames, indented, weekdayOf(day)].join(" ");
    let known = templates.get(key);
    if (!known) {
      const rows = shuffled(dayRows(query, account, dayPlaceholder, figures(account, day, today)), key);
      known = chunked(rows, 10_000).map((part) =>
        templateOf(text(query, part, { requestId: "sandbox-bulk", indented })),
      );
      templates.set(key, known);
    }
    return known.map((template) => withDay(template, day));
  };

  const bulk = function* (
    query: ParsedQuery,
    account: SandboxAccount,
    days: readonly Day[],
    today: Day,
    indented: boolean,
  ) {
    for (const day of days) yield* bulkDay(query, account, day, today, indented);
  };

  return (query: ParsedQuery, customerId: string, today: Day, writing: Writing): Batches => {
    const { requestId, indented } = writing;
    const account = world.find(({ id }) => id === customerId);
    const clicks = query.resource === "click_view";
    if (query.dates && account?.bulk && !clicks)
      return bulk(query, account, shuffled(eachDay(query.dates), requestId), today, indented);
    const rows =
      query.dates && account
        ? eachDay(query.dates).flatMap((day) => {
            const leaves = figures(account, day, today);
            return clicks ? clickRows(account, day, leaves) : dayRows(query, account, day, leaves);
          })
        : query.dates
          ? []
          : entityRows(query, customerId, world);
    const parts = chunked(shuffled(rows, requestId), batchRows);
    return parts.map((part) => Buffer.from(text(query, part, writing)));
  };
};
