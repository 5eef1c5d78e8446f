import type { AlertAnswer } from "../../api/health-answers.ts";
import { count, money, percent, times, words } from "../format.ts";
import { platformName } from "../platforms.ts";
import { address } from "../state/address.ts";

export const moneyMetrics: ReadonlySet<string> = new Set([
  "cost_per_conversion",
  "projected_cost_per_conversion",
  "spend",
  "cost_per_click",
]);

type Measured = Pick<AlertAnswer, "metric" | "currency">;

export const valueText = ({ metric, currency }: Measured, value: string | null): string => {
  if (value === null) return "no value";
  if (moneyMetrics.has(metric)) return money(value, currency);
  if (metric === "conversion_rate") return percent(value);
  if (metric === "return_on_ad_spend") return times(value);
  return metric === "freshness" ? `${count(value)} h` : count(value);
};

type Labels = Readonly<Record<string, string>>;

/** What an alert is about, in a word. */
export const subject = (labels: Labels): string =>
  labels["campaign_name"] ??
  labels["campaign_id"] ??
  labels["account_name"] ??
  labels["account_id"] ??
  labels["source"] ??
  (labels["platform"] === undefined ? "everything" : platformName(labels["platform"]));

/** Where its figures are looked at: the campaign itself, the account's campaigns, or the platform's accounts. */
export const subjectPath = ({
  platform,
  account_id: account,
  campaign_id: campaign,
}: Labels): string | undefined => {
  if (platform === undefined) return undefined;
  if (account === undefined) return address("/breakdown", { platform, by: "account" });
  const scope = { account: `${platform}:${account}` };
  return campaign === undefined
    ? address("/breakdown", { ...scope, by: "campaign" })
    : address("/campaign", { ...scope, campaign });
};

const verbs: Readonly<Record<string, readonly [before: string, after: string]>> = {
  cost_per_conversion: ["costs", " per conversion"],
  projected_cost_per_conversion: ["is expected to cost", " per conversion"],
  spend: ["spent", ""],
  conversions: ["has", " conversions"],
  cost_per_click: ["costs", " per click"],
  conversion_rate: ["turns", " of its clicks into conversions"],
  return_on_ad_spend: ["brings back", " its spend"],
  freshness: ["is", " behind"],
  sync_failure: ["failed", " times in a row"],
  reconciliation_difference: ["is", " apart from the platform’s own total"],
};

/** What the figure is, and how it stands to the rule's limit, as a sentence goes on after the subject. */
export const saying = (alert: Pick<AlertAnswer, "metric" | "currency" | "value" | "threshold">): string => {
  const { metric, value, threshold } = alert;
  const [before, after] = verbs[metric] ?? [`${words(metric).toLowerCase()} is`, ""];
  if (value === null)
    return metric.endsWith("cost_per_conversion") ? "spent money and converted nobody" : "has no figure";
  const figure = `${before} ${valueText(alert, value)}${after}`;
  if (threshold === null) return figure;
  // For words alone: figures to read stay decimal text.
  const side =
    Number(value) === Number(threshold) ? "at" : Number(value) > Number(threshold) ? "above" : "below";
  return `${figure}, ${side} the limit of ${valueText(alert, threshold)}`;
};
