import type pg from "pg";
import type { BreakdownName } from "../../domain/breakdown.ts";
import { compareDays } from "./compare-days.ts";
import { type Copy, leadingColumns, openCopy, type Place } from "./copy.ts";
import {
  accountDaily,
  adDaily,
  campaignConversionDaily,
  campaignDaily,
  comparedTables,
  conversionDaily,
  type FactTable,
  networkConversionDaily,
  networkDaily,
  type Part,
  tablesOf,
} from "./fact-tables.ts";
import type { StreamPrint } from "./fingerprint.ts";
import type { HeldRows } from "./held-rows.ts";
import type { KnownWindow, SliceWindow } from "./known-window.ts";
import { watchRepeats } from "./repeats.ts";

export interface Staging extends SliceWindow {
  readonly client: pg.PoolClient;
  readonly known: KnownWindow;
  /** Ad and conversion rows go straight into the empty warehouse range rather than beside it. */
  readonly direct: boolean;
  /** The breakdowns that this slice brought, in their order. */
  readonly breakdowns: BreakdownName[];
  /** Of each stream that went through: what it brought, added up by table and day. */
  readonly prints: StreamPrint[];
  /** Rows that were read and are in no table yet. */
  readonly held: HeldRows[];
  /** Tables in which a key may have been staged twice. */
  readonly repeated: Set<FactTable>;
  /** The days of which only rows that differ were staged; all others stay as they are published. */
  readonly compared: Map<FactTable, readonly string[]>;
  /** Days with a figure that cannot be stored, each with what it is: they fail, their neighbours do not. */
  readonly unfit: Map<string, string>;
  /** Told of every batch, for the progress display. */
  readonly onRows: (rows: number) => void;
}

/** Copies what a table has of these days, from whichever of the sources has it. */
const stageTable = async (
  { client, sliceId, accountKey, pull, repeated }: Staging,
  table: FactTable,
  sources: readonly (readonly [rows: HeldRows, days: readonly string[]])[],
): Promise<void> => {
  const place: Place = { schema: "staging", sliceId, accountKey };
  let copy: Copy | undefined;
  try {
    for (const [rows, days] of sources)
      for (const date of days) {
        const watch = watchRepeats(table, leadingColumns);
        for await (const bytes of rows.read(table, date)) {
          copy ??= openCopy(client, table, place, pull.signal);
          watch.see(bytes);
          await copy.write(bytes);
        }
        if (watch.mayRepeat) repeated.add(table);
      }
    await copy?.end();
  } catch (error) {
    await copy?.abort(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
};

/**
 * Copies the held rows of the days into staging: of each part those days that are named for it. What is named twice
 * would be there twice. Of large days only the rows that differ from the published ones go there.
 */
export const stageHeld = async (
  staging: Staging,
  days: ReadonlyMap<Part, readonly string[]>,
): Promise<void> => {
  const { sliceId, accountKey, held, direct, pull } = staging;
  const place: Place = { schema: "staging", sliceId, accountKey };
  const compared = await compareDays({ ...staging, place, signal: pull.signal }, direct ? new Map() : days);
  try {
    for (const table of stagedTables(staging)) {
      const apart = compared.days.get(table) ?? [];
      const whole = (days.get(table.part) ?? []).filter((date) => !apart.includes(date));
      await stageTable(staging, table, [
        [compared.rows, apart],
        ...held.map((rows) => [rows, whole] as const),
      ]);
      staging.compared.set(table, [...(staging.compared.get(table) ?? []), ...apart]);
    }
    for (const { replaced, part } of comparedTables)
      await stageTable(staging, replaced, [[compared.rows, days.get(part) ?? []]]);
  } finally {
    await compared.rows.drop();
  }
};

const stagedTables = ({ breakdowns }: Staging): readonly FactTable[] => [
  adDaily,
  conversionDaily,
  networkDaily,
  networkConversionDaily,
  campaignDaily,
  campaignConversionDaily,
  accountDaily,
  ...tablesOf(...breakdowns),
];

/** Leaves nothing of the slice in staging. */
export const clearStaging = async (staging: Staging): Promise<void> => {
  const { client, sliceId, accountKey } = staging;
  const tables = [
    ...stagedTables(staging).map(({ name }) => name),
    ...comparedTables.map(({ replaced }) => replaced.name),
    "delivery_part",
    "outcome_part",
  ];
  const [last, ...rest] = tables.map(
    (name) => `delete from staging.${name} where slice_id = $1 and account_key = $2`,
  );
  await client.query(
    `with ${rest.map((statement, index) => `t${String(index)} as (${statement})`).join(", ")} ${last ?? ""}`,
    [sliceId, accountKey],
  );
};
