import { createHash } from "node:crypto";
import { type BreakdownName, type Device, unknownPart } from "../../domain/breakdown.ts";
import { countryOfNumber } from "../../domain/country.ts";
import type { BreakdownDay, Entity } from "../../domain/facts.ts";
import { conversionsBy, deliveriesBy, idOf, type ReadDay, type Row, textOf } from "./normalize.ts";

/** Rows of the breakdown queries, without talking to anybody. */

const devices: Readonly<Record<string, Device>> = {
  DESKTOP: "desktop",
  MOBILE: "mobile",
  TABLET: "tablet",
  CONNECTED_TV: "tv",
  OTHER: "other",
};

/** Google's number of a country is the ISO number and 2000 ("Geo targets"): 2208 is Denmark. */
const countryOf = (criterionId: unknown): string => {
  const number = Number(criterionId) - 2_000;
  return countryOfNumber(number) ?? unknownPart;
};

/** A key of an index holds no more than some thousand bytes; a search may be longer. */
const longestTerm = 400;

/** A term that is cut keeps a mark of all of it; the word that stands for what is not known has quotes. */
const termOf = (written: unknown): string => {
  const term = textOf(written);
  if (term === "") return unknownPart;
  if (term === unknownPart) return `"${term}"`;
  if (term.length <= longestTerm) return term;
  const mark = createHash("sha256").update(term).digest("hex").slice(0, 12);
  // By characters: half a character is no text.
  return `${Array.from(term).slice(0, longestTerm).join("")} [${mark}]`;
};

const adGroupId = (row: Row): string => idOf(row.adGroup?.id, "ad_group.id");

const keys: Readonly<Record<BreakdownName, (row: Row) => Pick<BreakdownDay, "part" | "adGroupId">>> = {
  device: ({ segments }) => ({ part: devices[textOf(segments?.device)] ?? unknownPart }),
  country: ({ userLocationView }) => ({ part: countryOf(userLocationView?.countryCriterionId) }),
  keyword: (row) => ({
    adGroupId: adGroupId(row),
    part: idOf(row.adGroupCriterion?.criterionId, "ad_group_criterion.criterion_id"),
  }),
  search_term: (row) => ({ adGroupId: adGroupId(row), part: termOf(row.searchTermView?.searchTerm) }),
};

/** Each country comes twice, targeted and not. Of devices several may be unknown. */
export const mayComeAgain = (breakdown: BreakdownName, { part }: BreakdownDay): boolean =>
  breakdown === "country" || (breakdown === "device" && part === unknownPart);

const keyOf = (breakdown: BreakdownName, row: Row, day: ReadDay) => ({
  date: day(row.segments?.date),
  campaignId: idOf(row.campaign?.id, "campaign.id"),
  ...keys[breakdown](row),
});

export const breakdownDeliveries = (
  breakdown: BreakdownName,
  rows: readonly unknown[],
  day: ReadDay,
): BreakdownDay[] => deliveriesBy(rows, (row) => keyOf(breakdown, row, day));

export const breakdownConversions = (
  breakdown: BreakdownName,
  rows: readonly unknown[],
  day: ReadDay,
  primaryIds: ReadonlySet<string>,
): BreakdownDay[] => conversionsBy(rows, primaryIds, (row) => keyOf(breakdown, row, day));

/** The keywords that rows speak of, by ad group and id. */
export type SeenKeywords = Map<string, Entity>;

export const seeKeywords = (seen: SeenKeywords, rows: readonly unknown[]): void => {
  for (const row of rows as readonly Row[]) {
    const id = idOf(row.adGroupCriterion?.criterionId, "ad_group_criterion.criterion_id");
    const group = adGroupId(row);
    const key = `${group} ${id}`;
    if (seen.has(key)) continue;
    seen.set(key, {
      kind: "keyword",
      id,
      adGroupId: group,
      campaignId: idOf(row.campaign?.id, "campaign.id"),
      name: textOf(row.adGroupCriterion?.keyword?.text),
      matchType: textOf(row.adGroupCriterion?.keyword?.matchType),
      status: "",
    });
  }
};
