import { migrate, migrationStatus } from "../warehouse/migrate.ts";
import { examples, type Register } from "./frame.ts";

export const register: Register = (command, act) => {
  command
    .option("--status", "show the steps and change nothing")
    .addHelpText(
      "after",
      examples(
        ["costper migrate", "apply what is missing, forward only"],
        ["costper migrate --status --json", "which steps are applied"],
      ),
    )
    .action(
      act<{ status?: boolean }>(async ({ globals, out, openApp }, options) => {
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
        const applied = await migrate(database);
        if (globals.json) out.json({ applied });
        else if (applied.length === 0) out.text("the schema is up to date");
        else for (const name of applied) out.text(`applied ${name}`);
      }),
    );
};
