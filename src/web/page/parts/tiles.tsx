import type { Overview } from "../../api/answers.ts";
import { changeOf, changeText, count, money, times } from "../format.ts";

type Group = Overview["groups"][number];

interface TileProps {
  readonly label: string;
  readonly text: string;
  /** What the figure is expected to become, where it is not final. */
  readonly expected?: string | undefined;
  /** Undefined: nothing of it can be compared; a text: why not. */
  readonly change: number | string | undefined;
  readonly better: "up" | "down" | "neither";
  readonly on: string;
}

const Tile = ({ label, text, expected, change, better, on }: TileProps) => {
  const isGood =
    typeof change !== "number" || better === "neither" || change === 0
      ? undefined
      : change > 0 === (better === "up");
  const tone = isGood === undefined ? "dim" : isGood ? "good" : "bad";
  return (
    <div class="card tile">
      <h2>{label}</h2>
      <p class="figure">{text}</p>
      {expected !== undefined && <p class="expected">{expected} expected</p>}
      {change !== undefined && (
        <p class={`change ${tone}`}>{typeof change === "number" ? `${changeText(change)} ${on}` : change}</p>
      )}
    </div>
  );
};

const ripening = "still ripening, so not compared";

/** How a figure changed between figures of one age: as expected to end where days of either side are not final. */
const changeIn = (
  { compared }: Group,
  before: Overview["before"],
  pick: (side: NonNullable<Group["compared"]>["now"]) => string | null | undefined,
  ripens: boolean,
): number | string | undefined => {
  if (before === null) return undefined;
  if (compared === null) return "nothing to compare with";
  const isYoung = !compared.now.is_final || !compared.before.is_final;
  const [now, then] = [pick(compared.now), pick(compared.before)];
  if (isYoung && ripens && (now === null || now === undefined)) return ripening;
  return changeOf(now, then) ?? "nothing to compare with";
};

/** Whether the expected figure says more than the reported one. */
const expectedText = (isFinal: boolean, text: string, reported: string): string | undefined =>
  isFinal || text === "–" || text === reported ? undefined : text;

/** The sums of a range, and how they changed. Conversions that still come in are never held against ripe ones. */
export const Tiles = ({
  group,
  before,
  compare,
}: {
  readonly group: Group;
  readonly before: Overview["before"];
  /** With what it is compared: `previous` or `year`. */
  readonly compare: string;
}) => {
  const { now, currency } = group;
  const on = compare === "year" ? "on last year" : "on the period before";
  const cost = money(now.cost_per_conversion, currency);
  const conversions = count(now.conversions);
  const isValueFinal = group.compared?.now.is_final === true && group.compared.before.is_final;
  return (
    <section class="tiles" aria-label={currency === null ? "Key figures" : `Key figures in ${currency}`}>
      <Tile
        label="Cost per conversion"
        text={cost}
        expected={expectedText(now.is_final, money(now.projected_cost_per_conversion, currency), cost)}
        change={changeIn(group, before, (side) => side.projected_cost_per_conversion, true)}
        better="down"
        on={on}
      />
      <Tile
        label="Spend"
        text={money(now.spend, currency)}
        change={changeIn(group, before, (side) => side.spend, false)}
        better="neither"
        on={on}
      />
      <Tile
        label="Conversions"
        text={conversions}
        expected={expectedText(now.is_final, count(now.projected_conversions), conversions)}
        change={changeIn(group, before, (side) => side.projected_conversions, true)}
        better="up"
        on={on}
      />
      <Tile
        label="Return on ad spend"
        text={times(now.return_on_ad_spend)}
        change={changeIn(group, before, (side) => (isValueFinal ? side.return_on_ad_spend : null), true)}
        better="up"
        on={on}
      />
    </section>
  );
};
