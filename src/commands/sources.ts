import { sql } from "kysely";
import { type StreamStatus, streamStatus } from "../sources/status.ts";
import { migrate } from "../warehouse/migrate.ts";
import { examples, type Register } from "./frame.ts";

interface Change {
  readonly source: string;
  readonly observed_at: Date;
  readonly kind: string;
  readonly date: string | null;
  readonly leads: string;
  readonly qualified: string;
  readonly customers: string;
  readonly conversions: string;
  readonly value: string | null;
  readonly currency: string | null;
}

const counts = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([name, count]) => `${name} (${String(count)})`)
    .join(", ");

const minutes = (at: Date | null): string | null => at?.toISOString().slice(0, 16).replace("T", " ") ?? null;

export const register: Register = (command, act) => {
  command
    .option("--changes", "what moved days that were booked before, newest first")
    .addHelpText(
      "after",
      examples(
        ["costper sources", "one line a stream: what was read, what has no meaning yet"],
        ["costper sources --changes", "why figures of past days moved"],
      ),
    )
    .action(
      act<{ readonly changes?: boolean }>(async ({ globals, out, loadConfig, openApp }, options) => {
        const config = await loadConfig();
        const { database } = await openApp();
        await migrate(database);
        if (options.changes === true) {
          const { rows } = await sql<Change>`
            select source, observed_at, kind, date, leads, qualified, customers, conversions, value, currency
            from ops.source_change order by change_id desc limit 1000`.execute(database.db);
          if (globals.json) return out.json({ changes: rows });
          out.table(
            [
              { title: "seen" },
              { title: "source" },
              { title: "kind" },
              { title: "day" },
              { title: "leads", right: true },
              { title: "qualified", right: true },
              { title: "customers", right: true },
              { title: "conversions", right: true },
              { title: "value", right: true },
              { title: "currency" },
            ],
            rows.map((row) => [
              minutes(row.observed_at),
              row.source,
              row.kind,
              row.date,
              ...[row.leads, row.qualified, row.customers, row.conversions].map(Number),
              row.value === null ? null : Number(row.value),
              row.currency,
            ]),
          );
          return undefined;
        }
        const known = await streamStatus(database.pool);
        const streams = Object.entries(config.sources).flatMap(([name, { type }]) => {
          const own = known.filter(({ source }) => source === name);
          return own.length > 0 ? own : [{ source: name, type }];
        }) as readonly (Partial<StreamStatus> & Pick<StreamStatus, "source" | "type">)[];
        if (globals.json)
          return out.json({
            sources: streams.map((row) => ({
              name: row.source,
              type: row.type,
              stream: row.stream ?? null,
              mark: row.mark?.toISOString() ?? null,
              last_good_at: row.last_good_at?.toISOString() ?? null,
              outcome: row.outcome ?? "never",
              rows_read: Number(row.rows_read ?? 0),
              rows_written: Number(row.rows_written ?? 0),
              refused: Number(row.refused ?? 0),
              redacted: row.redacted ?? {},
              unmapped: row.unmapped ?? {},
              failure: row.failure ?? null,
            })),
          });
        if (streams.length === 0) return out.text("The config names no sources; see docs/sources.md.");
        out.table(
          [
            { title: "source" },
            { title: "type" },
            { title: "stream" },
            { title: "mark" },
            { title: "last good" },
            { title: "last pull" },
            { title: "rows", right: true },
            { title: "unmapped" },
            { title: "left out" },
            { title: "failure" },
          ],
          streams.map((row) => [
            row.source,
            row.type,
            row.stream ?? null,
            minutes(row.mark ?? null),
            minutes(row.last_good_at ?? null),
            row.outcome ?? "never",
            Number(row.rows_read ?? 0),
            counts(row.unmapped ?? {}),
            counts(row.redacted ?? {}),
            row.failure ?? null,
          ]),
        );
        return undefined;
      }),
    );
};
