import { test } from "vitest";
import { provesLargeDays } from "../../load/large-days.ts";
import { distributedWarehouse } from "./support.ts";

test("on a cluster a large day is compared as on one machine, however it changes", async () => {
  const { pool } = await distributedWarehouse();
  for (const split of ["exact", "estimate"] as const) await provesLargeDays(pool, split, 5);
});
