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
  /** A state of the day, such as a rank: days are not added up, the last one stands. */
  readonly isState?: boolean;
}

/** Terms that count once, with the default rule for days without. */
export const terms = (...measures: readonly (string | Term)[]): readonly Term[] =>
  measures.map((measure) => (typeof measure === "string" ? { measure } : measure));

/** Where figures come from, in words. */
export const sources = {
  platforms: "the ad platforms",
  firstParty: "the ad platforms and imported conversions",
  leads: "the ad platforms and imported leads",
  file: "costper import measures",
} as const;
