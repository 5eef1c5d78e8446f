import { expect, test } from "vitest";
import { paidClickIds } from "../../src/metrics/channels/click-ids.ts";
import { channelOf, seen } from "./cases.ts";

test.each([
  ["gclid", "google", "Paid Search"],
  ["gbraid", "google", "Paid Search"],
  ["wbraid", "google", "Paid Search"],
  ["gclsrc", "google", "Paid Search"],
  ["gad_source", "google", "Paid Search"],
  ["gad_campaignid", "google", "Paid Search"],
  ["dclid", "google", "Display"],
  ["msclkid", "microsoft", "Paid Search"],
  ["li_fat_id", "linkedin", "Paid Social"],
  ["ttclid", "tiktok", "Paid Social"],
  ["twclid", "x", "Paid Social"],
] as const)("%s alone proves a paid click on %s: %s", (name, platform, channel) => {
  expect(seen({ [name]: "abc" })).toMatchObject({
    platform,
    channel,
    traffic: "paid",
    evidence: "click_id",
    conflict: false,
  });
});

test("the table of cases above covers every paid-only id", () => {
  expect(paidClickIds).toHaveLength(11);
});

test("fbclid alone is Organic Social: a click on Meta, not proven paid", () => {
  expect(seen({ fbclid: "x" })).toMatchObject({
    channel: "Organic Social",
    traffic: "organic",
    platform: null,
    source: "facebook",
    medium: "referral",
    evidence: "fbclid",
  });
  expect(seen({ fbclid: "x", referrerHost: "l.instagram.com" }).source).toBe("l.instagram.com");
  expect(seen({ fbclid: "x", referrerHost: "example.com" }).source).toBe("facebook");
});

test("srsltid is a free product listing", () => {
  expect(seen({ srsltid: "x" })).toMatchObject({
    channel: "Organic Shopping",
    traffic: "organic",
    source: "google",
    medium: "organic",
    campaign: "shopping free listings",
  });
});

test.each([
  ["an organic medium", { source: "google", medium: "organic", gclid: "x" }, "Paid Search", "google", true],
  ["direct", { source: "(direct)", medium: "(none)", gclid: "x" }, "Paid Search", "google", true],
  ["email", { source: "newsletter", medium: "email", gclid: "x" }, "Paid Search", "google", true],
  [
    "another platform's paid tags",
    { source: "linkedin", medium: "cpc", gclid: "x" },
    "Paid Search",
    "google",
    true,
  ],
  ["its own paid tags", { source: "Google", medium: "CPC", gclid: "x" }, "Paid Search", "google", false],
  ["its own display tags", { source: "dv360", medium: "display", gclid: "x" }, "Display", "google", false],
  [
    "a host of its family",
    { source: "ads.youtube.com", medium: "cpc", gclid: "x" },
    "Paid Other",
    "google",
    false,
  ],
  ["a paid medium without source", { medium: "cpc", msclkid: "x" }, "Paid Search", "microsoft", false],
  ["DuckDuckGo", { source: "duckduckgo", medium: "ppc", msclkid: "x" }, "Paid Search", "microsoft", false],
] as const)("a click id against %s", (_title, input, channel, platform, conflict) => {
  expect(seen(input)).toMatchObject({ channel, platform, traffic: "paid", conflict });
});

test("an overruled tag keeps its campaign", () => {
  expect(seen({ source: "x", medium: "social", campaign: "Spring", gclid: "1" }).campaign).toBe("spring");
  expect(channelOf({ source: "x", medium: "social", campaign: "shopping", gclid: "1" })).toBe(
    "Paid Shopping",
  );
});

test.each([
  ["youtube.com", "Paid Video"],
  ["m.youtube.com", "Paid Video"],
  ["tpc.googlesyndication.com", "Display"],
  ["ad.doubleclick.net", "Display"],
  ["www.googleadservices.com", "Display"],
  ["example.com", "Paid Search"],
] as const)("a Google id that came from %s is %s", (referrerHost, channel) => {
  expect(channelOf({ gclid: "x", referrerHost })).toBe(channel);
});

test("of several ids the one of the referrer's platform counts, else the first of the table", () => {
  const both = { gclid: "x", msclkid: "y" };
  expect(seen(both).platform).toBe("google");
  expect(seen({ ...both, referrerHost: "www.bing.com" }).platform).toBe("microsoft");
  expect(seen({ ...both, referrerHost: "duckduckgo.com" }).platform).toBe("microsoft");
  expect(seen({ ...both, referrerHost: "example.com" }).platform).toBe("google");
  expect(seen({ gclid: "x", li_fat_id: "y", referrerHost: "linkedin.com" }).platform).toBe("linkedin");
});

test("a Google or Microsoft id beside fbclid is paid, and suspected to be a shared link", () => {
  expect(seen({ gclid: "x", fbclid: "y" })).toMatchObject({ traffic: "paid", staleSuspected: true });
  expect(seen({ msclkid: "x", fbclid: "y" }).staleSuspected).toBe(true);
  expect(seen({ ttclid: "x", fbclid: "y" }).staleSuspected).toBe(false);
  expect(seen({ gclid: "x" }).staleSuspected).toBe(false);
});

test("placeholders are no click ids", () => {
  expect(channelOf({ gclid: "(not set)" })).toBe("Direct");
  expect(channelOf({ gclid: "null" })).toBe("Direct");
  expect(channelOf({ gclid: " " })).toBe("Direct");
});
