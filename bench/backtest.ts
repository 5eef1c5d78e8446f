import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { exitStatus, UsageError } from "../src/commands/errors.ts";
import { createAct, examples, type Frame } from "../src/commands/frame.ts";
import { openDatabase } from "../src/warehouse/database.ts";
import { startEmbedded } from "../src/warehouse/embedded/server.ts";
import { migrate } from "../src/warehouse/migrate.ts";
import { type BacktestRow, replay } from "./backtest/replay.ts";

interface BacktestOptions {
  readonly days: number;
  readonly database?: string;
}

const parseNights = (text: string): number => {
  const nights = Number(text);
  if (!Number.isInteger(nights) || nights < 10 || nights > 400)
    throw new InvalidArgumentError("Nights are a whole number from 10 to 400.");
  return nights;
};

/** An empty warehouse that nobody else uses: a server of its own, gone afterwards, or the given one. */
const openScratch = async ({ onEnd }: Frame, url: string | undefined) => {
  if (url === undefined) {
    const folder = await mkdtemp(join(tmpdir(), "costper-backtest-"));
    // Open to the user that Postgres runs as where this is root.
    await chmod(folder, 0o755);
    onEnd(() => rm(folder, { recursive: true, force: true }));
    // Nothing of it is to survive a crash.
    const server = await startEmbedded({
      folder,
      settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off" },
    });
    onEnd(() => server.close());
    url = server.url;
  }
  const database = openDatabase(url, { connections: 4 });
  onEnd(() => database.close());
  await migrate(database);
  const { rows } = await database.pool.query(
    "select from warehouse.account union all select from pg_tables where tablename = 'backtest_sample' limit 1",
  );
  if (rows.length > 0)
    throw new UsageError(
      "the database holds accounts already: a backtest writes its own",
      "name an empty one with --database, or none for a temporary one",
    );
  return database;
};

const percent = (share: string): string => `${(Number(share) * 100).toFixed(1)} %`;

const print = ({ globals, out }: Frame, nights: number, rows: readonly BacktestRow[]): void => {
  if (globals.json) return out.json({ nights, rows });
  out.table(
    [
      { title: "a day of" },
      { title: "platform" },
      ...["age", "days", "conversions: as known", "projected", "cost per: as known", "projected"].map(
        (title) => ({ title, right: true }),
      ),
    ],
    rows.map((row) => [
      row.grain === "platform" ? "the platform" : "one account",
      row.platform,
      row.age_days,
      row.days,
      percent(row.raw_error),
      percent(row.projected_error),
      percent(row.raw_cost_error),
      percent(row.projected_cost_error),
    ]),
  );
  return out.text(
    `${String(nights)} nights on the sandbox; weighted absolute error against what each day came to in the end`,
  );
};

const work = async (frame: Frame, { days, database: url }: BacktestOptions): Promise<number> => {
  const { pool } = await openScratch(frame, url);
  const live = process.stderr.isTTY && !frame.globals.quiet;
  const rows = await replay({
    pool,
    nights: days,
    signal: frame.signal,
    onNight: (night) => live && process.stderr.write(`\rnight ${String(night)} of ${String(days)}`),
  });
  if (live) process.stderr.write("\n");
  print(frame, days, rows);
  // An account's own day is too few events to judge by: which of three arrives late is chance.
  const worse = rows.filter(
    ({ grain, projected_error: projected, raw_error: raw }) =>
      grain === "platform" && Number(projected) >= Number(raw),
  );
  return worse.length > 0 ? exitStatus.failed : exitStatus.done;
};

/** How far projections and raw figures are from the truth of the sandboxes. Gives the exit status. */
export const backtest = async (args: readonly string[]): Promise<number> => {
  let status: number = exitStatus.done;
  const act = createAct((ended) => (status = ended));
  const command = new Command("npm run bench -- backtest")
    .description("Measure the projections against the sandbox's truth.")
    .option("--days <nights>", "how many nights to play through", parseNights, 60)
    .option("--database <url>", "an empty database to work in (default: a temporary one, deleted afterwards)")
    .option("--json", "answer in JSON")
    .option("--quiet", "log warnings and errors only")
    .addHelpText("after", examples(["npm run bench -- backtest --days 120 --json", "for a program"]))
    .exitOverride()
    .action(act<BacktestOptions>(work));
  try {
    await command.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitStatus.done : exitStatus.wrongUse;
  }
  return status;
};
