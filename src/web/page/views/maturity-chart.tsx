import type { MaturityCurve } from "../../api/answers.ts";
import { integer, percent } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import { platformName } from "../platforms.ts";

const colours = ["--first", "--second", "--third", "--dim"];

const label = ({ platform, account_name, account_id }: MaturityCurve): string =>
  `${platformName(platform)} ${account_name ?? account_id}`;

/** How complete an account's days are at each age; nothing where none was learned. */
export const MaturityChart = ({ curves }: { readonly curves: readonly MaturityCurve[] }) => {
  if (curves.length === 0) return null;
  const places = [...new Set(curves.flatMap(({ ages }) => ages))].toSorted((a, b) => a - b);
  // More accounts than colours: those of a platform share its own.
  const isCrowded = curves.length > colours.length;
  const shareAt = ({ ages, shares }: MaturityCurve, age: number): string | undefined =>
    shares[ages.indexOf(age)];
  return (
    <Chart
      title="How complete a day’s conversions are, by age"
      places={places}
      time={false}
      placeText={(age) => `${integer(age)} days old`}
      lines={curves.map((curve, index) => ({
        label: label(curve),
        colour: isCrowded ? `--${curve.platform}` : (colours[index] ?? "--dim"),
        values: places.map((age) => {
          const share = shareAt(curve, age);
          return share === undefined ? null : Number(share);
        }),
      }))}
      {...(isCrowded && {
        legend: [...new Set(curves.map(({ platform }) => platform))].map((platform) => ({
          label: `${platformName(platform)} accounts`,
          colour: `--${platform}`,
        })),
      })}
      text={(value) => percent(String(value))}
      table={{
        columns: [{ name: "Age in days" }, ...curves.map((curve) => ({ name: label(curve), number: true }))],
        rows: places.map((age) => [integer(age), ...curves.map((curve) => percent(shareAt(curve, age)))]),
      }}
    />
  );
};
