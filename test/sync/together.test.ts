import { expect, test } from "vitest";
import { openWorld } from "./support.ts";

const range = { from: "2026-09-14", to: "2026-09-15" };

test("two syncs of the same empty range at once publish each row once, and both succeed", async () => {
  const world = await openWorld({ platforms: ["linkedin", "meta"] });
  const other = await world.open();
  const [one, two] = await Promise.all([world.sync(range), world.sync(range, other.app)]);
  expect([...one.lines, ...two.lines]).toEqual([]);
  const sums = await world.query<{ platform: "meta" | "linkedin"; account_id: string; spend: string }>(
    `select a.platform, a.account_id, sum(f.spend)::text as spend
     from warehouse.ad_daily f join warehouse.account a using (account_key) where a.is_active group by 1, 2`,
  );
  expect(sums.length).toBe(5);
  for (const { platform, account_id, spend } of sums) {
    const days = world.sandbox.platforms[platform].truth.days(account_id, range.from, range.to);
    expect([account_id, Number(spend)]).toEqual([
      account_id,
      expect.closeTo(
        days.reduce((sum, day) => sum + Number(day.spend), 0),
        4,
      ),
    ]);
  }
});

test("slices of one account load side by side, also into an empty warehouse", async () => {
  const world = await openWorld({ platforms: ["meta"] });
  const { meta } = world.sandbox.servers;
  const account = world.sandbox.platforms.meta.truth.accountIds[0] ?? "";
  // Every report of the youngest window waits until the next one is asked for.
  let release = () => {};
  const older = new Promise<void>((resolve) => (release = resolve));
  meta.addFault({
    name: "the older window is asked for",
    times: Infinity,
    when: ({ path, rawQuery, body }) =>
      path.endsWith("/insights") && `${rawQuery}${body}`.includes("2026-08-16"),
    strike: async (_, answer) => {
      release();
      await answer();
    },
  });
  meta.addFault({
    name: "the youngest window waits",
    times: Infinity,
    when: ({ path, rawQuery, body }) =>
      path.endsWith("/insights") && `${rawQuery}${body}`.includes("2026-09-15"),
    strike: async (_, answer) => {
      await older;
      await answer();
    },
  });
  const { lines, json } = await world.sync({ from: "2026-07-17", to: "2026-09-15", account: [account] });
  expect(lines).toEqual([]);
  expect(json.slices.map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
});
