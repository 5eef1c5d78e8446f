import { divide, type Exact, one, toText } from "../../domain/decimal.ts";
import type { Evidence } from "../figures/evidence.ts";
import { figureOf } from "../figures/judge.ts";
import type { AlertRule } from "../rule/rule.ts";
import { sparkline } from "./sparkline.ts";

/** `+30%`, against a figure that is not 0. */
const moved = (now: Exact | null, before: Exact | null): string | undefined => {
  if (now === null || before === null || before === 0n) return undefined;
  const percent = toText((divide(now, before) - one) * 100n, 0);
  return `${percent.startsWith("-") ? "" : "+"}${percent}%`;
};

/** The evidence in words. */
export const evidenceText = (evidence: Evidence, rule: AlertRule): readonly string[] => {
  const { now, before, campaigns } = evidence;
  const moves = [
    ["spend", moved(now.spend, before.spend)],
    ["click price", moved(figureOf("cost_per_click", now), figureOf("cost_per_click", before))],
    ["conversion rate", moved(figureOf("conversion_rate", now), figureOf("conversion_rate", before))],
  ].flatMap(([name, move]) => (move === undefined ? [] : [`${name ?? ""} ${move}`]));
  return [
    ...(moves.length === 0 ? [] : [`against the window before: ${moves.join(", ")}`]),
    ...(evidence.openDays === 0
      ? []
      : [
          `${String(evidence.openDays)} of ${String(evidence.days)} days are not final, conversions may still come in`,
        ]),
    ...(campaigns.length === 0 || rule.by.includes("campaign")
      ? []
      : [
          `carried by ${campaigns
            .map(
              ({ name, spend, conversions }) => `${name} (${toText(spend, 2)} for ${toText(conversions, 2)})`,
            )
            .join(", ")}`,
        ]),
    `daily ${sparkline(evidence.daily)}`,
  ];
};
