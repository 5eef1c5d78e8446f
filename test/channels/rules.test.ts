import { expect, test } from "vitest";
import { channelTraffic } from "../../src/domain/channel.ts";
import { channelRules } from "../../src/metrics/channels/rules.ts";
import { channelOf } from "./cases.ts";

const tagged = (source: string, medium: string, campaign = "") => ({ source, medium, campaign });

test.each([
  ["Direct", tagged("(direct)", "(none)")],
  ["Direct", tagged("(direct)", "(not set)")],
  ["Cross-network", tagged("google", "cpc", "2026-cross-network-dk")],
  ["Paid Shopping", tagged("alibaba", "cpc")],
  ["Paid Shopping", tagged("unlisted.example", "ppc", "eshop spring")],
  ["Paid Search", tagged("bing", "cpm")],
  ["Paid Social", tagged("facebook", "paid-social")],
  ["Paid Video", tagged("youtube.com", "cpv_cpc")],
  ["Display", tagged("unlisted.example", "cpm")],
  ["Display", tagged("google", "banner")],
  ["Display", tagged("facebook", "interstitial")],
  ["Display", tagged("x", "expandable")],
  ["Paid Other", tagged("adwords", "cpc")],
  ["Paid Other", tagged("(direct)", "retargeting")],
  ["Organic Shopping", tagged("stripe.com", "referral")],
  ["Organic Shopping", tagged("unlisted.example", "referral", "shopify launch")],
  ["Organic Social", tagged("tinyurl.com", "referral")],
  ["Organic Social", tagged("unlisted.example", "social media")],
  ["Organic Social", tagged("somebody.substack.com", "referral")],
  ["Organic Video", tagged("youtube.com", "referral")],
  ["Organic Video", tagged("unlisted.example", "product-video")],
  ["Organic Search", tagged("comcast", "referral")],
  ["Organic Search", tagged("unlisted.example", "organic")],
  ["AI Assistant", tagged("www.chatgpt.com", "referral")],
  ["AI Assistant", tagged("unlisted.example", "ai-assistant")],
  ["Referral", tagged("unlisted.example", "link")],
  ["Referral", tagged("unlisted.example", "app")],
  ["Email", tagged("unlisted.example", "e mail")],
  ["Email", tagged("e_mail", "october")],
  ["Affiliates", tagged("partner", "affiliate")],
  ["Audio", tagged("partner", "audio")],
  ["SMS", tagged("sms", "october")],
  ["Mobile Push Notifications", tagged("partner", "web_push")],
  ["Mobile Push Notifications", tagged("partner", "in-mobile-app")],
  ["Mobile Push Notifications", tagged("firebase", "october")],
  ["Unassigned", tagged("partner", "october")],
] as const)("%s: %o", (channel, input) => {
  expect(channelOf(input)).toBe(channel);
});

test("every channel of the vocabulary but Unassigned has one rule, in a fixed order", () => {
  expect(channelRules.map(([channel]) => channel)).toEqual(
    Object.keys(channelTraffic)
      .filter((channel) => channel !== "Unassigned" && channel !== "Audio")
      .toSpliced(16, 0, "Audio"),
  );
});

// For each rule a visit that the next rule would take too. Direct and Cross-network can be had at once; pairs that no
// single visit can satisfy are reached through the rule after.
test.each([
  ["Direct", "Cross-network", tagged("(direct)", "(none)", "cross-network")],
  ["Cross-network", "Paid Shopping", tagged("alibaba", "cpc", "cross-network")],
  ["Paid Shopping", "Paid Search", tagged("google", "cpc", "shopping")],
  ["Paid Search", "Paid Other (no source is both search and social)", tagged("google", "cpc")],
  ["Paid Social", "Paid Other (no source is both social and video)", tagged("facebook", "cpc")],
  ["Paid Video", "Display", tagged("youtube.com", "cpm")],
  ["Display", "Paid Other", tagged("unlisted.example", "cpm")],
  [
    "Paid Other",
    "Organic Shopping (an unlisted source, so no rule above)",
    tagged("unlisted.example", "cpc"),
  ],
  ["Organic Shopping", "Organic Social", tagged("facebook", "social", "shop")],
  ["Organic Social", "Organic Video", tagged("facebook", "video")],
  ["Organic Video", "Organic Search", tagged("google", "video")],
  ["Organic Search", "AI Assistant", tagged("chatgpt.com", "organic")],
  ["AI Assistant", "Referral", tagged("chatgpt.com", "referral")],
  ["Referral", "Email", tagged("email.example", "referral")],
  ["Email", "Affiliates", tagged("email", "affiliate")],
  ["Affiliates", "SMS (medium affiliate and medium audio exclude each other)", tagged("sms", "affiliate")],
  ["Audio", "SMS", tagged("sms", "audio")],
  ["SMS", "Mobile Push Notifications", tagged("sms", "push")],
] as const)("%s comes before %s", (first, _second, input) => {
  expect(channelOf(input)).toBe(first);
});

test.each([
  ["workshop is no shop", tagged("unlisted.example", "cpc", "workshop"), "Paid Other"],
  ["a webshop is none either, oddly", tagged("unlisted.example", "cpc", "webshop"), "Paid Other"],
  ["an e-shop is one", tagged("unlisted.example", "cpc", "my e-shop"), "Paid Shopping"],
  ["pmax is not a paid medium", tagged("google", "pmax"), "Organic Search"],
  ["remarketing is not a paid medium", tagged("partner", "remarketing"), "Unassigned"],
  ["ppc-brand is not a paid medium", tagged("partner", "ppc-brand"), "Unassigned"],
  ["any medium with cp in it is paid", tagged("partner", "xcpx"), "Paid Other"],
  ["a newsletter is not email", tagged("newsletter", "newsletter"), "Unassigned"],
  ["email at Google is Organic Search", tagged("google", "email"), "Organic Search"],
  ["email at Facebook is Organic Social", tagged("facebook", "email"), "Organic Social"],
  ["meta is no listed source", tagged("meta", "cpc"), "Paid Other"],
  ["a listed source matches in any case", tagged("google shopping", "referral"), "Organic Shopping"],
] as const)("%s", (_title, input, channel) => {
  expect(channelOf(input)).toBe(channel);
});
