import { type RawBuilder, sql } from "kysely";

/** Whether one of the columns matches one of a filter's patterns; without a filter everything does. */
export const like = (
  patterns: readonly string[] | undefined,
  ...columns: RawBuilder<unknown>[]
): RawBuilder<unknown> =>
  patterns === undefined
    ? sql`true`
    : sql`(${sql.join(
        columns.map((column) => sql`${column} like any(${[...patterns]}::text[])`),
        sql` or `,
      )})`;
