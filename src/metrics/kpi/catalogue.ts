/** The measures that KPIs are made of; `importedMeasures` says which of them come by file. */
export type Measure = string;

export interface Term {
  readonly measure: Measure;
  /** Multiplied with it; -1 takes it away. */
  readonly factor?: number;
  /** `none`: counts as 0 where there is none. `day`: must be known for the very day. Default: 0 on days without, unknown where it was never seen. */
  readonly missing?: "none" | "day";
}

export interface Kpi {
  readonly id: string;
  readonly name: string;
  readonly formula: string;
  /** `currency`: money in one currency. Ratios are stored as fractions. */
  readonly unit: "currency" | "ratio" | "score" | "count";
  readonly numerator: readonly Term[];
  /** Empty: the numerator is the value. */
  readonly denominator: readonly Term[];
  /** `platform`: as the ad platforms count; `first_party`: as the company counts. Never added together. */
  readonly conversionSource?: "platform" | "first_party";
  /** The finest level at which it exists besides everything. */
  readonly grain: "all" | "platform";
  /** Where its figures come from. */
  readonly source: string;
  readonly note?: string;
}

const terms = (...measures: readonly (string | Term)[]): readonly Term[] =>
  measures.map((measure) => (typeof measure === "string" ? { measure } : measure));

const loaded = terms(
  "ad_spend",
  { measure: "tool_cost", missing: "none" },
  { measure: "labour_cost", missing: "none" },
);

const platformFacts = "the ad platforms";
const firstParty = "the ad platforms and imported conversions";
const crm = "the ad platforms and imported leads";
const file = "costper import measures";

const notBelow = "where costs are booked on no platform, it exists for everything only";

