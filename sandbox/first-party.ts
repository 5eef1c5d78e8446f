import { type DayRange, eachDay } from "../src/domain/day.ts";
import { chance, dayFactor } from "./pattern.ts";

/** A shop's own books, as CSV files for `costper import`: what really was sold, and through which visit. */

/** A campaign that the shop's visits may come from. */
export interface ShopCampaign {
  readonly platform: string;
  readonly id: string;
  readonly name: string;
  /** Visits are shared out by it, such as spend. */
  readonly weight: number;
}

/** CSV text by kind of import: what no system of the shop gives out by itself. */
type ShopFiles = Readonly<Record<"conversions" | "costs" | "measures", string>>;

/** Somebody who left contact details, with what the landing page's URL carried, and how far they came. */
export interface ShopLead {
  readonly at: string;
  readonly stage: (typeof stages)[number];
  readonly visit: Visit;
}

const visitColumns = [
  "source",
  "medium",
  "campaign",
  "campaign_id",
  "referrer_host",
  "gclid",
  "gad_campaignid",
  "li_fat_id",
  "msclkid",
  "twclid",
  "fbclid",
] as const;

type Visit = Partial<Record<(typeof visitColumns)[number], string>>;

/** What a visit is made of: a draw of its own, and a campaign of a platform. */
interface Draw {
  readonly id: string;
  readonly half: boolean;
  readonly campaign: (platform: string) => ShopCampaign | undefined;
}

/** Where visits come from, with what their landing URLs carry, and how many of a hundred buyers each brings. */
const origins: readonly (readonly [share: number, visit: (draw: Draw) => Visit])[] = [
  // Auto-tagging: the click id, and beside it the campaign's.
  [
    39,
    ({ id, campaign }) => ({
      gclid: `Cj0${id}`,
      gad_campaignid: campaign("google")?.id ?? "",
      referrer_host: "www.google.com",
    }),
  ],
  // Ads tagged as mere social posts carry nothing that proves them paid but their campaign's id.
  [
    20,
    ({ id, half, campaign }) => ({
      source: "facebook",
      medium: half ? "paid_social" : "social",
      campaign_id: campaign("meta")?.id ?? "",
      fbclid: `IwY${id}`,
    }),
  ],
  [6, ({ id, campaign }) => ({ li_fat_id: id, campaign: campaign("linkedin")?.name ?? "" })],
  [3, ({ id, campaign }) => ({ twclid: id, campaign_id: campaign("x")?.id ?? "" })],
  // Nobody fetches what Microsoft costs: paid, and uncosted.
  [2, ({ id }) => ({ msclkid: id, referrer_host: "www.bing.com" })],
  [14, ({ half }) => ({ referrer_host: half ? "www.google.com" : "duckduckgo.com" })],
  [8, () => ({})],
  [4, () => ({ source: "newsletter", medium: "email", campaign: "monthly" })],
  [2, ({ id }) => ({ referrer_host: "www.facebook.com", fbclid: `IwY${id}` })],
  [2, () => ({ referrer_host: "blog.example" })],
];

