import { costKpis } from "./cost-kpis.ts";
import type { Kpi } from "./kpi.ts";
import { rateKpis } from "./rate-kpis.ts";

/** Every KPI: the marts, docs/kpis.md and `report --metric` are made from this. */
export const kpis: readonly Kpi[] = [...costKpis, ...rateKpis];

/** Computed apart, from the targets of the configuration. */
export const targetProgress = {
  id: "target_progress",
  name: "Progress towards a target",
  formula: "(value - baseline) / (target - baseline)",
  unit: "ratio",
  source: "a measure and a configured target",
  note: "NULL where target and baseline are the same; a state of the day, not to be summed over days",
} as const;
