import type pg from "pg";
import type { SourcesSettings } from "./registry.ts";

/** A source as `costper status` shows it: the worst of its streams. */
export interface SourceStatus {
  readonly name: string;
  readonly type: string;
  readonly last_good_at: string | null;
  readonly freshness_hours: number | null;
  readonly outcome: "done" | "unchanged" | "failed" | "never";
  readonly failure: string | null;
  readonly remedy: string | null;
}

/** A stream as `costper sources` shows it. */
export interface StreamStatus {
  readonly source: string;
  readonly stream: string;
  readonly type: string;
  readonly mark: Date | null;
  readonly last_good_at: Date | null;
  readonly outcome: "done" | "unchanged" | "failed";
  readonly failures: number;
  readonly failure_kind: string | null;
  readonly failure: string | null;
  readonly remedy: string | null;
  readonly rows_read: string;
  readonly rows_written: string;
  readonly refused: string;
  readonly redacted: Readonly<Record<string, number>>;
  readonly unmapped: Readonly<Record<string, number>>;
}

export const streamStatus = async (pool: pg.Pool): Promise<readonly StreamStatus[]> => {
  const { rows } = await pool.query<StreamStatus>(
    `select source, stream, type, mark, last_good_at, outcome, failures, failure_kind, failure, remedy, rows_read,
            rows_written, refused, redacted, unmapped
     from ops.source order by source, stream`,
  );
  return rows;
};

const hourMs = 3_600_000;

/** Every enabled source of the config, in its order. */
export const sourceStatus = async (
  pool: pg.Pool,
  sources: SourcesSettings,
  now: Date,
): Promise<readonly SourceStatus[]> => {
  const streams = await streamStatus(pool);
  return Object.entries(sources)
    .filter(([, { enabled }]) => enabled)
    .map(([name, { type }]) => {
      const own = streams.filter(({ source }) => source === name);
      const failing = own.find(({ outcome }) => outcome === "failed");
      const goods = own.map(({ last_good_at: good }) => good);
      const oldest = goods.every((good) => good !== null)
        ? goods.reduce<Date | null>((least, good) => (least === null || good < least ? good : least), null)
        : null;
      return {
        name,
        type,
        last_good_at: oldest?.toISOString() ?? null,
        freshness_hours:
          oldest === null ? null : Math.round(((now.getTime() - oldest.getTime()) / hourMs) * 10) / 10,
        outcome: failing?.outcome ?? own[0]?.outcome ?? "never",
        failure: failing?.failure ?? null,
        remedy: failing?.remedy ?? null,
      };
    });
};

/** A failure's message where the source is named beside it already. */
export const withoutName = (message: string, source: string): string => {
  const [, rest] = new RegExp(`^source ${source}[:,] (.*)$`, "s").exec(message) ?? [];
  return rest ?? message;
};

/** What is wrong with a source, and what to do; null where nothing is. */
export const sourceTrouble = (
  status: SourceStatus,
  maxAgeHours: number,
): { readonly what: string; readonly remedy: string } | null => {
  const again = `costper doctor says what is wrong, costper sync --source ${status.name} tries again`;
  if (status.outcome === "failed")
    return {
      what: withoutName(status.failure ?? "the last pull failed", status.name),
      remedy: status.remedy || again,
    };
  if (status.freshness_hours === null) return { what: "was never loaded", remedy: again };
  if (status.freshness_hours > maxAgeHours)
    return {
      what: `nothing has come for ${String(Math.round(status.freshness_hours))} hours`,
      remedy: again,
    };
  return null;
};
