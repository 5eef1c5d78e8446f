import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { stringify } from "yaml";
import { openConnector, profileOf } from "../src/connectors/registry.ts";
import { addDays, dayAt } from "../src/domain/day.ts";
import { sandboxNames, sandboxPlatforms } from "../sandbox/platforms.ts";
import type { Platform } from "../src/domain/platform.ts";
import { listen } from "../sandbox/server.ts";
import { runCostper, startPostgres } from "./support/processes.ts";

const accounts = 50;
const days = 30;
/** Of each account: so few that waiting counts, not the rows. */
const campaigns = 2;

interface SyncJson {
  readonly slices: readonly { platform: string; rows_read: number; outcome: string }[];
}

/** How many requests the connector lets go at once, as it says itself. */
const slotsOf = async (platform: Platform, section: object) => {
  const settings = { [platform]: profileOf(platform).settings.parse(section) };
  const connector = await openConnector(platform, settings, {
    log: pino({ level: "silent" }),
    limits: { run: async (_account, _signal, call) => call(), pause: () => undefined },
    now: () => new Date(),
  });
  return connector.concurrency.platform;
};

/**
 * Many small accounts on all platforms at once, where only waiting counts. The bound of a platform is its requests
 * times the latency, spread over the requests that it may have under way; platforms run side by side.
 */
const measure = async (latencyMs: number) => {
  const clock = () => new Date();
  const worlds = await Promise.all(
    sandboxNames.map(async (platform) => {
      const { create, settings } = sandboxPlatforms[platform];
      const server = await listen(create({ clock, accounts, campaigns }));
      return { platform, server, section: settings(server.url) };
    }),
  );
  const postgres = await startPostgres();
  try {
    await writeFile(
      join(postgres.folder, "costper.yaml"),
      stringify({
        database: postgres.url,
        connectors: Object.fromEntries(worlds.map(({ platform, section }) => [platform, section])),
      }),
    );
    await runCostper(["migrate"], { cwd: postgres.folder });
    for (const { server } of worlds) server.latencyMs = latencyMs;
    const to = addDays(dayAt(clock(), "UTC"), -2);
    const from = addDays(to, 1 - days);
    const cpuBefore = { sandboxes: process.cpuUsage(), postgres: postgres.cpuSeconds() };
    const sync = await runCostper(["sync", "--from", from, "--to", to, "--json", "--quiet"], {
      cwd: postgres.folder,
    });
    const { user, system } = process.cpuUsage(cpuBefore.sandboxes);
    const cpu = {
      sync_cpu_s: sync.cpuSeconds,
      postgres_cpu_s: postgres.cpuSeconds() - cpuBefore.postgres,
      sandboxes_cpu_s: (user + system) / 1_000_000,
    };
    const { slices } = JSON.parse(sync.stdout) as SyncJson;

    const each = await Promise.all(
      worlds.map(async ({ platform, server: { requests }, section }) => {
        const own = slices.filter((slice) => slice.platform === platform && slice.outcome === "done");
        const slots = await slotsOf(platform, section);
        const times = requests.map(({ at }) => at).toSorted((a, b) => a - b);
        const pullSeconds = ((times.at(-1) ?? 0) - (times[0] ?? 0) + latencyMs) / 1_000;
        const boundSeconds = (requests.length * latencyMs) / 1_000 / slots;
        return {
          platform,
          slices_done: own.length,
          rows_read: own.reduce((sum, slice) => sum + slice.rows_read, 0),
          requests: requests.length,
          requests_per_account_day: requests.length / (own.length * days),
          slots,
          bound_s: boundSeconds,
          first_to_last_request_s: pullSeconds,
          ratio: pullSeconds / boundSeconds,
        };
      }),
    );
    const bound = Math.max(...each.map(({ bound_s }) => bound_s));
    const pull = Math.max(...each.map(({ first_to_last_request_s }) => first_to_last_request_s));
    return {
      accounts_per_platform: accounts,
      campaigns_per_account: campaigns,
      days,
      latency_ms: latencyMs,
      status: sync.status,
      platforms: each,
      whole_command_s: sync.seconds,
      ...cpu,
      latency_bound_s: bound,
      cpu_bound_s: Object.values(cpu).reduce((sum, seconds) => sum + seconds, 0) / cpus().length,
      ratio_pull_to_latency_bound: pull / bound,
      ratio_whole_command_to_latency_bound: sync.seconds / bound,
      peak_rss_mib: sync.peakMib,
    };
  } finally {
    await Promise.all(worlds.map(({ server }) => server.close()));
    await postgres.close();
  }
};

/** At the latency of the goal, and at one at which waiting outweighs what two cores have to do besides. */
export const run = async () => ({ at_200_ms: await measure(200), at_600_ms: await measure(600) });
