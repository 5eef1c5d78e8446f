import type { ClassifyOptions } from "../channels/classify.ts";
import type { LeadStage } from "./stages.ts";

/** The choices that the first-party rollup depends on. */
export interface FirstPartySettings {
  /** IANA zone in whose days leads and conversions are booked. */
  readonly timeZone: string;
  /** Money of several currencies is added up in this one; undefined: it is not added up. */
  readonly reportingCurrency?: string | undefined;
  /** A lead is qualified from this stage on, or from this score on, or when its file says so. */
  readonly qualifiedStage?: LeadStage;
  readonly qualifiedScore?: string;
  /** Conversion names that come from GA4's key events; imported ones of these names are left out. */
  readonly ga4KeyEvents?: readonly string[];
  /** Aims for a measure, such as visitors from 100 to 1000 a day. */
  readonly targets?: readonly KpiTarget[];
  /** How visits are sorted; where it changed, stored rows are sorted anew. Undefined: they stay as they are. */
  readonly classify?: ClassifyOptions;
}

export interface KpiTarget {
  readonly name: string;
  readonly measure: string;
  readonly baseline: string;
  readonly target: string;
}

/** A click explains a lead for so long; afterwards it is Unassigned. */
export const clickWindowDays = 90;
