import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../version.ts";
import { backup } from "../warehouse/backup/backup.ts";
import { restore } from "../warehouse/backup/restore.ts";
import { checkDatabase, openDatabase } from "../warehouse/database.ts";
import { describeUrl } from "../warehouse/connection/settings.ts";
import { contentOf } from "./backup.ts";
import { exitStatus, UsageError } from "./errors.ts";
import { examples, type Register } from "./frame.ts";
import { proveRestored } from "./restore.ts";
import { asWrongUse } from "./usage.ts";

interface Options {
  readonly to: string;
}

export const register: Register = (command, act) => {
  command
    .requiredOption("--to <url>", "an empty Postgres: postgres://user:password@host:5432/database")
    .addHelpText(
      "after",
      examples([
        "costper move --to postgres://costper:secret@db/costper",
        "from the embedded Postgres to a real one",
      ]),
    )
    .action(
      act<Options>(async ({ globals, out, log, signal, loadConfig, openApp, onEnd }, { to }) => {
        if (!/^postgres(ql)?:\/\//.test(to))
          throw new UsageError(
            "--to is not a URL of Postgres",
            "write postgres://user:password@host:5432/database",
          );
        const { reportingCurrency } = await loadConfig();
        const { database, now } = await openApp({ connections: 2 });
        const target = openDatabase(to, { connections: 4 });
        onEnd(() => target.close());
        await checkDatabase(target, to);
        // On disk between the two: neither server waits for the other, and a broken end leaves both as they were.
        const folder = await mkdtemp(join(tmpdir(), "costper-move-"));
        onEnd(() => rm(folder, { recursive: true, force: true }));
        const file = join(folder, "warehouse.zip");
        await backup(database, { file, version, now: now(), signal }).catch(asWrongUse);
        const manifest = await restore(target, { file, force: false, signal }).catch(asWrongUse);
        const wrong = await proveRestored(target, { reportingCurrency, signal, log });
        if (globals.json)
          out.json({ to: describeUrl(to), tables: manifest.tables, rollup_differences: wrong });
        else
          out.text(
            `${contentOf(manifest)} are at ${describeUrl(to)} now, and the old ones are as they were.\n` +
              "Stop costper start, set that URL as DATABASE_URL (`database` in costper.yaml), and start it again.",
          );
        return wrong === 0 ? exitStatus.done : exitStatus.failed;
      }),
    );
};
