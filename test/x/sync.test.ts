import { expect, test } from "vitest";
import { refuseUnreached } from "../../src/commands/selection.ts";
import { parseConfig } from "../../src/config.ts";
import { addDays, dayAt } from "../../src/domain/day.ts";
import { createLog } from "../../src/log.ts";
import { storeCountingRules } from "../../src/metrics/counting.ts";
import { rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { xFaults, xRequests } from "../../sandbox/x/index.ts";
import { openWorld, type WorldOptions } from "../sync/support.ts";

const range = { from: "2026-09-08", to: "2026-09-14" };
const openX = (options: WorldOptions = {}) => openWorld({ platforms: ["x"], ...options });

const accountRequests = ({ sandbox }: Awaited<ReturnType<typeof openX>>): number =>
  sandbox.servers.x.requests.filter(({ path }) => path === "/12/accounts").length;

test("spend of a line item without promoted tweets is residual with empty ad_group_id and ad_id", async () => {
  const world = await openX();
  await world.sync(range);
  const residual = await world.query(
    `select c.name, d.ad_group_id, sum(d.spend) > 0 as spent from warehouse.ad_daily d
     join warehouse.account a using (account_key)
     join warehouse.campaign c using (account_key, campaign_id)
     where a.account_id = 'acc1demo' and d.ad_id = '' group by 1, 2`,
  );
  expect(residual).toEqual([{ name: "Followers", ad_group_id: "", spent: true }]);
});

test("reconcile finds nothing to complain about, in any currency", async () => {
  const world = await openX();
  const { lines } = await world.sync(range);
  expect(lines).toEqual([]);
  const days = await world.query(
    `select account_id, bool_and(state in ('complete', 'no_spend')) as whole, sum(abs(difference))::text as difference
     from ops.account_day where platform = 'x' and date between $1 and $2 group by 1 order by 1`,
    [range.from, range.to],
  );
  expect(days).toEqual(
    ["acc0gone", "acc1demo", "acc1demo:EUR", "acc2demo"].map((account_id) => ({
      account_id,
      whole: true,
      difference: expect.stringMatching(/^0(\.0+)?$/) as string,
    })),
  );
});

test("currencies of one account are never added up, and X's own id means them all", async () => {
  const world = await openX({ settings: { x: { accounts: ["acc1demo"] } } });
  const first = await world.sync(range);
  expect(first.json.accounts.map(({ account_id }) => account_id).toSorted()).toEqual([
    "acc1demo",
    "acc1demo:EUR",
  ]);
  const campaigns = await world.query<{ campaign_id: string; currencies: number }>(
    `select campaign_id, count(distinct currency)::integer as currencies
     from marts.cost_per_conversion_daily where platform = 'x' group by 1`,
  );
  expect(campaigns.length).toBeGreaterThan(3);
  expect(campaigns.every(({ currencies }) => currencies === 1)).toBe(true);

  const { app } = await world.open({ x: { accounts: ["acc1demo:EUR"] } });
  const second = await world.sync(range, app);
  expect(second.json.accounts.map(({ account_id }) => account_id)).toEqual(["acc1demo:EUR"]);
  const asked = await world.sync({ ...range, account: ["acc1demo"] });
  expect(asked.json.slices.map(({ account_id }) => account_id).toSorted()).toEqual([
    "acc1demo",
    "acc1demo:EUR",
  ]);
});

test("view and engagement parts are rows of their own; counting one alone fetches nothing", async () => {
  const world = await openX();
  await world.sync(range);
  const attributions = await world.query(
    "select distinct attribution from warehouse.conversion_daily order by 1",
  );
  expect(attributions).toEqual([{ attribution: "post_engagement" }, { attribution: "post_view" }]);
  const counted = () =>
    world.query<{ conversions: string }>(
      "select sum(conversions)::numeric(18,0)::text as conversions from marts.cost_per_conversion_daily",
    );
  const raw = await world.query<{ both: string; engaged: string }>(
    `select sum(conversions)::numeric(18,0)::text as both,
            sum(conversions) filter (where attribution = 'post_engagement')::numeric(18,0)::text as engaged
     from warehouse.conversion_daily where conversion_action_id in ('purchases', 'custom')`,
  );
  expect((await counted())[0]?.conversions).toBe(raw[0]?.both);

  world.sandbox.servers.x.resetRequests();
  const { app } = await world.open({ x: { attribution: ["post_engagement"] } });
  await storeCountingRules(app.database.pool, "x", app.config.connectors);
  await rollUpTouched({ pool: app.database.pool, signal: app.signal, reportingCurrency: null });
  expect((await counted())[0]?.conversions).toBe(raw[0]?.engaged);
  expect(world.sandbox.servers.x.requests).toEqual([]);
});

test("a campaign-day with conversions alone has a network_daily row with no spend", async () => {
  const world = await openX();
  await world.sync(range);
  const lacking = await world.query(
    `select c.date, c.campaign_id, c.network from warehouse.network_conversion_daily c
     where not exists (select from warehouse.network_daily n
                       where (n.account_key, n.date, n.campaign_id, n.network)
                           = (c.account_key, c.date, c.campaign_id, c.network))`,
  );
  expect(lacking).toEqual([]);
});

test("spend that X takes back is taken back here, and the day it stood higher is in the history", async () => {
  const world = await openX();
  await world.sync(range);
  const spend = () =>
    world.query<{ spend: string }>(
      `select sum(spend)::text as spend from marts.cost_per_conversion_daily
       where account_id = 'acc1demo' and date = '2026-09-10'`,
    );
  const before = Number((await spend())[0]?.spend);
  const campaign = world.sandbox.platforms.x.accounts[0]?.campaigns[0];
  world.sandbox.platforms.x.restate(campaign?.id ?? "", "2026-09-10", 40);
  await world.sync(range);
  const after = Number((await spend())[0]?.spend);
  expect(after).toBeLessThan(before);
  const [truth] = world.sandbox.platforms.x.truth.days("acc1demo", "2026-09-10", "2026-09-10");
  expect(after).toBeCloseTo(Number(truth?.spend), 6);
});

test("five syncs in new processes, with --account checked before each, ask for the list of accounts at most twice", async () => {
  // The check of --account runs by the machine's own clock.
  const world = await openX({ now: new Date().toISOString() });
  const yesterday = addDays(dayAt(new Date(), "utc"), -1);
  const log = await createLog({ quiet: true, format: "json" });
  const config = parseConfig(world.configText(), "/nowhere/costper.yaml", {});
  for (let run = 0; run < 5; run += 1) {
    const selection = { from: yesterday, to: yesterday, account: ["acc2demo"] };
    await refuseUnreached(config, selection, { env: {}, log, signal: new AbortController().signal });
    const { app, close } = await world.open();
    expect((await world.sync(selection, app)).lines).toEqual([]);
    await close();
  }
  expect(accountRequests(world)).toBeLessThanOrEqual(2);
});

const seen = {
  "X's limit for the list of accounts": {
    fault: xFaults.error(429, "TOO_MANY_REQUESTS", {
      when: xRequests.accounts,
      times: Infinity,
      headers: { "x-rate-limit-reset": "9999999999" },
    }),
    // A time in another century is a mistake of somebody's: a platform is left alone for a day and an hour at most.
    says: [
      /^x: accounts: X's limit of requests in 15 minutes is reached.*the limit holds until 2026-09-21T10:.*: what is loaded is kept; run the sync again after that time$/,
    ],
  },
  "a revoked token": {
    fault: xFaults.error(401, "UNAUTHORIZED_ACCESS", { times: Infinity }),
    says: [/^x: accounts: X does not accept the signature.*: check the four keys of connectors\.x/],
  },
  "one account without access": {
    fault: xFaults.error(403, "ACCOUNT_NOT_FOUND", {
      times: Infinity,
      when: ({ path }) => path.includes("acc2demo"),
    }),
    says: [/^x acc2demo: funding instruments: no access to this ad account.*CAMPAIGN_ANALYST/],
  },
} as const;

test.each(Object.entries(seen))(
  "of %s a person reads what happened and what to do",
  async (_, { fault, says }) => {
    const world = await openX({ maxWaitMs: 2_000 });
    world.sandbox.servers.x.addFault(fault);
    const { lines } = await world.sync({ from: "2026-09-14", to: "2026-09-14" });
    expect(lines).toHaveLength(says.length);
    for (const [index, line] of lines.entries()) expect(line).toMatch(says[index] ?? /never/);
  },
);
