import uPlot from "uplot";
import { axisDate } from "../format.ts";
import { type TickGrain, ticksOf } from "./ticks.ts";

export interface Line {
  readonly label: string;
  /** Name of the CSS variable that holds its colour. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly dashed?: boolean;
  /** Drawn heavier than the others. */
  readonly strong?: boolean;
}

/** A line for something that happened, by the sign that it has in a list of them. */
export interface Mark {
  readonly place: number;
  readonly sign: string;
  readonly text: string;
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
  /** What happened at some of the places. */
  readonly marks?: readonly Mark[];
  /** What a place is, where it is a day or some of them: ticks stand at days, weeks or months. */
  readonly grain?: TickGrain;
  readonly threshold?: number | null;
}

const css = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A font in the canvas's own pixels. */
const lettering = (size: number, weight = 400): string =>
  `${String(weight)} ${String(size * devicePixelRatio)}px system-ui, sans-serif`;

/** Half of the way from one place to the next: a day is as wide as its column. */
const halfStep = (places: readonly number[]): number =>
  places.length > 1 ? ((places.at(-1) ?? 0) - (places[0] ?? 0)) / (places.length - 1) / 2 : 43_200;

const shades = (chart: uPlot, { unsettled = [], places, height = 240 }: Plot): void => {
  const { ctx, bbox } = chart;
  const half = halfStep(places);
  ctx.save();
  for (const [from, to] of unsettled) {
    const left = Math.max(bbox.left, chart.valToPos(from - half, "x", true));
    const right = Math.min(bbox.left + bbox.width, chart.valToPos(to + half, "x", true));
    ctx.fillStyle = css("--unsettled");
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.font = lettering(11);
    const text = "not final";
    // A small chart has no room for it.
    if (height < 200) continue;
    if (right - left < ctx.measureText(text).width + 12 * devicePixelRatio) continue;
    ctx.fillStyle = css("--dim");
    ctx.textBaseline = "bottom";
    ctx.textAlign = "right";
    ctx.fillText(text, right - 6 * devicePixelRatio, bbox.top + bbox.height - 5 * devicePixelRatio);
  }
  ctx.restore();
};

/** As much of a text as fits; nothing where not even a few letters do. */
const fitting = (ctx: CanvasRenderingContext2D, text: string, width: number): string => {
  if (ctx.measureText(text).width <= width) return text;
  let length = text.length;
  while (length > 0 && ctx.measureText(`${text.slice(0, length)}…`).width > width) length -= 1;
  return length < 5 ? "" : `${text.slice(0, length).trimEnd()}…`;
};

/** Lines for what happened, each with its number and, where there is room up to the next, with what it was. */
const drawMarks = (chart: uPlot, { marks = [] }: Plot): void => {
  const { ctx, bbox } = chart;
  const px = devicePixelRatio;
  ctx.save();
  ctx.textBaseline = "middle";
  const xs = marks.map(({ place }) => Math.round(chart.valToPos(place, "x", true)) + 0.5);
  for (const [index, mark] of marks.entries()) {
    const x = xs[index] ?? 0;
    ctx.strokeStyle = css("--control");
    ctx.setLineDash([2 * px, 3 * px]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top + 16 * px);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.font = lettering(11, 600);
    ctx.textAlign = "center";
    ctx.fillStyle = css("--ink");
    ctx.fillText(mark.sign, x, bbox.top + 8 * px);
    const start = x + (ctx.measureText(mark.sign).width / 2 + 4 * px);
    const end = (xs[index + 1] ?? bbox.left + bbox.width) - 10 * px;
    ctx.font = lettering(11);
    ctx.textAlign = "left";
    ctx.fillStyle = css("--dim");
    ctx.fillText(fitting(ctx, mark.text, end - start), start, bbox.top + 8 * px);
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
  const { places, grain, marks = [] } = options;
  const ticks =
    grain === undefined ? undefined : ticksOf(places, grain, Math.max(2, Math.floor((width - 60) / 62)));
  const [first = 0, last = first] = [places[0], places.at(-1)];
  const pad = grain !== undefined || first === last ? halfStep(places) : 0;
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time, range: [first - pad, last + pad] },
      y: {
        range: (_chart, min, max) => {
          const top = Math.max(max, threshold ?? max, 0);
          // Room for the signs of what happened.
          return [Math.min(0, min ?? 0), top === 0 ? 1 : top * (marks.length > 0 ? 1.2 : 1.08)];
        },
      },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 64,
        size: grain === "week" ? 48 : 34,
        gap: 9,
        ...(ticks !== undefined
          ? {
              splits: () => [...ticks.places],
              values: (_chart, splits) => splits.map(ticks.text),
            }
          : time
            ? {
                values: (_chart, splits, _axis, _space, step) => splits.map((split) => axisDate(split, step)),
              }
            : {}),
      },
      { ...axis, size: 56, values: (_chart, splits) => splits.map((split) => axisText(split)) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: css(line.colour),
        width: line.strong === true ? 3 : 1.75,
        spanGaps: false,
        points: { show: line.values.filter((value) => value !== null).length < 3 },
        ...(line.dashed === true ? { dash: [5, 4] } : {}),
      })),
    ],
    hooks: {
      drawClear: [(chart) => shades(chart, options)],
      draw: [
        (chart) => {
          drawMarks(chart, options);
          if (threshold !== undefined && threshold !== null) level(chart, threshold);
        },
      ],
      setCursor: [(chart) => onCursor(chart.cursor.idx)],
    },
  };
};
