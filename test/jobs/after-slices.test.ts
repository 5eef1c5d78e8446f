import { expect, onTestFinished, test } from "vitest";
import { clientAccountId } from "../../sandbox/google/index.ts";
import { createGa4Sandbox } from "../../sandbox/ga4/index.ts";
import { listen } from "../../sandbox/server.ts";
import { load } from "../first-party/support.ts";
import { openBackend } from "./backends.ts";
import { begin, configOf, nightOver, openSandbox, openService } from "./night-support.ts";

const row = { date: "2026-10-19", channel: "Paid Search", source: "google", medium: "cpc", sessions: 40 };

test("a night does all that a sync does: clicks, GA4, what the history teaches, first-party figures, the dashboard's sums", async () => {
  const sandbox = await openSandbox();
  const ga4 = await listen(createGa4Sandbox({ "1": { rows: [row] } }));
  onTestFinished(() => ga4.close());
  const { database, queues } = await openBackend("postgres");
  const account = clientAccountId(0);
  const config = configOf(sandbox, {
    connectors: {
      google: { ...sandbox.settings.connectors.google, clicks: true, accounts: [account] },
      ga4: {
        properties: ["1", "9"],
        clientId: "a",
        clientSecret: "b",
        refreshToken: "sandbox-refresh-token",
        endpoints: { api: ga4.url, oauth: ga4.url },
      },
    },
    lookbackDays: 2,
  });
  const click = sandbox.platforms.google.clicks(account, "2026-10-18")[0];
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,gclid,medium",
    `1,purchase,2026-10-19T10:00:00Z,${click?.gclid ?? ""},`,
    "2,purchase,2026-10-19T10:00:00Z,,organic",
  );
  await openService({ config, database, queues });
  // A property refuses access: that much is missing.
  expect(await nightOver(database, await begin(config, database, queues))).toBe("failed");
  const ask = async (query: string) => (await database.pool.query(query)).rows as unknown[];
  expect(await ask("select count(distinct date)::int as days from warehouse.click")).toEqual([{ days: 2 }]);
  expect(
    await ask(
      "select channel, sessions::int, conversions::int from marts.channel_daily where traffic = 'paid'",
    ),
  ).toEqual([{ channel: "Paid Search", sessions: 40, conversions: expect.any(Number) }]);
  expect(
    await ask(
      "select campaign_id from marts.paid_cost_per_conversion_first_party_daily where conversions > 0 and spend > 0",
    ),
  ).toEqual([{ campaign_id: click?.leaf.campaign.id }]);
  expect(await ask("select rule from marts.excluded_conversions")).toEqual([{ rule: "organic" }]);
  expect(await ask("select value from ops.rollup_setting where name = 'maturity_learned_on'")).toEqual([
    { value: "2026-10-20" },
  ]);
  // What the dashboard reads was written with the figures.
  expect(
    await ask(
      "select bool_and(days > 0) as summed from figures.campaign_year_to_date where date = '2026-10-24'",
    ),
  ).toEqual([{ summed: true }]);
});
