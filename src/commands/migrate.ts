import { migrate, migrationStatus } from "../warehouse/migrate.ts";
import { checkCluster, defaultShards, distribute, type Placed } from "../warehouse/distribute.ts";
import { placeWords } from "../warehouse/layout.ts";
import { InvalidArgumentError } from "commander";
import { UsageError } from "./errors.ts";
import { examples, type Register } from "./frame.ts";
import { asWrongUse } from "./usage.ts";

const shardCount = (text: string): number => {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 1 && value <= 1_000))
    throw new InvalidArgumentError("a number from 1 to 1000");
  return value;
};

const line = ({ table, placement, outcome, ms }: Placed): string =>
  `${outcome === "placed" ? "placed" : "stays"} ${table} ${placeWords[placement]}${outcome === "placed" ? ` (${(ms / 1_000).toFixed(1)} s)` : ""}`;

export const register: Register = (command, act) => {
  command
    .option("--status", "show the steps and change nothing")
    .option("--distribute", "then spread the warehouse over the workers of a Citus cluster, table by table")
    .option(
      "--shards <number>",
      `parts of each table, at the first time (default ${String(defaultShards)})`,
      shardCount,
    )
    .addHelpText(
      "after",
      examples(
        ["costper migrate", "apply what is missing, forward only"],
        ["costper migrate --status --json", "which steps are applied"],
        [
          "costper migrate --distribute",
          "spread a filled or empty warehouse over its workers; safe to repeat",
        ],
      ),
    )
    .action(
      act<{ status?: boolean; distribute?: boolean; shards?: number }>(async (frame, options) => {
        const { globals, out, openApp, signal } = frame;
        if (options.shards !== undefined && !options.distribute)
          throw new UsageError("--shards goes with --distribute", "add --distribute, or leave --shards out");
        if (options.status && options.distribute)
          throw new UsageError("--status changes nothing", "leave --distribute out, or --status");
        const { database } = await openApp({ connections: 2 });
        if (options.status) {
          const steps = await migrationStatus(database);
          const rows = steps.map(({ name, appliedAt }) => ({
            name,
            applied_at: appliedAt?.toISOString() ?? null,
          }));
          if (globals.json) out.json({ steps: rows });
          else
            out.table(
              [{ title: "step" }, { title: "applied" }],
              rows.map((row) => [row.name, row.applied_at ?? "not yet"]),
            );
          return;
        }
        // Refused before a table is made.
        if (options.distribute) await checkCluster(database, options.shards).catch(asWrongUse);
        const applied = await migrate(database);
        if (!globals.json && applied.length === 0) out.text("the schema is up to date");
        if (!globals.json) for (const name of applied) out.text(`applied ${name}`);
        const tables: Placed[] = [];
        if (options.distribute)
          for await (const placed of distribute(database, { shards: options.shards, signal })) {
            tables.push(placed);
            if (!globals.json) out.text(line(placed));
          }
        if (globals.json) out.json({ applied, ...(options.distribute && { tables }) });
      }),
    );
};
