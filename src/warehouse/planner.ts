import { setLocal } from "./transaction.ts";

/**
 * For transactions on many rows that have no statistics yet: just written, staged, or of days in an array. A planner that
 * takes them for few would join them row by row, for hours, and sort a million of them on disk to add them up, where a
 * hash of their few groups takes half the time. Where something is to be in order all the same, let it be few rows, added
 * up in a query of their own: without sorting, the planner would read all of them in the order of a key.
 */
export const forManyRows = setLocal({
  work_mem: "64MB",
  enable_nestloop: "off",
  enable_sort: "off",
  jit: "off",
});
