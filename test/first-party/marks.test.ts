import { expect, test } from "vitest";
import { storeEntities } from "../../src/warehouse/dimensions.ts";
import { begin } from "../../src/warehouse/transaction.ts";
import { importText } from "../imports/support.ts";
import { freshDatabase } from "../support/database.ts";
import { rollUp, seedCampaign } from "./support.ts";

test("a first lead finds its campaign though this was stored while nobody could see the lead", async () => {
  const database = await freshDatabase();
  const { pool } = database;
  await seedCampaign(database, { platform: "meta", account: "1", id: "c1" });
  await rollUp(database);
  const { rows: accounts } = await pool.query<{ account_key: number }>(
    "select account_key from warehouse.account",
  );
  const client = await pool.connect();
  await begin(client);
  await storeEntities(client, accounts[0]?.account_key ?? 0, [
    { kind: "campaign", id: "c2", name: "Spring", status: "ACTIVE", type: "" },
  ]);
  await importText(
    database,
    "leads",
    "lead_id,created_at,source,medium,campaign_id\nl1,2026-03-01T12:00:00Z,facebook,paid_social,c2",
  );
  await rollUp(database);
  const joined = async () =>
    (await pool.query<{ joined_campaign_id: string }>("select joined_campaign_id from warehouse.lead")).rows;
  expect(await joined()).toEqual([{ joined_campaign_id: "" }]);
  await client.query("commit");
  client.release();
  await rollUp(database);
  expect(await joined()).toEqual([{ joined_campaign_id: "c2" }]);
  const { rows: left } = await pool.query("select from ops.touched_first_party");
  expect(left).toEqual([]);
});
