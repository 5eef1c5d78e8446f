import { shareOut } from "../split.ts";
import type { Leaf } from "./figures.ts";

/** The fields that tell a part of a leaf from the others, by their GAQL names. */
export type PartFields = Readonly<Record<string, unknown>>;

interface Part {
  readonly leaf: Leaf;
  readonly fields: PartFields;
}

type Plan = readonly (readonly [share: number, fields: PartFields])[];

const device = (name: string): PartFields => ({ "segments.device": name });

const devices: Plan = [
  [0.55, device("MOBILE")],
  [0.3, device("DESKTOP")],
  [0.1, device("TABLET")],
  [0.04, device("CONNECTED_TV")],
  [0.01, device("OTHER")],
];

const country = (id: number, targeted: boolean): PartFields => ({
  "user_location_view.country_criterion_id": String(id),
  "user_location_view.targeting_location": targeted,
});

/** Denmark, Germany in and out of what was targeted, the United States; some people are nowhere. */
const countries: Plan = [
  [0.5, country(2208, true)],
  [0.25, country(2276, true)],
  [0.1, country(2276, false)],
  [0.1, country(2840, false)],
];

const keyword = (group: string, place: number, text: string, match: string): PartFields => ({
  "ad_group_criterion.criterion_id": `30${group.slice(-6)}${String(place)}`,
  "ad_group_criterion.keyword.text": text,
  "ad_group_criterion.keyword.match_type": match,
});

const isSearch = ({ campaign }: Leaf): boolean =>
  campaign.fields["campaign.advertising_channel_type"] === "SEARCH";

/** Every search click has its keyword. One of them is known by its ad group alone: ids are unique no further. */
const keywordsOf = (leaf: Leaf): Plan =>
  isSearch(leaf)
    ? [
        [0.6, keyword(leaf.adGroup?.id ?? "", 1, "løbesko", "EXACT")],
        [
          0.4,
          { ...keyword("0", 7, "running shoes", "BROAD"), "ad_group_criterion.criterion_id": "300000007" },
        ],
      ]
    : [];

const term = (text: string): PartFields => ({ "search_term_view.search_term": text });

/** Searches that few people made are not told. */
const termsOf = (leaf: Leaf): Plan =>
  isSearch(leaf)
    ? [
        [0.35, term("løbesko herre")],
        [0.2, term("buy running shoes 東京")],
        [0.1, term("unknown")],
        [0.05, term(`why ${"very ".repeat(120)}long`)],
      ]
    : [];

const planOf = (resource: string, fields: readonly string[]): ((leaf: Leaf) => Plan) | undefined => {
  if (fields.includes("segments.device")) return () => devices;
  if (resource === "user_location_view") return () => countries;
  if (resource === "keyword_view") return keywordsOf;
  if (resource === "search_term_view") return termsOf;
  return undefined;
};

const split = (leaf: Leaf, plan: Plan): Part[] => {
  const shares = plan.map(([share]) => share);
  const out = (figure: number) => shareOut(figure, shares);
  const [cost, impressions, clicks] = [out(leaf.costMicros), out(leaf.impressions), out(leaf.clicks)];
  const credits = leaf.credits.map((credit) => ({
    action: credit.action,
    counted: out(credit.counted),
    countedValue: out(credit.countedValue),
    all: out(credit.all),
    allValue: out(credit.allValue),
  }));
  return plan.map(([, fields], index) => ({
    fields,
    leaf: {
      ...leaf,
      costMicros: cost[index] ?? 0,
      impressions: impressions[index] ?? 0,
      clicks: clicks[index] ?? 0,
      credits: credits.map(({ action, counted, countedValue, all, allValue }) => ({
        action,
        counted: counted[index] ?? 0,
        countedValue: countedValue[index] ?? 0,
        all: all[index] ?? 0,
        allValue: allValue[index] ?? 0,
      })),
    },
  }));
};

/** Leaves in the parts that the query tells apart; whole ones where it tells none. */
export const partsOf = (
  resource: string,
  fields: readonly string[],
  leaves: readonly Leaf[],
): readonly Part[] => {
  const plan = planOf(resource, fields);
  return plan
    ? leaves.flatMap((leaf) => split(leaf, plan(leaf)))
    : leaves.map((leaf) => ({ leaf, fields: {} }));
};
