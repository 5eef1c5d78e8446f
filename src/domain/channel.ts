/** GA4's default channels, with what each says about payment. The only such table. */
export const channelTraffic = {
  Direct: "direct",
  "Cross-network": "paid",
  "Paid Shopping": "paid",
  "Paid Search": "paid",
  "Paid Social": "paid",
  "Paid Video": "paid",
  Display: "paid",
  "Paid Other": "paid",
  "Organic Shopping": "organic",
  "Organic Social": "organic",
  "Organic Video": "organic",
  "Organic Search": "organic",
  "AI Assistant": "organic",
  Referral: "organic",
  Email: "other",
  Affiliates: "other",
  Audio: "paid",
  SMS: "other",
  "Mobile Push Notifications": "other",
  Unassigned: "other",
} as const;

export type Channel = keyof typeof channelTraffic;

/** `paid`: a third party was paid to bring the visitor. The other three are not paid. */
export type ChannelTraffic = "paid" | "organic" | "direct" | "other";

export const channels = Object.keys(channelTraffic) as Channel[];

const byLowerCase = new Map(channels.map((channel) => [channel.toLowerCase(), channel]));

/** The channel of a label in any case; undefined for a custom channel, or one that GA4 added since. */
export const channelNamed = (label: string): Channel | undefined =>
  byLowerCase.get(label.trim().replaceAll(/\s+/g, " ").toLowerCase());

/** `affiliatesArePaid`: only for those who import their commissions as a cost. */
export const trafficOf = (
  channel: Channel,
  options: { readonly affiliatesArePaid?: boolean } = {},
): ChannelTraffic =>
  channel === "Affiliates" && options.affiliatesArePaid === true ? "paid" : channelTraffic[channel];
