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

/** Copies a table's own rows once more into it, emptied: what the load of the very same rows costs at the least. */
const plainCopy = async (
  postgres: Awaited<ReturnType<typeof startPostgres>>,
  client: pg.Client,
  table: string,
): Promise<{ readonly seconds: number; readonly postgresCpu: number }> => {
  const file = join(postgres.folder, `${table}.copy`);
  await pipeline(client.query(copyTo(`copy (select * from ${table}) to stdout`)), createWriteStream(file));
  await client.query(`truncate ${table}`);
  const started = performance.now();
  const cpu = postgres.cpuSeconds();
  await pipeline(createReadStream(file), client.query(copyFrom(`copy ${table} from stdin`)));
  return {
    seconds: (performance.now() - started) / 1_000,
    postgresCpu: postgres.cpuSeconds() - cpu,
  };
};

/** The whole path, sandbox to rollup, over so many windows of about a million ad-days each. */
const measure = async (platform: string, windows: number) => {
  const postgres = await startPostgres();
  const sandbox = await startHelper(
    `support/${platform}-sandbox.ts`,
    [adsPerDay, daysPerSlice, windows].map(String),
  );
  try {
    const { settings, account } = sandbox.told as { settings: object; account: string };
    await writeFile(
      join(postgres.folder, "costper.yaml"),
      stringify({ database: postgres.url, connectors: { [platform]: { ...settings, accounts: [account] } } }),
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
    const plain = {
      ads: await plainCopy(postgres, client, "warehouse.ad_daily"),
      conversions: await plainCopy(postgres, client, "warehouse.conversion_daily"),
    };
    const plainSeconds = plain.ads.seconds + plain.conversions.seconds;
    await client.end();

    return {
      platform,
      ad_days: rows,
      rows_read: Number(spans[0]?.rows_read),
      status: first.status,
      whole_command_s: first.seconds,
      whole_command_rows_per_s: Math.round(rows / first.seconds),
      slices_s: loadSeconds,
      slices_rows_per_s: Math.round(rows / loadSeconds),
      ...first.cpu,
      plain_copy_of_ads_s: plain.ads.seconds,
      plain_copy_of_ads_rows_per_s: Math.round(rows / plain.ads.seconds),
      plain_copy_of_ads_and_conversions_s: plainSeconds,
      plain_copy_postgres_cpu_s: plain.ads.postgresCpu + plain.conversions.postgresCpu,
      // The slices load ads and conversions; by ads alone the conversions count as nothing.
      ratio_slices_to_plain_copy: plainSeconds / loadSeconds,
      ratio_slices_to_plain_copy_of_ads: plain.ads.seconds / loadSeconds,
      ratio_whole_command_to_plain_copy: plainSeconds / first.seconds,
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

/** Platforms whose sandbox has an account of that size. */
const platforms = ["google", "microsoft"] as const;

/** At one and at four million ad-days, against a plain COPY of the very same rows into the same table. */
export const run = async ({ platform = "google" }: { readonly platform?: string | undefined } = {}) => {
  if (!platforms.some((name) => name === platform))
    throw new RangeError(`--platform is one of ${platforms.join(", ")}`);
  return { one_million: await measure(platform, 1), four_million: await measure(platform, 4) };
};
