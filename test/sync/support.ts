import { join } from "node:path";
import { tmpdir } from "node:os";
import { Writable } from "node:stream";
import { onTestFinished } from "vitest";
import { openApp } from "../../src/app.ts";
import { runSync, type SyncSummary } from "../../src/commands/sync/run.ts";
import { reportSync } from "../../src/commands/sync/told.ts";
import type { SelectionOptions } from "../../src/commands/selection.ts";
import { parseConfig } from "../../src/config.ts";
import type { Platform } from "../../src/domain/platform.ts";
import type { SyncEvents } from "../../src/sync/watched.ts";
import { createLog } from "../../src/log.ts";
import { sandboxNames, type SandboxName } from "../../sandbox/platforms.ts";
import { sandboxConfig, startSandbox } from "../../sandbox/start.ts";
import { createDatabase } from "../support/database.ts";

/** What a sync came to, as a person or a program would see it. */
export interface Seen {
  readonly report: SyncSummary;
  /** The JSON document on standard output. */
  readonly json: {
    readonly slices: readonly {
      platform: Platform;
      account_id: string;
      from: string;
      to: string;
      outcome: string;
      rows_read: number;
      rows_written: number;
      ms: number;
      failure: string | null;
    }[];
    readonly accounts: readonly {
      platform: Platform;
      account_id: string;
      outcome: string;
      failure: string | null;
    }[];
  };
  /** `platform id: what: what to do`, one an account that lacks something. */
  readonly lines: readonly string[];
}

export interface WorldOptions {
  /** The instant at which platforms and costper start; move it with `setNow`. */
  readonly now?: string;
  /** Platforms of the config; absent: all three. */
  readonly platforms?: readonly SandboxName[];
  /** Keys added to the section of a platform. */
  readonly settings?: Partial<Record<SandboxName, Readonly<Record<string, unknown>>>>;
  /** Further sections beside the platforms, such as GA4's. */
  readonly connectors?: Readonly<Record<string, unknown>>;
  /** Further keys of the config. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly maxWaitMs?: number;
  /** A database that is there already. */
  readonly databaseUrl?: string;
}

/** The sandboxes over loopback, an empty migrated warehouse and an app between them; closed with the test. */
export const openWorld = async (options: WorldOptions = {}) => {
  // It runs on from the instant at which it was set: what waits for a limit must see time pass.
  const set = { at: Date.now(), to: new Date(options.now ?? "2026-09-20T09:00:00Z").getTime() };
  const now = () => new Date(set.to + Date.now() - set.at);
  const sandbox = await startSandbox({ clock: now, port: 0 });
  onTestFinished(() => sandbox.close());
  const fresh = options.databaseUrl === undefined ? await createDatabase() : undefined;
  if (fresh) onTestFinished(fresh.drop);
  const url = options.databaseUrl ?? fresh?.url ?? "";
  const logged: string[] = [];
  const log = await createLog({
    verbose: true,
    format: "json",
    stream: new Writable({
      write(chunk: Buffer, _, done) {
        logged.push(chunk.toString());
        done();
      },
    }),
  });

  const configText = (settings: WorldOptions["settings"] = {}): string =>
    sandboxConfig(sandbox, {
      database: url,
      ...options.config,
      connectors: {
        ...Object.fromEntries(
          (options.platforms ?? sandboxNames).map((platform) => [
            platform,
            {
              ...sandbox.settings.connectors[platform],
              ...options.settings?.[platform],
              ...settings[platform],
            },
          ]),
        ),
        ...options.connectors,
      },
    });

  const open = async (settings: WorldOptions["settings"] = {}) => {
    const controller = new AbortController();
    const app = await openApp({
      config: parseConfig(configText(settings), join(tmpdir(), "costper.yaml"), {}),
      log,
      signal: controller.signal,
      now,
      connections: 32,
      ...(options.maxWaitMs === undefined ? {} : { maxWaitMs: options.maxWaitMs }),
    });
    let closed = false;
    const close = async () => {
      if (!closed) await app.close();
      closed = true;
    };
    onTestFinished(close);
    return { app, close, abort: () => controller.abort(new DOMException("interrupted", "AbortError")) };
  };

  const first = await open();

  const seenOf = (report: SyncSummary): Seen => {
    const lines: string[] = [];
    let json: unknown;
    reportSync(
      {
        globals: { json: true },
        out: { json: (value) => (json = value), text: () => {}, table: () => {}, csv: () => {} },
        report: ({ platform, accountId, what, remedy }) =>
          void lines.push([`${platform} ${accountId}`.trimEnd(), what, remedy].join(": ")),
      },
      report,
    );
    return { report, json: json as Seen["json"], lines };
  };

  return {
    sandbox,
    url,
    logged,
    configText,
    ...first,
    open,
    setNow: (instant: string) => void Object.assign(set, { at: Date.now(), to: Date.parse(instant) }),
    sync: async (range: SelectionOptions = {}, app = first.app, events: SyncEvents = {}): Promise<Seen> =>
      seenOf(await runSync(app, range, events)),
    query: async <Row extends object = Record<string, unknown>>(
      text: string,
      values: readonly unknown[] = [],
    ): Promise<Row[]> => (await first.app.database.pool.query<Row>(text, [...values])).rows,
  };
};

export type World = Awaited<ReturnType<typeof openWorld>>;

/** `ctid xmin` of every row of the facts and the marts: the same text means that not one of them was written. */
export const rowVersions = async ({ query }: World): Promise<string> => {
  const tables = [
    "warehouse.ad_daily",
    "warehouse.conversion_daily",
    "warehouse.network_daily",
    "warehouse.network_conversion_daily",
    "figures.cost_per_conversion_by_ad_group_daily",
    "figures.cost_per_conversion_daily",
    "figures.cost_per_conversion_by_network_daily",
    "figures.cost_per_conversion_by_action_daily",
    "marts.cost_per_conversion_history",
  ];
  const rows = await query<{ versions: string }>(
    tables
      .map(
        (table) =>
          `select '${table} ' || count(*) || ' ' ||
                  coalesce(md5(string_agg(ctid::text || xmin::text || tableoid::text, ',' order by tableoid, ctid)), '')
             as versions from ${table}`,
      )
      .join(" union all ") + " order by 1",
  );
  // Postgres may ask the tables side by side, and answers in no order.
  return rows
    .map(({ versions }) => versions)
    .sort()
    .join("\n");
};
