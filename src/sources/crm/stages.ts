import type { LeadStage } from "../../metrics/first-party/stages.ts";

/** What a CRM's values of a stage mean. */
export interface StageNames {
  /** Undefined: nobody has said. */
  readonly stageOf: (value: string) => LeadStage | undefined;
  /** A value as people find it in the CRM. */
  readonly shown: (value: string) => string;
}

/**
 * Reads a stage by the config, by value or by label, else by what is built in.
 * @param labels of the values, as the CRM shows them
 */
export const stageNames = (
  stages: Readonly<Record<string, LeadStage>>,
  labels: ReadonlyMap<string, string>,
  builtIn: Readonly<Record<string, LeadStage>> = {},
): StageNames => {
  // A label names a stage where it is the only one of its kind.
  const all = [...labels.values()];
  const unique = new Map([...labels].filter(([, label]) => all.indexOf(label) === all.lastIndexOf(label)));
  return {
    stageOf: (value) => stages[value] ?? stages[unique.get(value) ?? ""] ?? builtIn[value],
    shown: (value) => {
      const label = unique.get(value);
      return label === undefined || label === value ? value : `${value} (${label})`;
    },
  };
};

/** The earliest of some times in UTC. */
export const earliest = (...times: readonly (string | undefined)[]): string | undefined =>
  times.filter((time) => time !== undefined).sort()[0];

/** The first time that a lead had each of the CRM's own values, where it is known. */
export type RawStages = ReadonlyMap<string, string | undefined>;

/** The rows of a lead's life: what it reached and scored, each with its time where one is known. */
export const journeyRows = (
  base: { readonly lead_id: string; readonly created_at: string },
  stages: ReadonlyMap<LeadStage, string | undefined>,
  scores: readonly { readonly score: string; readonly at: string | undefined }[],
  raws: RawStages = new Map(),
): readonly Readonly<Record<string, string>>[] => {
  const ladder = [...stages];
  const own = [...raws];
  return Array.from({ length: Math.max(ladder.length, scores.length, own.length) }, (_, index) => {
    const [raw, rawAt] = own[index] ?? [];
    const [stage, stageAt] = ladder[index] ?? [];
    const { score, at } = scores[index] ?? {};
    return {
      ...base,
      ...(raw === undefined ? {} : { raw_stage: raw }),
      ...(rawAt === undefined ? {} : { raw_stage_at: rawAt }),
      ...(stage === undefined ? {} : { stage }),
      ...(stageAt === undefined ? {} : { stage_at: stageAt }),
      ...(score === undefined ? {} : { score }),
      ...(at === undefined ? {} : { score_at: at }),
    };
  });
};
