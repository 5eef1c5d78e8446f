import { addDays, addMonths, countDays, type Day } from "../../domain/day.ts";
import { type Decimal, divide, exact, multiply, one, toText } from "../../domain/decimal.ts";
import type { Read } from "../../warehouse/reading.ts";
import { kpis } from "./catalogue.ts";
import type { Kpi } from "./kpi.ts";
import { kpiIds, kpiStatement, type KpiRow } from "./read.ts";
import { isBetterLower, type MonthlyTarget } from "./targets.ts";

/** A KPI's month so far, and where it leads. */
export interface KpiPace {
  readonly kpi: string;
  readonly name: string;
  readonly formula: string;
  readonly of: string | null;
  readonly platform: string | null;
  readonly unit: string;
  /** Of the month up to the day. */
  readonly value: Decimal | null;
  /** What the whole month comes to at this pace: a sum grows with its days, a ratio stays. */
  readonly month: Decimal | null;
  readonly target: Decimal | null;
  /** month / target; null without a target or a value. */
  readonly of_target: Decimal | null;
  readonly on_track: boolean | null;
  /** Share of the days with data for which both sides are known. */
  readonly coverage: Decimal;
}

const definitionOf = ({ kpi, of }: KpiRow): Kpi | undefined =>
  kpis.find(({ id, conversionSource }) => id === kpi && (conversionSource ?? null) === of) ??
  kpis.find(({ id }) => id === kpi);

/** A sum of days grows with the month; ratios and states do not. */
const isSum = (kpi: Kpi | undefined): boolean =>
  kpi !== undefined && kpi.denominator.length === 0 && kpi.isState !== true;

/** Every KPI that has figures in the month of `day`, up to it, with its target where the configuration names one. */
export const monthPace = async (
  read: Read,
  day: Day,
  targets: readonly MonthlyTarget[],
): Promise<readonly KpiPace[]> => {
  const from = `${day.slice(0, 7)}-01`;
  const whole = countDays({ from, to: addDays(addMonths(from, 1), -1) });
  const gone = countDays({ from, to: day });
  const ask = (by: readonly "platform"[]): Promise<readonly KpiRow[]> =>
    read<KpiRow>(kpiStatement({ ids: kpiIds, by, from, to: day }));
  const rows = [...(await ask([])), ...(await ask(["platform"]))];
  const paces = rows.flatMap((row): KpiPace[] => {
    const definition = definitionOf(row);
    if (definition === undefined) return [];
    const target = targets.find(
      (one_) =>
        one_.kpi === row.kpi &&
        (one_.of === undefined || one_.of === row.of) &&
        (one_.platform ?? null) === row.platform,
    );
    // Platforms are told of where somebody set them an aim.
    if (row.platform !== null && target === undefined) return [];
    const month =
      row.value === null || !isSum(definition)
        ? row.value
        : toText(divide(multiply(exact(row.value), BigInt(whole) * one), BigInt(gone) * one));
    const aim = target === undefined ? null : exact(target.target);
    const comes = month === null ? null : exact(month);
    return [
      {
        kpi: row.kpi,
        name: definition.name,
        formula: definition.formula,
        of: row.of,
        platform: row.platform,
        unit: row.unit,
        value: row.value,
        month,
        target: target?.target ?? null,
        of_target: aim === null || comes === null || aim === 0n ? null : toText(divide(comes, aim)),
        on_track:
          target === undefined || aim === null || comes === null
            ? null
            : isBetterLower(target)
              ? comes <= aim
              : comes >= aim,
        coverage: row.coverage,
      },
    ];
  });
  return paces.toSorted((a, b) => Number(a.target === null) - Number(b.target === null));
};
