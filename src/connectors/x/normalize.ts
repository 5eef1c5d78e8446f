import { addDays, countDays, type Day } from "../../domain/day.ts";
import { type Decimal, fromMicros, orZero, wholeNumber } from "../../domain/decimal.ts";
import type { Conversions, Delivery } from "../../domain/facts.ts";
import { Failure } from "../../domain/failure.ts";
import type { Answered, Question } from "./stats.ts";

/** Delivery of one entity, day and placement; money in micros. */
export interface DeliveryCell {
  readonly id: string;
  readonly date: Day;
  readonly placement: string;
  readonly spend: bigint;
  readonly impressions: bigint;
  readonly clicks: bigint;
}

/** Web conversions of one type and part; value in micros. */
export interface ConversionCell {
  readonly id: string;
  readonly date: Day;
  readonly placement: string;
  readonly actionId: string;
  /** `post_view`, `post_engagement`; empty for what X counts and says of neither. */
  readonly attribution: string;
  readonly conversions: bigint;
  readonly value: bigint;
}

const wrong = ({ report, placement, from, to }: Question, message: string): Failure =>
  new Failure({
    kind: "data",
    platform: "x",
    message: `stats of ${report.entity} ${from} to ${to} (${placement}): ${message}`,
    remedy: "nothing of this window was published; report it to costper",
  });

type Metrics = Readonly<Record<string, unknown>>;

/** Null is "no data in the whole span", and a null element no data on its day: both are zeros. */
const seriesOf = (question: Question, metrics: Metrics, name: string): readonly bigint[] | undefined => {
  const value = metrics[name];
  if (value === null || value === undefined) return undefined;
  const days = countDays(question);
  if (!Array.isArray(value)) throw wrong(question, `${name} is no list`);
  if (value.length !== days)
    throw wrong(question, `${name} has ${String(value.length)} days rather than ${String(days)}`);
  return value.map((element: unknown) => BigInt(wholeNumber(orZero(element), name)));
};

/** The metrics of each entity that was asked for, once; segments are never asked for. */
function* entitiesOf({ question, body }: Answered): Generator<readonly [id: string, metrics: Metrics]> {
  const length = body.time_series_length;
  if (length !== null && length !== undefined && length !== countDays(question))
    throw wrong(question, `the answer has ${String(length)} days`);
  const asked = new Set(question.ids);
  for (const { id, id_data } of body.data) {
    if (!asked.delete(id)) continue;
    const metrics = id_data.find(({ segment }) => segment === null || segment === undefined)?.metrics;
    if (metrics) yield [id, metrics];
  }
}

export function* deliveryCells(answered: Answered): Generator<DeliveryCell> {
  const { question } = answered;
  for (const [id, metrics] of entitiesOf(answered)) {
    const spend = seriesOf(question, metrics, "billed_charge_local_micro");
    const impressions = seriesOf(question, metrics, "impressions");
    const clicks = seriesOf(question, metrics, "clicks");
    if (!spend && !impressions && !clicks) continue;
    for (let index = 0; index < countDays(question); index += 1) {
      const cell = {
        id,
        date: addDays(question.from, index),
        placement: question.placement,
        spend: spend?.[index] ?? 0n,
        impressions: impressions?.[index] ?? 0n,
        clicks: clicks?.[index] ?? 0n,
      };
      if (cell.spend !== 0n || cell.impressions !== 0n || cell.clicks !== 0n) yield cell;
    }
  }
}

const prefix = "conversion_";

/** Counts are plain, values are micros of the account's currency ("Announcement: additional stats metrics"). */
export function* conversionCells(answered: Answered): Generator<ConversionCell> {
  const { question } = answered;
  for (const [id, metrics] of entitiesOf(answered))
    for (const [name, members] of Object.entries(metrics)) {
      if (!name.startsWith(prefix) || typeof members !== "object" || members === null) continue;
      const series = (member: string) => seriesOf(question, members as Metrics, member);
      const [whole, view, engagement] = [series("metric"), series("post_view"), series("post_engagement")];
      const [wholeValue, viewValue, engagementValue] = [
        series("sale_amount"),
        series("sale_amount_view"),
        series("sale_amount_engagement"),
      ];
      for (let index = 0; index < countDays(question); index += 1) {
        const parts = [
          ["post_view", view?.[index] ?? 0n, viewValue?.[index] ?? 0n],
          ["post_engagement", engagement?.[index] ?? 0n, engagementValue?.[index] ?? 0n],
        ] as const;
        // Members can be null one by one: the rest of the whole is kept without a part.
        const known = parts.reduce((sum, [, count]) => sum + count, 0n);
        const knownValue = parts.reduce((sum, [, , value]) => sum + value, 0n);
        const rest = [
          "",
          whole ? (whole[index] ?? 0n) - known : 0n,
          wholeValue ? (wholeValue[index] ?? 0n) - knownValue : 0n,
        ] as const;
        for (const [attribution, conversions, value] of [...parts, rest])
          if (conversions !== 0n || value !== 0n)
            yield {
              id,
              date: addDays(question.from, index),
              placement: question.placement,
              actionId: name.slice(prefix.length),
              attribution,
              conversions,
              value,
            };
      }
    }
}

/** Adds up cells that share a key, such as those of one ad in several places. */
export const addUp = <Cell, Sum>(
  cells: Iterable<Cell>,
  keyOf: (cell: Cell) => string,
  add: (before: Sum | undefined, cell: Cell) => Sum,
): Map<string, Sum> => {
  const sums = new Map<string, Sum>();
  for (const cell of cells) {
    const key = keyOf(cell);
    sums.set(key, add(sums.get(key), cell));
  }
  return sums;
};

export const addDelivery = (before: DeliveryCell | undefined, cell: DeliveryCell): DeliveryCell =>
  before
    ? {
        ...before,
        spend: before.spend + cell.spend,
        impressions: before.impressions + cell.impressions,
        clicks: before.clicks + cell.clicks,
      }
    : cell;

export const addConversions = (before: ConversionCell | undefined, cell: ConversionCell): ConversionCell =>
  before
    ? { ...before, conversions: before.conversions + cell.conversions, value: before.value + cell.value }
    : cell;

const units = (micros: bigint, field: string): Decimal => fromMicros(micros.toString(), field);

export const deliveryOf = ({ spend, impressions, clicks }: DeliveryCell): Delivery => ({
  spend: units(spend, "billed_charge_local_micro"),
  impressions: impressions.toString(),
  clicks: clicks.toString(),
});

export const conversionsOf = ({
  actionId,
  attribution,
  conversions,
  value,
}: ConversionCell): Conversions => ({
  actionId,
  attribution,
  traffic: "paid",
  conversions: conversions.toString(),
  conversionValue: units(value, "sale_amount"),
});
