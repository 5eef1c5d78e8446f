import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";
import { type Config, parseConfig } from "../../src/config.ts";
import { firstPartySettings } from "../../src/metrics/first-party/config.ts";
import { rollUpFirstParty } from "../../src/metrics/first-party.ts";
import { pullSource } from "../../src/sources/pull.ts";
import { pullOptions, type SourcePull } from "../../src/sync/sources.ts";
import type { StreamResult } from "../../src/sources/pull.ts";
import type { Database } from "../../src/warehouse/database.ts";

export const tempFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-sources-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

export const configWith = (
  sources: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
  folder = "/nowhere",
): Config =>
  parseConfig(
    stringify({ timezone: "Europe/Copenhagen", ...more, sources }),
    join(folder, "costper.yaml"),
    {},
  );

export interface PullTest extends Partial<SourcePull> {
  readonly at?: string;
}

/** Pulls all sources of a config as a night does, and rolls them up. */
export const night = async (
  database: Database,
  config: Config,
  { at = "2026-11-28T03:30:00Z", ...more }: PullTest = {},
): Promise<readonly StreamResult[]> => {
  const options = {
    database,
    config,
    log: pino({ level: "silent" }),
    signal: new AbortController().signal,
    now: () => new Date(at),
    firstDelayMs: 1,
    ...more,
  };
  const results = (
    await Promise.all(Object.keys(config.sources).map((name) => pullSource(pullOptions(options, name))))
  ).flat();
  await rollUpFirstParty({ database, settings: firstPartySettings(config) });
  return results;
};

export const rows = async (
  database: Database,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<readonly Record<string, unknown>[]> =>
  (await database.pool.query<Record<string, unknown>>(sql, [...parameters])).rows;

/** Every table of ours whose rows hold the text somewhere. */
export const tablesWith = async (database: Database, text: string): Promise<readonly string[]> => {
  const tables = await rows(
    database,
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
     where table_schema in ('warehouse', 'marts', 'ops', 'bullmq', 'public') and table_type = 'BASE TABLE' order by 1`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const hits = await rows(database, `select from ${String(name)} t where strpos(t::text, $1) > 0 limit 1`, [
      text,
    ]);
    if (hits.length > 0) found.push(String(name));
  }
  return found;
};
