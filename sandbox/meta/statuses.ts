/** The platform's own lists of `effective_status`, level by level. */
const campaign = ["ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "IN_PROCESS", "WITH_ISSUES"];
const adset = [...campaign, "CAMPAIGN_PAUSED"];
const ad = [...adset, "ADSET_PAUSED", "DISAPPROVED", "PENDING_BILLING_INFO", "PENDING_REVIEW", "PREAPPROVED"];

export const statusesOf: Readonly<Record<"campaign" | "adset" | "ad", readonly string[]>> = {
  campaign,
  adset,
  ad,
};
