import { dash } from "./format.ts";
import { h, svg } from "./dom.ts";

const width = 96;
const height = 24;

/** A small line without axes; days without a figure break it. */
export const spark = (values: readonly (string | null)[], label: string): Node => {
  const numbers = values.map((value) => (value === null ? null : Number(value)));
  const known = numbers.filter((value) => value !== null);
  if (known.length < 2) return h("span", { class: "dim" }, dash);
  const top = Math.max(...known);
  const bottom = Math.min(...known);
  const x = (index: number): string => ((index / (numbers.length - 1)) * (width - 4) + 2).toFixed(1);
  const y = (value: number): string =>
    (height - 3 - ((value - bottom) / (top - bottom || 1)) * (height - 6)).toFixed(1);
  let path = "";
  let drawing = false;
  for (const [index, value] of numbers.entries()) {
    if (value === null) drawing = false;
    else {
      path += `${drawing ? "L" : "M"}${x(index)} ${y(value)}`;
      drawing = true;
    }
  }
  return svg(
    "svg",
    {
      class: "spark",
      width,
      height,
      viewBox: `0 0 ${String(width)} ${String(height)}`,
      role: "img",
      "aria-label": label,
    },
    svg("path", { d: path }),
  );
};
