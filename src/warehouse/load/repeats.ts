import type pg from "pg";
import type { FactTable } from "./fact-tables.ts";

/** Watches the rows of one table's day go by, and tells whether a key came twice. */
export interface RepeatWatch {
  /** COPY text, cut anywhere. */
  see(bytes: Buffer): void;
  /** Also where there were more rows than it keeps in mind: then the database has to look. */
  readonly mayRepeat: boolean;
}

/** Keys of so many rows are kept, some ten megabytes. */
const mostKeys = 200_000;

/** `leading`: columns before the key. */
export const watchRepeats = ({ key }: FactTable, leading: number): RepeatWatch => {
  const seen = new Set<string>();
  const columns = leading + key.length;
  let rest = "";
  let rows = 0;
  let mayRepeat = false;
  return {
    see(bytes) {
      if (mayRepeat) return;
      // A character a byte: only whether two keys are the same matters.
      const text = rest + bytes.toString("latin1");
      let start = 0;
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
        let keyEnd = start;
        for (let column = 0; column < columns; column += 1) keyEnd = text.indexOf("\t", keyEnd) + 1;
        seen.add(text.slice(start, keyEnd));
        rows += 1;
        start = end + 1;
      }
      rest = text.slice(start);
      mayRepeat = seen.size < rows || rows > mostKeys;
    },
    get mayRepeat() {
      return mayRepeat;
    },
  };
};

/**
 * Whether some key may have come twice. Hashes of keys fit into memory where a million keys themselves do not; two
 * keys with one hash cost no more than the closer look.
 */
const hasRepeats = async (
  client: pg.PoolClient,
  table: FactTable,
  sliceId: string,
  accountKey: number,
): Promise<boolean> => {
  const { rows } = await client.query(
    `select from staging.${table.name} where slice_id = $1 and account_key = $2
     group by hash_record_extended(row(${table.key.join(", ")}), 0) having count(*) > 1 limit 1`,
    [sliceId, accountKey],
  );
  return rows.length > 0;
};

/**
 * A row that a platform sent twice (a batch repeated, a page that overlaps) is kept once. Among rows that went straight to
 * the published ones, the primary key has refused it already.
 */
export const dropRepeats = async ({
  client,
  sliceId,
  accountKey,
  repeated,
}: {
  readonly client: pg.PoolClient;
  readonly sliceId: string;
  readonly accountKey: number;
  /** Tables in which a key may have been staged twice. */
  readonly repeated: ReadonlySet<FactTable>;
}): Promise<void> => {
  for (const table of repeated) {
    if (!(await hasRepeats(client, table, sliceId, accountKey))) continue;
    await client.query(
      `delete from staging.${table.name} s
       using (
         select ${table.key.join(", ")}, max(ctid) as kept
         from staging.${table.name} where slice_id = $1 and account_key = $2
         group by ${table.key.join(", ")} having count(*) > 1
       ) repeated
       where s.slice_id = $1 and s.account_key = $2 and s.ctid <> repeated.kept
         and (${table.key.map((column) => `s.${column}`).join(", ")})
           = (${table.key.map((column) => `repeated.${column}`).join(", ")})`,
      [sliceId, accountKey],
    );
  }
};
