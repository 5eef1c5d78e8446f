import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { Connector } from "../connectors/connector.ts";
import type { SyncEvents } from "../sync/watched.ts";
import { linesAbove } from "./terminal.ts";

const longestName = 9;

/** What of the display fits into so many columns: the most telling parts stay longest. */
export const progressLayout = (columns: number): { readonly format: string; readonly barsize: number } => {
  const parts = [
    { least: 0, text: "{platform} {value}/{total}", width: longestName + 10 },
    { least: 64, text: " slices | {rows} rows", width: 26 },
    { least: 80, text: " | {eta_formatted} left", width: 15 },
    { least: 100, text: " | {rate} rows/s", width: 17 },
  ].filter(({ least }) => columns >= least);
  const taken = parts.reduce((sum, { width }) => sum + width, 2);
  const barsize = Math.min(40, columns - taken);
  const text = parts.map((part) => part.text).join("");
  return barsize >= 5
    ? { format: text.replace("{platform} ", "{platform} {bar} "), barsize }
    : { format: text, barsize: 0 };
};

/** A live display per platform on a terminal: slices done, rows, rate, time left. Elsewhere the log tells each slice. */
export const createProgress = (stream: NodeJS.WriteStream): SyncEvents & { stop(): void } => {
  const display = new MultiBar(
    { stream, hideCursor: true, clearOnComplete: false, ...progressLayout(stream.columns || 80) },
    Presets.shades_classic,
  );
  const bars = new Map<string, { bar: SingleBar; rows: number; started: number }>();
  const refresh = (platform: string): void => {
    const entry = bars.get(platform);
    if (!entry) return;
    const seconds = Math.max((performance.now() - entry.started) / 1_000, 0.001);
    entry.bar.update({
      rows: entry.rows.toLocaleString("en"),
      rate: Math.round(entry.rows / seconds).toLocaleString("en"),
    });
  };
  return {
    onPlanned: ({ platform }: Connector, slices) => {
      // Lines of the log stand above the bars from the first bar on.
      if (bars.size === 0) linesAbove((text) => display.log(text.endsWith("\n") ? text : `${text}\n`));
      const bar = display.create(slices, 0, { platform: platform.padEnd(longestName), rows: "0", rate: "0" });
      bars.set(platform, { bar, rows: 0, started: performance.now() });
    },
    onRows: (platform, rows) => {
      const entry = bars.get(platform);
      if (entry) entry.rows += rows;
      refresh(platform);
    },
    onSlice: ({ slice }) => {
      bars.get(slice.account.platform)?.bar.increment();
      refresh(slice.account.platform);
    },
    stop: () => {
      if (bars.size === 0) return;
      // The lines that wait are printed with a last picture.
      display.update();
      linesAbove();
      display.stop();
      bars.clear();
    },
  };
};
