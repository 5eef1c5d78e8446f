import uPlot from "uplot";
import { axisDate } from "../format.ts";

export interface Line {
  readonly label: string;
  /** Name of the CSS variable that holds its colour. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly dashed?: boolean;
}

/** What is drawn. */
export interface Plot {
  /** Horizontal places: days as UTC seconds, or plain numbers. */
  readonly places: readonly number[];
  readonly time?: boolean;
  readonly lines: readonly Line[];
  readonly text: (value: number) => string;
  /** Shorter, for the axis. */
  readonly axisText?: (value: number) => string;
  readonly height?: number;
  /** Places that are not final, from the first to the last of a run. */
  readonly unsettled?: readonly (readonly [number, number])[];
  readonly marks?: readonly number[];
  readonly threshold?: number | null;
}

const css = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const verticals = (chart: uPlot, { unsettled = [], marks = [] }: Plot): void => {
  const { ctx, bbox } = chart;
  const half = chart.data[0].length > 1 ? ((chart.data[0][1] ?? 0) - (chart.data[0][0] ?? 0)) / 2 : 0;
  ctx.save();
  ctx.fillStyle = css("--unsettled");
  for (const [from, to] of unsettled) {
    const left = Math.max(bbox.left, chart.valToPos(from - half, "x", true));
    const right = Math.min(bbox.left + bbox.width, chart.valToPos(to + half, "x", true));
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.strokeStyle = css("--dim");
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const mark of marks) {
    const x = Math.round(chart.valToPos(mark, "x", true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
};

const level = (chart: uPlot, threshold: number): void => {
  const { ctx, bbox } = chart;
  const y = Math.round(chart.valToPos(threshold, "y", true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = css("--bad");
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
};

export const uplotOptions = (
  options: Plot,
  width: number,
  onCursor: (index: number | null | undefined) => void,
): uPlot.Options => {
  const { lines, threshold, time = true, height = 240 } = options;
  const axis: uPlot.Axis = {
    stroke: css("--dim"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: css("--grid"), width: 1 },
    ticks: { show: false },
  };
  const axisText = options.axisText ?? options.text;
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time },
      y: {
        range: (_chart, min, max) => {
          const top = Math.max(max, threshold ?? max, 0);
          return [Math.min(0, min ?? 0), top === 0 ? 1 : top * 1.08];
        },
      },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 64,
        size: 34,
        gap: 9,
        ...(time
          ? { values: (_chart, splits, _axis, _space, step) => splits.map((split) => axisDate(split, step)) }
          : {}),
      },
      { ...axis, size: 56, values: (_chart, splits) => splits.map((split) => axisText(split)) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: css(line.colour),
        width: 2,
        spanGaps: false,
        points: { show: line.values.filter((value) => value !== null).length < 3 },
        ...(line.dashed === true ? { dash: [5, 4] } : {}),
      })),
    ],
    hooks: {
      drawClear: [(chart) => verticals(chart, options)],
      draw: threshold === undefined || threshold === null ? [] : [(chart) => level(chart, threshold)],
      setCursor: [(chart) => onCursor(chart.cursor.idx)],
    },
  };
};