const csv = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, ...rows]
    .map((row) =>
      row.map((value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(),
    )
    .join("\n") + "\n";

/** The first whose running sum exceeds the drawn part of the whole. */
const pick = <T>(items: readonly T[], weightOf: (item: T) => number, drawn: number): T | undefined => {
  let left = drawn * items.reduce((sum, item) => sum + weightOf(item), 0);
  return items.find((item) => (left -= weightOf(item)) < 0);
};

const instantOf = (day: string, drawn: number): string => {
  const minute = 6 * 60 + Math.floor(drawn * 960);
  const digits = (value: number) => String(value).padStart(2, "0");
  return `${day}T${digits(Math.floor(minute / 60))}:${digits(minute % 60)}:00Z`;
};

const stages = ["lead", "lead", "marketing_qualified", "sales_qualified", "customer"] as const;
const buyersADay = 80;
const leadsADay = 10;

/** A month's invoices of the shop, in euros. */
const bookings = [
  ["tool", "900", "bid management"],
  ["labour", "4500", "campaign management"],
  ["organic_activity", "2500", "search engine optimisation"],
] as const;

/** Draws visits that the campaigns may have brought. */
const visitDrawer = (campaigns: readonly ShopCampaign[], seed: string): ((id: string) => Visit) => {
  const byPlatform = new Map<string, ShopCampaign[]>();
  for (const campaign of campaigns)
    byPlatform.set(campaign.platform, [...(byPlatform.get(campaign.platform) ?? []), campaign]);
  const draw = (id: string): Visit => {
    const [, make] = pick(origins, ([share]) => share, chance(seed, id, "origin")) ?? [];
    const visit = make?.({
      id,
      half: chance(seed, id, "half") < 0.5,
      campaign: (platform) =>
        pick(byPlatform.get(platform) ?? [], ({ weight }) => weight, chance(seed, id, "campaign")),
    });
    return visit ?? {};
  };
  return draw;
};

const many = (day: string, mean: number): string[] =>
  Array.from({ length: Math.round(mean * dayFactor(day)) }, (_, index) => `${day}-${String(index)}`);

/** The shop's leads of some days, oldest first. */
export const shopLeads = (
  range: DayRange,
  campaigns: readonly ShopCampaign[],
  seed = "costper",
): readonly ShopLead[] => {
  const visitOf = visitDrawer(campaigns, seed);
  return eachDay(range).flatMap((day) =>
    many(day, leadsADay).map((id, index, all) => ({
      at: instantOf(day, index / all.length),
      stage: stages[Math.floor(chance(seed, id, "stage") * stages.length)] ?? "lead",
      visit: visitOf(`lead ${id}`),
    })),
  );
};

/** The shop's files of some days; the same seed, days and campaigns give the same files. */
export const shopFiles = (
  range: DayRange,
  campaigns: readonly ShopCampaign[],
  seed = "costper",
): ShopFiles => {
  const visitOf = visitDrawer(campaigns, seed);
  const days = eachDay(range);

  const conversions = days.flatMap((day) =>
    many(day, buyersADay).map((id, index, all) => {
      // Now and then a shop reports an order twice.
      const order = index > 0 && chance(seed, id, "again") < 0.01 ? all[index - 1] : id;
      const value = (20 + chance(seed, id, "value") * 120).toFixed(2);
      return [
        `C-${id}`,
        "purchase",
        instantOf(day, index / all.length),
        value,
        "EUR",
        `O-${order ?? id}`,
        ...visitColumns.map((name) => visitOf(id)[name] ?? ""),
      ];
    }),
  );
  const months = [...new Set(days.map((day) => day.slice(0, 7)))];
  const costs = months.flatMap((month) => {
    const inMonth = days.filter((day) => day.startsWith(month));
    return bookings.map(([kind, amount, label]) => [
      inMonth[0] ?? "",
      inMonth.at(-1) ?? "",
      kind,
      ((Number(amount) * inMonth.length) / 30).toFixed(2),
      "EUR",
      label,
      `${label} ${month}`,
    ]);
  });
  const conversion = ["conversion_id", "conversion_name", "converted_at", "value", "currency", "order_id"];
  return {
    conversions: csv([...conversion, ...visitColumns], conversions),
    costs: csv(
      ["period_start", "period_end", "cost_class", "amount", "currency", "label", "external_id"],
      costs,
    ),
    measures: csv(
      ["date", "measure", "value", "currency", "label"],
      days.flatMap((day) => [
        [day, "call_cost_in", (96 * dayFactor(day)).toFixed(2), "EUR", "call centre"],
        [day, "call_cost_out", (60 * dayFactor(day)).toFixed(2), "EUR", "call centre"],
      ]),
    ),
  };
};
