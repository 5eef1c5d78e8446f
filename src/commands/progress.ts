import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { Connector } from "../connectors/connector.ts";
import type { Platform } from "../domain/platform.ts";
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

/** What a sync tells its display. */
interface Progress {
  onPlanned(connector: Pick<Connector, "platform">, slices: number): void;
  onRows(platform: Platform, rows: number): void;
  onSlice(result: { readonly slice: { readonly account: { readonly platform: Platform } } }): void;
  stop(): void;
}

/**
 * A line of the log as the display prints it, where the bars begin: what is below goes first, or the rest of a bar would
 * stand behind a shorter line; and a line longer than the terminal is broken, while a bar is cut.
 */
const aboveBars = (text: string): string =>
  `\u001b[J\u001b[?7h${text.endsWith("\n") ? text : `${text}\n`}\u001b[?7l`;

/** A live display per platform on a terminal: slices done, rows, rate, time left. Elsewhere the log tells each slice. */
export const createProgress = (stream: NodeJS.WriteStream): Progress => {
  const layout = progressLayout(stream.columns || 80);
  const display = new MultiBar(
    // Every bar is drawn anew each time: those that stand still have moved down too.
    { stream, hideCursor: true, clearOnComplete: false, forceRedraw: true, ...layout },
    Presets.shades_classic,
  );
  const bars = new Map<Platform, { bar: SingleBar; rows: number; started: number }>();
  const refresh = (platform: Platform): void => {
    const entry = bars.get(platform);
    if (!entry) return;
    const seconds = Math.max((performance.now() - entry.started) / 1_000, 0.001);
    entry.bar.update({
      rows: entry.rows.toLocaleString("en"),
      rate: Math.round(entry.rows / seconds).toLocaleString("en"),
    });
  };
  const stop = (): void => {
    process.off("exit", stop);
    if (bars.size === 0) return;
    // The lines that wait are printed with a last picture.
    display.update();
    linesAbove();
    display.stop();
    bars.clear();
  };
  return {
    onPlanned: ({ platform }, slices) => {
      if (bars.size === 0) {
        // Lines of the log stand above the bars from the first bar on, also where the process ends at once.
        linesAbove((text) => display.log(aboveBars(text)));
        process.once("exit", stop);
      }
      const known = bars.get(platform);
      // The demo's next night: its slices come to those that were.
      if (known) {
        known.bar.setTotal(known.bar.getTotal() + slices);
        return;
      }
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
    stop,
  };
};
