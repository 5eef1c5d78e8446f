import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { Writable } from "node:stream";
import { onTestFinished } from "vitest";
import { openApp } from "../../src/app.ts";
import type { SelectionOptions } from "../../src/commands/selection.ts";
import { runSync } from "../../src/commands/sync/run.ts";
import { reportSync } from "../../src/commands/sync/told.ts";
import { parseConfig } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { createDatabase } from "../support/database.ts";

/** An empty warehouse, a clock that a test sets, and costper over platforms that the test serves. */
export const openCase = async (options: {
  readonly config: Readonly<Record<string, unknown>>;
  readonly now: string;
}) => {
  let now = new Date(options.now);
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const logged: string[] = [];
  const log = await createLog({
    verbose: false,
    format: "json",
    stream: new Writable({
      write(chunk: Buffer, _, done) {
        logged.push(chunk.toString());
        done();
      },
    }),
  });
  const text = JSON.stringify({ database: url, ...options.config });
  const config = parseConfig(text, join(tmpdir(), "costper.yaml"), {});
  const signal = new AbortController().signal;
  const app = await openApp({ config, log, signal, now: () => now, connections: 16 });
  onTestFinished(() => app.close());

  const sync = async (range: SelectionOptions = {}) => {
    const report = await runSync(app, range);
    const lines: string[] = [];
    reportSync(
      {
        globals: { json: true },
        out: { json: () => {}, text: () => {}, table: () => {}, csv: () => {} },
        report: ({ platform, accountId, what, remedy }) =>
          void lines.push(`${platform} ${accountId}: ${what}: ${remedy}`),
      },
      report,
    );
    return { report, lines };
  };
  const query = async <Row extends object = Record<string, unknown>>(sql: string): Promise<Row[]> =>
    (await app.database.pool.query<Row>(sql)).rows;

  return {
    app,
    url,
    logged,
    sync,
    query,
    setNow: (instant: string) => void (now = new Date(instant)),
    /** `date spend conversions cost` of the daily mart, added up over campaigns. */
    mart: async () =>
      (
        await query<{ row: string }>(
          `select concat_ws(' ', date, sum(spend)::float8, sum(conversions)::float8,
                            round(sum(spend) / nullif(sum(conversions), 0), 2)) as row
           from marts.cost_per_conversion_daily group by date order by date`,
        )
      ).map(({ row }) => row),
    days: () =>
      query<{ date: string; state: string; cause: string | null }>(
        "select date, state, cause from ops.account_day order by date",
      ),
  };
};

const root = join(import.meta.dirname, "..", "..");

/** What a command prints, in a process of its own as a person calls it. */
export const costper = async (config: object, ...args: readonly string[]) => {
  const folder = await mkdtemp(join(tmpdir(), "costper-case-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "costper.yaml"), JSON.stringify(config));
  return new Promise<string>((resolve) => {
    const file = join(root, "node_modules", ".bin", "tsx");
    execFile(file, [join(root, "src", "cli.ts"), ...args], { cwd: folder }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
};
