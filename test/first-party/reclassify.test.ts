import { expect, test } from "vitest";
import { rowsOf } from "../imports/support.ts";
import { freshDatabase } from "../support/database.ts";
import { load, rollUp } from "./support.ts";

const start = async () => {
  const database = await freshDatabase();
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,source,medium,campaign,referrer_host,gclid",
    "1,purchase,2026-11-01T10:00:00Z,,,,pay.example,",
    "2,purchase,2026-11-01T11:00:00Z,partner,affiliate,,,",
    "3,purchase,2026-11-01T12:00:00Z,google,organic,,,abc",
  );
  await load(
    database,
    "leads",
    "lead_id,created_at,referrer_host",
    "L1,2026-11-01T10:00:00Z,checkout.stripe.com",
  );
  const channels = () =>
    rowsOf(
      database,
      `select conversion_id as id, channel, traffic from warehouse.first_party_conversion
       union all select lead_id, channel, traffic from warehouse.lead order by 1`,
    );
  return { database, channels };
};

test("hosts that become the company's own, and affiliates that become paid, reach what was imported before", async () => {
  const { database, channels } = await start();
  await rollUp(database, { classify: {} });
  expect(await channels()).toEqual([
    { id: "1", channel: "Referral", traffic: "organic" },
    { id: "2", channel: "Affiliates", traffic: "other" },
    { id: "3", channel: "Paid Search", traffic: "paid" },
    { id: "L1", channel: "Organic Shopping", traffic: "organic" },
  ]);
  const classify = {
    ownHosts: new Set(["pay.example"]),
    unwantedReferrers: new Set(["checkout.stripe.com"]),
    affiliatesArePaid: true,
  };
  await rollUp(database, { classify });
  const after = [
    { id: "1", channel: "Direct", traffic: "direct" },
    { id: "2", channel: "Affiliates", traffic: "paid" },
    { id: "3", channel: "Paid Search", traffic: "paid" },
    { id: "L1", channel: "Direct", traffic: "direct" },
  ];
  expect(await channels()).toEqual(after);
  expect(
    await rowsOf(
      database,
      "select traffic, sum(conversions)::int as n from marts.channel_daily group by 1 order by 1",
    ),
  ).toEqual([
    { traffic: "direct", n: 1 },
    { traffic: "paid", n: 2 },
  ]);
  await rollUp(database, { classify: {} });
  await rollUp(database, { classify });
  expect(await channels()).toEqual(after);
});

test("rows are sorted as an import sorts them, and stay untouched while the settings stay", async () => {
  const { database } = await start();
  const versions = () =>
    rowsOf(
      database,
      "select conversion_id, xmin::text, tag_evidence, is_conflict from warehouse.first_party_conversion order by 1",
    );
  await rollUp(database);
  const imported = await versions();
  await rollUp(database, { classify: {} });
  await rollUp(database, { classify: { ownHosts: new Set(["other.example"]) } });
  expect(await versions()).toEqual(imported);
  // Whatever stands there was not sorted by these settings again.
  await database.pool.query(
    "update warehouse.first_party_conversion set tag_channel = 'Email' where conversion_id = '1'",
  );
  await rollUp(database, { classify: { ownHosts: new Set(["other.example"]) } });
  expect(
    await rowsOf(
      database,
      "select count(*)::int as n from warehouse.first_party_conversion where tag_channel = 'Email'",
    ),
  ).toEqual([{ n: 1 }]);
});

test("GA4's affiliate sessions become paid with the setting, without being pulled again", async () => {
  const { database } = await start();
  await database.pool.query(
    `insert into warehouse.ga4_session_daily values
       ('1', '2026-11-01', 'Affiliates', 'p', 'affiliate', '', '', 5, 1, 0, null, null, 'Affiliates', 'other', false)`,
  );
  await rollUp(database, { classify: { affiliatesArePaid: true } });
  expect(
    await rowsOf(database, "select traffic, sessions::int from marts.channel_daily where sessions > 0"),
  ).toEqual([{ traffic: "paid", sessions: 5 }]);
});
