import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshDatabase } from "../support/database.ts";
import { load, prepareAccount, scriptedAccount, scriptedConnector } from "../support/scripted.ts";

/** The streams as the guide numbers them. */
const guided = async (): Promise<string[]> => {
  const guide = await readFile(
    join(import.meta.dirname, "..", "..", "docs", "adding-a-connector.md"),
    "utf8",
  );
  const list = guide.slice(guide.indexOf("in this order"), guide.indexOf("The order is from fine to coarse"));
  return [...list.matchAll(/^\d\. `(\w+)`/gm)].map(([, name = ""]) => name);
};

test("a slice asks for the streams in the order that the guide gives, the last two side by side", async () => {
  const { pool } = await freshDatabase();
  const asked: string[] = [];
  const connector = scriptedConnector({
    // The campaign has more than its ads: its own totals are asked for.
    days: () => ({
      "2026-11-02": {
        ads: [{ campaign: "c", ad: "a", cents: 100, impressions: 10, clicks: 1, conversions: [] }],
        campaignExtra: { c: 50 },
      },
    }),
    onStream: (name) => void asked.push(name),
  });
  const account = scriptedAccount();
  const accountKey = await prepareAccount(pool, connector, account);
  await load(pool, connector, { account, accountKey, from: "2026-11-02", to: "2026-11-02" });
  const order = await guided();
  expect(order).toHaveLength(6);
  expect(asked.slice(0, 4)).toEqual(order.slice(0, 4));
  expect(asked.slice(4).toSorted()).toEqual(order.slice(4).toSorted());
});
