import { expect, test } from "vitest";
import { answers } from "../../sandbox/faults.ts";
import { clientAccountId, onQuery } from "../../sandbox/google/index.ts";
import { openWorld, type World } from "./support.ts";

const account = clientAccountId(0);
const settings = { google: { clicks: true, accounts: [account] } };
const open = () => openWorld({ platforms: ["google"], settings, now: "2026-09-20T09:00:00Z" });

/** The days whose clicks are asked for from now on. */
const watchClicks = ({ sandbox }: World): string[] => {
  const asked: string[] = [];
  sandbox.servers.google.addFault({
    name: "nothing: it only looks",
    when: ({ body }) => {
      asked.push(...(/click_view WHERE segments.date = '(\S+)'/.exec(body)?.slice(1) ?? []));
      return false;
    },
    strike: () => undefined,
  });
  return asked;
};

const keptOf = ({ query }: World) =>
  query<{ date: string; clicks: string }>(
    "select date, count(*) as clicks from warehouse.click where account_id = $1 group by date order by date",
    [account],
  );

test("a sync keeps the clicks that the platform reports, and asks again only for days that may still change", async () => {
  const world = await open();
  await world.sync({ from: "2026-09-13", to: "2026-09-19" });
  const days = (await keptOf(world)).map(({ date }) => date);
  expect(days).toHaveLength(7);
  expect(await keptOf(world)).toEqual(
    days.map((date) => ({
      date,
      clicks: String(world.sandbox.platforms.google.clicks(account, date).length),
    })),
  );
  const asked = watchClicks(world);
  await world.sync({ from: "2026-09-13", to: "2026-09-19" });
  expect(asked).toEqual(["2026-09-19", "2026-09-18"]);
  expect((await keptOf(world)).map(({ date }) => date)).toEqual(days);
});

test("days that the click report no longer holds are not asked for", async () => {
  const world = await open();
  const asked = watchClicks(world);
  await world.sync({ from: "2026-06-21", to: "2026-06-24", account: [account] });
  expect(asked).toEqual(["2026-06-24", "2026-06-23"]);
});

test("an account whose click report fails is loaded all the same, and its clicks are fetched by the next sync", async () => {
  const world = await open();
  const denied = { error: { code: 400, status: "INVALID_ARGUMENT", message: "no clicks today" } };
  world.sandbox.servers.google.addFault(
    answers(400, [denied], { when: onQuery({ from: "click_view" }), times: 99 }),
  );
  const range = { from: "2026-09-13", to: "2026-09-14", account: [account] };
  const { json, lines } = await world.sync(range);
  expect(json.slices.map(({ outcome }) => outcome)).toEqual(["done"]);
  expect(lines).toEqual([]);
  expect(world.logged.filter((line) => line.includes("clicks are missing"))).toHaveLength(1);
  expect(await keptOf(world)).toEqual([]);
  world.sandbox.servers.google.clearFaults();
  await world.sync(range);
  expect(await keptOf(world)).toHaveLength(2);
});

test("a conversion with a kept click belongs to the click's campaign, in the network's channel", async () => {
  const world = await open();
  await world.sync({ from: "2026-09-13", to: "2026-09-14", account: [account] });
  const click = world.sandbox.platforms.google
    .clicks(account, "2026-09-13")
    .find(({ leaf }) => leaf.network === "YOUTUBE" || leaf.network === "CONTENT");
  await world.query(
    `insert into warehouse.first_party_conversion (conversion_id, conversion_name, converted_at, gclid, tag_channel,
       tag_traffic, tag_platform, tag_evidence, is_conflict, is_stale_suspected, import_source)
     values ('1', 'purchase', '2026-09-14T10:00:00Z', $1, 'Paid Search', 'paid', 'google', 'click_id', false, false, 'x')`,
    [click?.gclid],
  );
  await world.sync({ from: "2026-09-14", to: "2026-09-14", account: [account] });
  expect(
    await world.query(
      "select evidence, joined_by, account_id, joined_campaign_id, channel from warehouse.first_party_conversion",
    ),
  ).toEqual([
    {
      evidence: "click_join",
      joined_by: "click",
      account_id: account,
      joined_campaign_id: click?.leaf.campaign.id,
      channel: expect.stringMatching(/^(Paid Video|Display|Cross-network)$/),
    },
  ]);
});
