import { expect, test } from "vitest";
import { channelNamed, channelTraffic } from "../../src/domain/channel.ts";
import { classify } from "../../src/metrics/channels/classify.ts";
import { channelOf, lists, seen } from "./cases.ts";

test("nothing at all is Direct; (not set) is not nothing", () => {
  expect(seen({})).toMatchObject({
    channel: "Direct",
    traffic: "direct",
    source: "(direct)",
    medium: "(none)",
    evidence: "none",
  });
  expect(channelOf({ source: "(not set)", medium: "(not set)" })).toBe("Unassigned");
  expect(channelOf({ source: "", medium: "null", campaign: "undefined" })).toBe("Direct");
});

test("a source without a medium, a medium without a source, a campaign alone", () => {
  expect(seen({ source: "google" })).toMatchObject({ medium: "(not set)", channel: "Organic Search" });
  expect(seen({ medium: "cpc" })).toMatchObject({ source: "(not set)", channel: "Paid Other" });
  expect(seen({ medium: "cpc", referrerHost: "www.google.dk" })).toMatchObject({
    source: "google",
    channel: "Paid Search",
  });
  expect(seen({ campaign: "spring" })).toMatchObject({ evidence: "utm", channel: "Unassigned" });
  expect(seen({ campaignId: 123 })).toMatchObject({ evidence: "utm", channel: "Unassigned" });
});

test.each([
  ["www.google.dk", "google", "Organic Search"],
  ["google.co.uk", "google", "Organic Search"],
  ["android-app://com.google.android.googlequicksearchbox/", "google", "Organic Search"],
  ["mail.google.com", "mail.google.com", "Referral"],
  ["docs.google.com", "docs.google.com", "Referral"],
  ["cn.bing.com", "bing", "Organic Search"],
  ["edgeservices.bing.com", "edgeservices.bing.com", "Referral"],
  ["de.search.yahoo.com", "yahoo", "Organic Search"],
  ["html.duckduckgo.com", "duckduckgo", "Organic Search"],
  ["m.baidu.com", "baidu", "Organic Search"],
  ["yandex.ru", "yandex", "Organic Search"],
  ["search.brave.com", "search.brave.com", "Organic Search"],
  ["chatgpt.com", "chatgpt.com", "AI Assistant"],
  ["copilot.microsoft.com", "copilot.microsoft.com", "AI Assistant"],
  ["duck.ai", "duck.ai", "AI Assistant"],
  ["https://WWW.Example.com:443/page?x=1", "example.com", "Referral"],
  ["example.com.", "example.com", "Referral"],
  ["youtube.com", "youtube.com", "Organic Video"],
  ["l.threads.com", "l.threads.com", "Organic Social"],
  ["checkout.stripe.com", "checkout.stripe.com", "Organic Shopping"],
] as const)("a visit from %s has source %s and is %s", (referrerHost, source, channel) => {
  expect(seen({ referrerHost })).toMatchObject({ source, channel, evidence: "referrer" });
});

test("own hosts and unwanted referrers are looked through", () => {
  const options = {
    ownHosts: new Set(["shop.example"]),
    unwantedReferrers: new Set(["checkout.stripe.com"]),
  };
  expect(classify({ referrerHost: "www.shop.example" }, lists, options).channel).toBe("Direct");
  expect(classify({ referrerHost: "checkout.stripe.com" }, lists, options).channel).toBe("Direct");
});

test.each([
  ["SEARCH", "SEARCH", "Paid Search"],
  ["SEARCH_PARTNERS", "SHOPPING", "Paid Shopping"],
  ["CONTENT", "DISPLAY", "Display"],
  ["YOUTUBE_WATCH", "VIDEO", "Paid Video"],
  ["GOOGLE_TV", "VIDEO", "Paid Video"],
  ["MAPS", "SEARCH", "Cross-network"],
  ["SEARCH", "PERFORMANCE_MAX", "Cross-network"],
  ["YOUTUBE", "DEMAND_GEN", "Cross-network"],
  ["A_NEW_ONE", "SEARCH", "Paid Search"],
] as const)("a joined Google click on %s of a %s campaign is %s", (network, campaignType, channel) => {
  const clickJoin = { platform: "google", network, campaignType } as const;
  expect(seen({ source: "newsletter", medium: "email", clickJoin })).toMatchObject({
    channel,
    traffic: "paid",
    platform: "google",
    evidence: "click_join",
  });
});

test("Meta's audience network is Display, its own surfaces Paid Social", () => {
  const on = (network: string) => channelOf({ clickJoin: { platform: "meta", network, campaignType: "" } });
  expect(on("audience_network")).toBe("Display");
  expect(on("instagram")).toBe("Paid Social");
});

test("GA4's own channel is believed, and a disagreement with the tags is said", () => {
  const row = { source: "google", medium: "organic" };
  expect(seen({ ...row, reportedChannel: "Cross-network" })).toMatchObject({
    channel: "Cross-network",
    traffic: "paid",
    evidence: "reported",
    disagrees: true,
  });
  expect(seen({ ...row, reportedChannel: "Organic Search" }).disagrees).toBe(false);
});

test("a channel that does not exist yet, and GA4's overflow row, are Unassigned and other", () => {
  for (const reportedChannel of ["Holograms", "(other)"])
    expect(seen({ source: "google", medium: "cpc", reportedChannel })).toMatchObject({
      channel: "Unassigned",
      traffic: "other",
    });
  expect(channelNamed("paid  search")).toBe("Paid Search");
});

test("affiliates are paid only where it is asked for", () => {
  const visit = { source: "partner", medium: "affiliate" };
  expect(classify(visit, lists).traffic).toBe("other");
  expect(classify(visit, lists, { affiliatesArePaid: true }).traffic).toBe("paid");
});

test("twenty labels, four classes", () => {
  expect(Object.keys(channelTraffic)).toHaveLength(20);
  expect([...new Set(Object.values(channelTraffic))].sort()).toEqual(["direct", "organic", "other", "paid"]);
});
