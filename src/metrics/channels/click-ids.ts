/**
 * The ad platforms that a click id or a source can name. These tables are of the trade, not of the connectors: they name
 * platforms that costper does not pull, and their order is a rule.
 */
type AdPlatform = "google" | "microsoft" | "linkedin" | "tiktok" | "x" | "meta";

interface ClickId {
  readonly name: string;
  readonly platform: AdPlatform;
  readonly source: string;
  readonly medium: string;
}

/**
 * Ids that a platform adds to the landing URL when, and only when, an ad was clicked. Where several are there and the
 * referrer does not tell, the first of this table counts. gbraid and wbraid are Google's aggregated iOS forms; dclid is
 * Campaign Manager and DV360, taken as display.
 */
export const paidClickIds = [
  { name: "gclid", platform: "google", source: "google", medium: "cpc" },
  { name: "gbraid", platform: "google", source: "google", medium: "cpc" },
  { name: "wbraid", platform: "google", source: "google", medium: "cpc" },
  { name: "gclsrc", platform: "google", source: "google", medium: "cpc" },
  { name: "gad_source", platform: "google", source: "google", medium: "cpc" },
  { name: "gad_campaignid", platform: "google", source: "google", medium: "cpc" },
  { name: "dclid", platform: "google", source: "google", medium: "display" },
  { name: "msclkid", platform: "microsoft", source: "bing", medium: "cpc" },
  { name: "li_fat_id", platform: "linkedin", source: "linkedin", medium: "cpc" },
  { name: "ttclid", platform: "tiktok", source: "tiktok", medium: "cpc" },
  { name: "twclid", platform: "x", source: "twitter", medium: "cpc" },
] as const satisfies readonly ClickId[];

export type PaidClickId = (typeof paidClickIds)[number]["name"];

/** Ids that unpaid links carry too: Meta's, and free product listings of Google's Merchant Center. */
export const unprovingClickIds = ["fbclid", "srsltid"] as const;

export const clickIdNames = [...paidClickIds.map(({ name }) => name), ...unprovingClickIds] as const;

/** Whose click each id is; an id that no platform's ads add is not in it. */
export const clickIdPlatforms: readonly (readonly [name: string, platform: AdPlatform])[] = [
  ...paidClickIds.map(({ name, platform }) => [name, platform] as const),
  ["fbclid", "meta"],
];

export type ClickIdName = PaidClickId | (typeof unprovingClickIds)[number];

/** Words under which people tag a platform's ads: the whole source, or a label of it where it is a host. */
export const sourceFamilies: Readonly<Record<AdPlatform, readonly string[]>> = {
  google: [
    "google",
    "youtube",
    "adwords",
    "googleads",
    "google-ads",
    "google_ads",
    "google ads",
    "gmail",
    "dv360",
  ],
  microsoft: [
    "bing",
    "yahoo",
    "msn",
    "aol",
    "duckduckgo",
    "ecosia",
    "microsoft",
    "bingads",
    "bing-ads",
    "bing_ads",
    "bing ads",
    "microsoft-ads",
    "microsoft ads",
  ],
  linkedin: ["linkedin", "lnkd", "li"],
  tiktok: ["tiktok"],
  x: ["twitter", "x", "t.co"],
  meta: [
    "facebook",
    "instagram",
    "fb",
    "ig",
    "meta",
    "messenger",
    "threads",
    "whatsapp",
    "audience_network",
    "an",
  ],
};

const platformOfWord = new Map(
  Object.entries(sourceFamilies).flatMap(([platform, words]) =>
    words.map((word) => [word, platform as AdPlatform] as const),
  ),
);

/** The ad platform whose family the (normalised) source belongs to. */
export const platformOfSource = (source: string): AdPlatform | undefined => {
  const whole = platformOfWord.get(source);
  if (whole !== undefined || !source.includes(".")) return whole;
  for (const label of source.split(".")) {
    const platform = platformOfWord.get(label);
    if (platform !== undefined) return platform;
  }
  return undefined;
};

export const isInFamily = (source: string, platform: AdPlatform): boolean =>
  sourceFamilies[platform].includes(source) ||
  (source.includes(".") && source.split(".").some((label) => sourceFamilies[platform].includes(label)));

// Hosts that say which platform's click brought the visitor, where the URL carries ids of several.
const refererHosts: readonly (readonly [RegExp, AdPlatform])[] = [
  [/(^|\.)(bing|yahoo|duckduckgo)\.[a-z.]+$/, "microsoft"],
  [/(^|\.)(google|youtube)\.[a-z.]+$/, "google"],
  [/(^|\.)(googlesyndication|doubleclick|googleadservices)\.[a-z]+$/, "google"],
  [/(^|\.)(linkedin\.com|lnkd\.in)$/, "linkedin"],
  [/(^|\.)tiktok\.com$/, "tiktok"],
  [/(^|\.)(twitter\.com|x\.com|t\.co)$/, "x"],
];

export const platformOfReferrer = (host: string): AdPlatform | undefined =>
  host === "" ? undefined : refererHosts.find(([pattern]) => pattern.test(host))?.[1];
