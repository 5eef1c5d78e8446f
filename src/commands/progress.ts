import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { Connector } from "../connectors/connector.ts";
import type { SyncEvents } from "../sync/drain.ts";

/** A live display per platform on a terminal: slices done, rows, rate, time left. Elsewhere the log tells each slice. */
export const createProgress = (stream: NodeJS.WriteStream): SyncEvents & { stop(): void } => {
  const display = new MultiBar(
    {
      stream,
      hideCursor: true,
      clearOnComplete: false,
      format: "{platform} {bar} {value}/{total} slices | {rows} rows | {rate} rows/s | {eta_formatted} left",
    },
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
      const bar = display.create(slices, 0, { platform: platform.padEnd(8), rows: "0", rate: "0" });
      bars.set(platform, { bar, rows: 0, started: performance.now() });
    },
    onRows: ({ platform }, rows) => {
      const entry = bars.get(platform);
      if (entry) entry.rows += rows;
      refresh(platform);
    },
    onSlice: ({ slice }) => {
      bars.get(slice.account.platform)?.bar.increment();
      refresh(slice.account.platform);
    },
    stop: () => display.stop(),
  };
};