/** Every KPI: the marts, docs/kpis.md and `report --metric` are made from this. */
export const kpis: readonly Kpi[] = [
  {
    id: "conversion_cost",
    name: "Conversion cost",
    formula: "sum of ad spend",
    unit: "currency",
    numerator: terms("ad_spend"),
    denominator: [],
    grain: "platform",
    source: "the ad platforms and imported ad spend",
  },
  {
    id: "cost_per_conversion",
    name: "Cost per conversion (by the platforms)",
    formula: "ad spend / paid conversions that the platforms count",
    unit: "currency",
    numerator: terms("platform_spend"),
    denominator: terms("platform_conversions"),
    conversionSource: "platform",
    grain: "platform",
    source: platformFacts,
    note: "platforms overlap: each claims the same sale, so their sum is an upper bound",
  },
  {
    id: "cost_per_conversion",
    name: "Cost per conversion (first-party)",
    formula: "ad spend / first-party paid conversions",
    unit: "currency",
    numerator: terms("ad_spend"),
    denominator: terms("paid_conversions"),
    conversionSource: "first_party",
    grain: "platform",
    source: firstParty,
    note: "paid conversions whose platform's spend is not known stay out",
  },
  {
    id: "blended_cost_per_conversion",
    name: "Blended cost per conversion",
    formula: "ad spend / all first-party conversions",
    unit: "currency",
    numerator: terms("ad_spend"),
    denominator: terms("all_conversions"),
    conversionSource: "first_party",
    grain: "all",
    source: firstParty,
    note: "organic, direct and other conversions included, uncosted ones not",
  },
  {
    id: "fully_loaded_cost_per_conversion",
    name: "Fully loaded cost per conversion",
    formula: "(ad spend + tools + labour) / first-party paid conversions",
    unit: "currency",
    numerator: loaded,
    denominator: terms("paid_conversions"),
    conversionSource: "first_party",
    grain: "platform",
    source: `${firstParty}, imported costs`,
    note: notBelow,
  },
  {
    id: "cost_per_click",
    name: "Cost per click",
    formula: "ad spend / clicks",
    unit: "currency",
    numerator: terms("platform_spend"),
    denominator: terms("clicks"),
    grain: "platform",
    source: platformFacts,
  },
  {
    id: "cost_per_mille",
    name: "Cost per thousand impressions",
    formula: "1000 x ad spend / impressions",
    unit: "currency",
    numerator: terms({ measure: "platform_spend", factor: 1000 }),
    denominator: terms("impressions"),
    grain: "platform",
    source: platformFacts,
  },
  {
    id: "cost_per_lead",
    name: "Cost per lead",
    formula: "ad spend / paid leads",
    unit: "currency",
    numerator: terms("ad_spend"),
    denominator: terms("paid_leads"),
    grain: "platform",
    source: crm,
  },
  {
    id: "cost_per_qualified_lead",
    name: "Cost per qualified lead",
    formula: "(ad spend + tools + labour) / qualified leads",
    unit: "currency",
    numerator: loaded,
    denominator: terms("qualified_leads"),
    grain: "platform",
    source: `${crm}, imported costs`,
    note: `qualified leads of every traffic class; for paid ones alone see paid_cost_per_qualified_lead; ${notBelow}`,
  },
  {
    id: "paid_cost_per_qualified_lead",
    name: "Cost per qualified lead from paid traffic",
    formula: "(ad spend + tools + labour) / qualified leads from paid traffic",
    unit: "currency",
    numerator: loaded,
    denominator: terms("paid_qualified_leads"),
    grain: "platform",
    source: `${crm}, imported costs`,
    note: notBelow,
  },
  {
    id: "customer_acquisition_cost",
    name: "Customer acquisition cost",
    formula: "ad spend / new customers from paid traffic",
    unit: "currency",
    numerator: terms("ad_spend"),
    denominator: terms("paid_customers"),
    grain: "platform",
    source: crm,
  },
  {
    id: "fully_loaded_customer_acquisition_cost",
    name: "Fully loaded customer acquisition cost",
    formula: "(ad spend + tools + labour) / new customers from paid traffic",
    unit: "currency",
    numerator: loaded,
    denominator: terms("paid_customers"),
    grain: "platform",
    source: `${crm}, imported costs`,
    note: notBelow,
  },
  {
    id: "conversion_rate",
    name: "Conversion rate",
    formula: "paid conversions that the platforms count / clicks",
    unit: "ratio",
    numerator: terms("platform_conversions"),
    denominator: terms("clicks"),
    conversionSource: "platform",
    grain: "platform",
    source: platformFacts,
    note: "may exceed 1: one click can bring several conversions",
  },
  {
    id: "visitor_conversion_rate",
    name: "Visitor conversion rate",
    formula: "leads / visitors",
    unit: "ratio",
    numerator: terms("leads"),
    denominator: terms("visitors"),
    grain: "all",
    source: `imported leads, ${file}`,
    note: "visitors are distinct people of each day: over several days this is daily visitors summed",
  },
  {
    id: "cta_conversion_rate",
    name: "Call-to-action rate",
    formula: "call-to-action clicks / visitors of the page",
    unit: "ratio",
    numerator: terms("cta_clicks"),
    denominator: terms("cta_views"),
    grain: "all",
    source: file,
  },
  {
    id: "landing_page_conversion_rate",
    name: "Landing page conversion rate",
    formula: "landing-page visitors who went on / landing-page visitors",
    unit: "ratio",
    numerator: terms("lp_conversions"),
    denominator: terms("lp_visitors"),
    grain: "all",
    source: file,
  },
  {
    id: "lead_to_customer_rate_cohort",
    name: "Lead-to-customer rate (cohort)",
    formula: "leads of the day that became customers since / leads of the day",
    unit: "ratio",
    numerator: terms("cohort_customers"),
    denominator: terms("leads"),
    grain: "platform",
    source: "imported leads",
    note: "provisional as long as leads of the day may still become customers",
  },
  {
    id: "lead_to_customer_rate_period",
    name: "Lead-to-customer rate (period)",
    formula: "leads that became customers on the day / leads of the day",
    unit: "ratio",
    numerator: terms("customers"),
    denominator: terms("leads"),
    grain: "platform",
    source: "imported leads",
  },
  {
    id: "qualification_rate",
    name: "Qualification rate",
    formula: "leads qualified on the day / leads of the day",
    unit: "ratio",
    numerator: terms("qualified_leads"),
    denominator: terms("leads"),
    grain: "platform",
    source: "imported leads",
  },
  {
    id: "click_through_rate",
    name: "Click-through rate",
    formula: "clicks / impressions",
    unit: "ratio",
    numerator: terms("clicks"),
    denominator: terms("impressions"),
    grain: "platform",
    source: platformFacts,
    note: "clicks as each platform counts them; Meta's include clicks that stay on Meta",
  },
  {
    id: "ad_engagement_rate",
    name: "Engagement rate of ads and posts",
    formula: "engagements / impressions",
    unit: "ratio",
    numerator: terms("engagements"),
    denominator: terms("impressions"),
    grain: "platform",
    source: `${platformFacts}, ${file}`,
  },
  {
    id: "session_engagement_rate",
    name: "Engagement rate of sessions",
    formula: "engaged sessions / sessions",
    unit: "ratio",
    numerator: terms("engaged_sessions"),
    denominator: terms("sessions"),
    grain: "all",
    source: "GA4",
  },
  {
    id: "return_on_ad_spend",
    name: "Return on ad spend",
    formula: "value of the platforms' paid conversions / ad spend",
    unit: "ratio",
    numerator: terms("platform_conversion_value"),
    denominator: terms("platform_spend"),
    conversionSource: "platform",
    grain: "platform",
    source: platformFacts,
    note: "revenue, not profit",
  },
  {
    id: "profit",
    name: "Profit",
    formula: "revenue - cost of goods - ad spend",
    unit: "currency",
    numerator: terms(
      { measure: "revenue", missing: "day" },
      { measure: "cost_of_goods", factor: -1, missing: "day" },
      { measure: "ad_spend", factor: -1 },
    ),
    denominator: [],
    grain: "all",
    source: `${platformFacts}, ${file}`,
    note: "NULL where the cost of goods is not known; revenue is never taken for profit",
  },
  {
    id: "profit_on_ad_spend",
    name: "Profit on ad spend",
    formula: "(revenue - cost of goods) / ad spend",
    unit: "ratio",
    numerator: terms(
      { measure: "revenue", missing: "day" },
      { measure: "cost_of_goods", factor: -1, missing: "day" },
    ),
    denominator: terms("ad_spend"),
    grain: "all",
    source: `${platformFacts}, ${file}`,
  },
  {
    id: "cost_per_contact",
    name: "Cost per contact",
    formula: "contact centre costs / contacts handled on every channel",
    unit: "currency",
    numerator: terms("contact_centre_cost"),
    denominator: terms("contacts"),
    grain: "all",
    source: `imported costs, ${file}`,
    note: "a transferred contact counts once",
  },
  {
    id: "cost_per_call_inbound",
    name: "Cost per inbound call",
    formula: "cost of all inbound calls / inbound calls",
    unit: "currency",
    numerator: terms("call_cost_in"),
    denominator: terms("calls_in"),
    grain: "all",
    source: file,
    note: "2.70 to 5.60 EUR is usual; a hint, no check",
  },
  {
    id: "cost_per_call_outbound",
    name: "Cost per outbound result",
    formula: "operating cost of outbound calls / sales or leads won",
    unit: "currency",
    numerator: terms("call_cost_out"),
    denominator: terms("outbound_results"),
    grain: "all",
    source: file,
    note: "the divisor is results, not calls; what counts as one is chosen with outbound_results",
  },
  {
    id: "top10_share",
    name: "Share of keywords in the top 10",
    formula: "keywords ranked 1 to 10 / tracked keywords",
    unit: "ratio",
    numerator: terms("keywords_top10"),
    denominator: terms("tracked_keywords"),
    grain: "all",
    source: file,
    note: "organic visibility; in no cost figure",
  },
  {
    id: "keywords_top10",
    name: "Keywords in the top 10",
    formula: "keywords ranked 1 to 10",
    unit: "count",
    numerator: terms({ measure: "keywords_top10", missing: "day" }),
    denominator: [],
    grain: "all",
    source: file,
    note: "a state of the day: not to be added up over days",
  },
  {
    id: "quality_score",
    name: "Quality score",
    formula: "sum of score x impressions / impressions of keywords with a score",
    unit: "score",
    numerator: terms("score_impressions"),
    denominator: terms("scored_impressions"),
    grain: "platform",
    source: file,
    note: "Google keywords only, 1 to 10, weighted by impressions; keywords without a score are left out",
  },
  {
    id: "left_out_organic_activity_cost",
    name: "Costs of organic activity, left out",
    formula: "sum of imported costs of class organic_activity",
    unit: "currency",
    numerator: terms("organic_activity_cost"),
    denominator: [],
    grain: "all",
    source: "imported costs",
    note: "SEO, redesign, blog and guest posts, profiles, forum posts: shown beside, in no cost per conversion",
  },
  {
    id: "uncosted_conversions",
    name: "Paid conversions without spend data",
    formula: "first-party paid conversions whose platform's spend is not known",
    unit: "count",
    numerator: terms("uncosted_conversions"),
    denominator: [],
    grain: "all",
    source: firstParty,
  },
  {
    id: "claimed_conversions_factor",
    name: "Conversions claimed per first-party conversion",
    formula: "paid conversions that the platforms count / first-party paid conversions",
    unit: "ratio",
    numerator: terms("platform_conversions"),
    denominator: terms("paid_conversions"),
    grain: "platform",
    source: firstParty,
    note: "above 1 where several platforms claim the same conversion",
  },
];

/** Computed apart, from the targets of the configuration. */
export const targetProgress = {
  id: "target_progress",
  name: "Progress towards a target",
  formula: "(value - baseline) / (target - baseline)",
  unit: "ratio",
  source: "a measure and a configured target",
  note: "NULL where target and baseline are the same; a state of the day, not to be summed over days",
} as const;

/** The KPIs of an id: cost_per_conversion is two, by who counted. */
export const kpisNamed = (id: string): readonly Kpi[] => kpis.filter((kpi) => kpi.id === id);
