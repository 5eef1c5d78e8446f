import { resolve } from "node:path";
import { version } from "../version.ts";
import { backup } from "../warehouse/backup/backup.ts";
import type { Manifest } from "../warehouse/backup/archive.ts";
import { examples, type Register } from "./frame.ts";
import { asWrongUse } from "./usage.ts";

/** `12 tables, 34567 rows`. */
export const contentOf = ({ tables }: Manifest): string =>
  `${String(tables.length)} tables, ${String(tables.reduce((sum, { rows }) => sum + rows, 0))} rows`;

export const register: Register = (command, act) => {
  command
    .argument("<file>", "the file to write; it must not be there yet")
    .addHelpText(
      "after",
      examples(
        ["costper backup warehouse.zip", "all figures, names, settings and history at one moment"],
        ["costper restore warehouse.zip", "puts it back, here or elsewhere"],
      ),
    )
    .action(
      act(async ({ globals, out, log, signal, openApp }, _options, name = "") => {
        const { database, now } = await openApp({ connections: 2 });
        const file = resolve(name);
        const manifest = await backup(database, {
          file,
          version,
          now: now(),
          signal,
          onTable: (table) => log.debug({ table }, "written into the backup"),
        }).catch(asWrongUse);
        if (globals.json) out.json({ file, ...manifest });
        else out.text(`${file}: ${contentOf(manifest)}`);
      }),
    );
};
