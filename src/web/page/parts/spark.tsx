import { dash } from "../format.ts";

const width = 96;
const height = 24;

const pathOf = (numbers: readonly (number | null)[], bottom: number, top: number): string => {
  const x = (index: number): string => ((index / (numbers.length - 1)) * (width - 4) + 2).toFixed(1);
  const y = (value: number): string =>
    (height - 3 - ((value - bottom) / (top - bottom || 1)) * (height - 6)).toFixed(1);
  let path = "";
  let drawing = false;
  for (const [index, value] of numbers.entries()) {
    if (value !== null) path += `${drawing ? "L" : "M"}${x(index)} ${y(value)}`;
    drawing = value !== null;
  }
  return path;
};

/** A small line without axes; days without a figure break it. */
export const Spark = ({
  values,
  label,
}: {
  readonly values: readonly (string | null)[];
  readonly label: string;
}) => {
  const numbers = values.map((value) => (value === null ? null : Number(value)));
  const known = numbers.filter((value) => value !== null);
  if (known.length < 2) return <span class="dim">{dash}</span>;
  return (
    <svg
      class="spark"
      width={width}
      height={height}
      viewBox={`0 0 ${String(width)} ${String(height)}`}
      role="img"
      aria-label={label}
    >
      <path d={pathOf(numbers, Math.min(...known), Math.max(...known))} />
    </svg>
  );
};
