import { createReadStream, createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { stringify } from "yaml";
import { addDays, dayAt } from "../src/domain/day.ts";
import { runCostper, startHelper, startPostgres } from "./support/processes.ts";

interface SliceJson {
  readonly slices: readonly { rows_read: number; rows_written: number; ms: number; outcome: string }[];
}

const adsPerDay = 33_000;
const daysPerSlice = 31;

/** The whole path, sandbox to rollup, over so many windows of about a million ad-days each. */
export const measure = async (windows: number) => {
  const postgres = await startPostgres();
  const sandbox = await startHelper("support/google-sandbox.ts", [String(adsPerDay)]);
  try {
    const { settings, account } = sandbox.told as { settings: object; account: string };
    await writeFile(
      join(postgres.folder, "costper.yaml"),
      stringify({ database: postgres.url, connectors: { google: { ...settings, accounts: [account] } } }),
    );
    const to = addDays(dayAt(new Date(), "UTC"), -2);
    const from = addDays(to, 1 - windows * daysPerSlice);
    await runCostper(["migrate"], { cwd: postgres.folder });
    const sync = () =>
      runCostper(["sync", "--from", from, "--to", to, "--json", "--quiet"], { cwd: postgres.folder });

    const measured = async () => {
      const before = [postgres.cpuSeconds(), sandbox.cpuSeconds()] as const;
      const run = await sync();
      return {
        ...run,
        cpu: {
          sync_cpu_s: run.cpuSeconds,
          postgres_cpu_s: postgres.cpuSeconds() - before[0],
          sandbox_cpu_s: sandbox.cpuSeconds() - before[1],
        },
      };
    };
    const first = await measured();
    const again = await measured();
    const repeated = (JSON.parse(again.stdout) as SliceJson).slices;

    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    const { rows: counted } = await client.query<{ rows: string }>(
      "select count(*) as rows from warehouse.ad_daily",
    );
    const rows = Number(counted[0]?.rows ?? 0);
    // Slices run side by side: from the first one's start to the last one's end, a run each.
    const { rows: spans } = await client.query<{ seconds: string; rows_read: string }>(
      `select extract(epoch from max(finished_at) - min(started_at)) as seconds, sum(rows_read) as rows_read
       from ops.slice group by run_id order by min(started_at)`,
    );
    const loadSeconds = Number(spans[0]?.seconds);
    const file = join(postgres.folder, "ad_daily.copy");
    await pipeline(
      client.query(copyTo("copy (select * from warehouse.ad_daily) to stdout")),
      createWriteStream(file),
    );
    await client.query("truncate warehouse.ad_daily");
    const copyStarted = performance.now();
    const copyCpu = postgres.cpuSeconds();
    await pipeline(createReadStream(file), client.query(copyFrom("copy warehouse.ad_daily from stdin")));
    const copySeconds = (performance.now() - copyStarted) / 1_000;
    const plainCpu = postgres.cpuSeconds() - copyCpu;
    await client.end();

    return {
      ad_days: rows,
      rows_read: Number(spans[0]?.rows_read),
      status: first.status,
      whole_command_s: first.seconds,
      whole_command_rows_per_s: Math.round(rows / first.seconds),
      slices_s: loadSeconds,
      slices_rows_per_s: Math.round(rows / loadSeconds),
      ...first.cpu,
      plain_copy_s: copySeconds,
      plain_copy_postgres_cpu_s: plainCpu,
      plain_copy_rows_per_s: Math.round(rows / copySeconds),
      ratio_slices_to_plain_copy: copySeconds / loadSeconds,
      ratio_whole_command_to_plain_copy: copySeconds / first.seconds,
      peak_rss_mib: first.peakMib,
      repeat_s: again.seconds,
      repeat_slices_s: Number(spans[1]?.seconds),
      repeat_rows_written: repeated.reduce((sum, slice) => sum + slice.rows_written, 0),
      repeat_to_first: again.seconds / first.seconds,
      repeat_peak_rss_mib: again.peakMib,
      repeat_cpu: again.cpu,
    };
  } finally {
    await sandbox.stop();
    await postgres.close();
  }
};

/** At one and at four million ad-days, against a plain COPY of the very same rows into the same table. */
export const run = async () => ({ one_million: await measure(1), four_million: await measure(4) });
