import { expect, test } from "vitest";
import { all, failing, pullOf, shop, startSandbox } from "./support.ts";

const clicks = { settings: { clicks: true } };

test("a day's clicks come with their campaign, ad and network, invalid ones too", async () => {
  const { sandbox, connector } = await startSandbox(clicks);
  const date = "2026-11-10";
  const fetched = await all(connector.clicks!.day(pullOf({ from: date, to: date })));
  const known = sandbox.clicks(shop.id, date);
  const byId = (a: { clickId: string }, b: { clickId: string }) => (a.clickId < b.clickId ? -1 : 1);
  expect(fetched.toSorted(byId)).toEqual(
    known
      .map(({ gclid, leaf }) => ({
        clickId: gclid,
        campaignId: leaf.campaign.id,
        adGroupId: leaf.adGroup?.id ?? "",
        adId: leaf.ad?.id ?? "",
        network: leaf.network,
      }))
      .toSorted(byId),
  );
  expect(new Set(fetched.map(({ clickId }) => clickId)).size).toBe(fetched.length);
  expect(fetched.length).toBeGreaterThanOrEqual(Number(sandbox.truth.days(shop.id, date, date)[0]?.clicks));
});

test("the click report is not offered unless the settings want it", async () => {
  expect((await startSandbox()).connector.clicks).toBeUndefined();
});

test("clicks are asked for one day at a time, and 90 days back at most", async () => {
  const { connector } = await startSandbox(clicks);
  await expect(all(connector.clicks!.day(pullOf()))).rejects.toThrow("not one day");
  const old = { from: "2026-08-01", to: "2026-08-01" };
  const { failure } = await failing(connector.clicks!.day(pullOf(old)));
  expect(failure).toMatchObject({ kind: "request", code: "clickViewError.DATE_TOO_OLD" });
});
