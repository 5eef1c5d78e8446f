/** The columns of a relation by its alias, as a list in SQL. */
export const qualified = (alias: string, columns: readonly string[]): string =>
  columns.map((column) => `${alias}.${column}`).join(", ");

/**
 * In SQL: a row of the relation `of` is not in the table as it would be put there. A conflict locks its row, and so
 * writes to it, even where nothing changes: so rows that stay are left out before the insert.
 * @param data - the columns beside the key
 * @param values - what these are to become, over `of` and the stored row `old`; absent: what `of` has
 */
export const unlessStored = (
  table: string,
  of: string,
  { key, data, values }: { key: readonly string[]; data: readonly string[]; values?: readonly string[] },
): string => `not exists (
  select from ${table} old
  where (${qualified("old", key)}) = (${qualified(of, key)})
    and (${qualified("old", data)}) is not distinct from (${values?.join(", ") ?? qualified(of, data)}))`;
