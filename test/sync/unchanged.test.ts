import pg from "pg";
import { expect, onTestFinished, test, vi } from "vitest";
import { openWorld, rowVersions, type World } from "./support.ts";

const range = { from: "2026-08-01", to: "2026-08-06" };

/** Every figure of the facts, one text. */
const figures = async ({ query }: World): Promise<string> => {
  const rows = await query<{ text: string }>(
    ["ad_daily", "conversion_daily", "network_daily", "network_conversion_daily"]
      .map((table) => `select t::text as text from warehouse.${table} t`)
      .join(" union all "),
  );
  return rows
    .map(({ text }) => text)
    .sort()
    .join("\n");
};

const fingerprints = ({ query }: World) =>
  query<{ date: string; part: string; published: string }>(
    `select date, part, published from ops.day_fingerprint
     where account_key = (select account_key from ops.day_fingerprint group by 1 order by count(*) desc, 1 limit 1)
     order by date, part`,
  );

test("an unchanged window is confirmed, not compared, and says when it was asked for", async () => {
  const world = await openWorld();
  await world.sync(range);
  const before = await rowVersions(world);
  expect(await fingerprints(world)).toHaveLength(12);
  await world.query("update ops.account_day set fetched_at = '2000-01-01', slice_id = null");
  const again = await world.sync(range);
  expect(again.json.slices.reduce((sum, { rows_written }) => sum + rows_written, 0)).toBe(0);
  expect(await rowVersions(world)).toBe(before);
  const stale = await world.query(
    "select from ops.account_day where state in ('complete', 'no_spend') and fetched_at < '2001-01-01'",
  );
  expect(stale).toEqual([]);
  const staged = await world.query(
    "select from staging.ad_daily union all select from staging.delivery_part",
  );
  expect(staged).toEqual([]);
});

/** The statements of every transaction of this process from now on. */
const watchTransactions = (): (() => readonly (readonly string[])[]) => {
  const spy = vi.spyOn(pg.Client.prototype, "query");
  onTestFinished(() => spy.mockRestore());
  return () => {
    const ended: string[][] = [];
    const open = new Map<unknown, string[]>();
    for (const [nth, [asked]] of (spy.mock.calls as unknown[][]).entries()) {
      const text = typeof asked === "string" ? asked : ((asked as { text?: string }).text ?? "copy");
      const client = spy.mock.contexts[nth];
      if (text.startsWith("begin")) open.set(client, []);
      open.get(client)?.push(text);
      if (text !== "commit") continue;
      ended.push(open.get(client) ?? []);
      open.delete(client);
    }
    return ended;
  };
};

test("a window that did not change asks eight statements, whatever it holds", async () => {
  const world = await openWorld({ platforms: ["google"] });
  await world.sync(range);
  const transactions = watchTransactions();
  const again = await world.sync(range);
  const loads = transactions().filter((texts) => texts.some((text) => text.includes("hold_publishing")));
  expect(loads).toHaveLength(again.json.slices.filter(({ outcome }) => outcome === "done").length);
  for (const texts of loads) expect(texts.length, texts.join("\n")).toBeLessThanOrEqual(8);
});

const damages = [
  ["a deleted ad row", "delete from warehouse.ad_daily where date = '2026-08-03'"],
  ["a changed amount", "update warehouse.ad_daily set spend = spend + 1 where date = '2026-08-02'"],
  ["deleted conversions", "delete from warehouse.conversion_daily where date = '2026-08-04'"],
  ["a changed network", "update warehouse.network_daily set clicks = clicks + 1 where date = '2026-08-05'"],
] as const;

test.each(damages)(
  "%s in the warehouse is put right by the next sync, whatever the platform repeats",
  async (...[, damage]) => {
    const world = await openWorld({ platforms: ["google"] });
    await world.sync(range);
    const good = await figures(world);
    await world.query(damage);
    expect(await figures(world)).not.toBe(good);
    await world.sync(range);
    expect(await figures(world)).toBe(good);
  },
);

test("a day that changed is published anew beside those that did not", async () => {
  const world = await openWorld({ platforms: ["google"], now: "2026-08-08T09:00:00Z" });
  await world.sync(range);
  const before = await fingerprints(world);
  world.setNow("2026-09-20T09:00:00Z");
  const restated = await world.sync(range);
  expect(restated.json.slices.some(({ rows_written }) => rows_written > 0)).toBe(true);
  const after = await fingerprints(world);
  expect(after).not.toEqual(before);
  const fresh = await openWorld({ platforms: ["google"], now: "2026-09-20T09:00:00Z" });
  await fresh.sync(range);
  expect(await figures(world)).toBe(await figures(fresh));
  expect(after).toEqual(await fingerprints(fresh));
});

test("of a day that failed nothing is taken for granted", async () => {
  const world = await openWorld({ platforms: ["google"] });
  await world.sync(range);
  await world.query(
    "update ops.account_day set state = 'failed', cause = 'does not add up' where date = '2026-08-04'",
  );
  await world.sync(range);
  expect(
    await world.query("select from ops.account_day where date = '2026-08-04' and state = 'failed'"),
  ).toEqual([]);
});
