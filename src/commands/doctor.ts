import type { Kysely } from "kysely";
import { createConnectors, memoryOf, openWarehouse, type Warehouse } from "../app.ts";
import type { Config } from "../config.ts";
import { queueOf } from "../config/servers.ts";
import { ConfigError } from "../config/problems.ts";
import { configuredPlatforms } from "../connectors/registry.ts";
import type { Memory } from "../connectors/connector.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import { queuePrefix } from "../jobs/installation.ts";
import { scheduleOf } from "../domain/schedule.ts";
import type { CredentialStore } from "../warehouse/credentials.ts";
import { unmatchedActions } from "../metrics/counting.ts";
import type { DB } from "../warehouse/schema.ts";
import { accountStatus } from "../warehouse/status.ts";
import { credentialStore } from "./credentials.ts";
import { checkQueue, checkQueueInPostgres, checkWarehouse } from "./doctor/services.ts";
import {
  type Check,
  checkClock,
  checkNode,
  checkSecretsFile,
  checkTokenEnd,
  failed,
} from "./doctor/checks.ts";
import { checkGa4 } from "./doctor/ga4.ts";
import { checkPlatform } from "./doctor/platforms.ts";
import { checkSources } from "./doctor/sources.ts";
import { exitStatus } from "./errors.ts";
import { examples, type Frame, type Register } from "./frame.ts";

/** Every check in turn; after a broken config there is nothing more to look at. */
async function* checks(frame: Frame): AsyncGenerator<Check> {
  yield checkNode(process.versions.node);
  let config: Config;
  try {
    config = await frame.loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const { path, message } of error.problems)
      yield {
        check: "config",
        outcome: "failed",
        message: `${path}: ${message}`,
        remedy: `see ${error.file}`,
      };
    return;
  }
  const platforms = configuredPlatforms(config.connectors);
  yield {
    check: "config",
    outcome: "ok",
    message: `${config.file} (${[...platforms, ...(config.ga4 ? ["ga4"] : []), ...Object.keys(config.sources)].join(", ")})`,
    remedy: "",
  };
  yield* checkSecretsFile(config.folder);
  const warehouse = await openWarehouse(config, { connections: 4 }).catch((error: unknown) =>
    asFailure(error),
  );
  try {
    if (warehouse instanceof Failure) yield failed("database", warehouse);
    const isWell = warehouse instanceof Failure ? false : yield* checkWarehouse(warehouse);
    yield* checkQueueOf(config, isWell && !(warehouse instanceof Failure) ? warehouse : undefined);
    // A renewal may end the token before it: what the service goes on with must come out of it, too.
    const tokens =
      isWell && !(warehouse instanceof Failure)
        ? (await credentialStore(frame, config))(warehouse.database)
        : undefined;
    const memory = await memoryOf(config, isWell && !(warehouse instanceof Failure) ? warehouse : undefined);
    yield* checkPlatforms(frame, config, { tokens, memory });
    if (!(warehouse instanceof Failure)) yield* checkSources(config, warehouse.database, frame);
    if (isWell && !(warehouse instanceof Failure)) yield* checkFreshness(warehouse.database.db, config);
    if (isWell && !(warehouse instanceof Failure))
      for (const platform of platforms)
        for (const { message, remedy } of await unmatchedActions(
          warehouse.database.pool,
          platform,
          config.connectors,
        ))
          yield { check: platform, outcome: "warning", message, remedy };
  } finally {
    if (!(warehouse instanceof Failure)) await warehouse.close();
  }
  if (config.ga4)
    yield* checkGa4(config.ga4, { log: frame.log, signal: frame.signal, now: () => new Date() });
  yield* checkClock();
}

/** The queue, wherever the config has it. Of the embedded Postgres there is nothing to say. */
async function* checkQueueOf(config: Config, warehouse: Warehouse | undefined): AsyncGenerator<Check> {
  const own = queueOf(config);
  if (own?.kind === "redis")
    yield await checkQueue(own.place, warehouse && (await queuePrefix(warehouse.database.pool)));
  else if (own) yield await checkQueueInPostgres(own.place);
  else if (config.database !== undefined && warehouse) yield await checkQueueInPostgres(warehouse.place);
}

/** Every platform's credentials, and when their tokens end. */
async function* checkPlatforms(
  frame: Frame,
  config: Config,
  { tokens, memory }: { readonly tokens: CredentialStore | undefined; readonly memory: Memory },
): AsyncGenerator<Check> {
  const connector = createConnectors({ config, log: frame.log, maxWaitMs: 60_000, tokens, memory });
  for (const platform of configuredPlatforms(config.connectors)) {
    frame.signal.throwIfAborted();
    yield* checkPlatform(
      platform,
      config.connectors[platform]?.accounts ?? [],
      () => connector(platform),
      frame.signal,
    );
    const end = (await tokens?.ends())?.find((known) => known.platform === platform);
    if (end) yield checkTokenEnd(end, new Date());
  }
}

/** Accounts that a night left behind, by the rule of costper status. Those that were never synced are not judged. */
async function* checkFreshness(db: Kysely<DB>, config: Config): AsyncGenerator<Check> {
  const accounts = await accountStatus(db, [], new Date(), scheduleOf(config));
  for (const { platform, account_id, paused } of accounts)
    if (paused !== null)
      yield {
        check: platform,
        outcome: "warning",
        message: `account ${account_id} is paused since ${paused.since.slice(0, 10)}: nothing is pulled of it`,
        remedy: `costper accounts resume ${platform} ${account_id} ends it`,
      };
  for (const { platform, account_id, last_good_date, expected_date, stale } of accounts)
    if (stale && last_good_date !== null)
      yield {
        check: platform,
        outcome: "warning",
        message: `account ${account_id}: the night should have brought ${expected_date}; its last good day is ${last_good_date}`,
        remedy: "see that costper start runs; costper sync brings what is missing",
      };
}

const lines = ({ check, outcome, message, remedy }: Check): string[] => [
  `${outcome.padEnd(8)} ${check.padEnd(10)} ${message}`,
  ...(remedy && outcome !== "ok" ? [`${" ".repeat(20)}${remedy}`] : []),
];

export const register: Register = (command, act) => {
  command
    .description(
      "Check config, database, queue and every credential; says for each what is wrong and how to put it right.",
    )
    .addHelpText(
      "after",
      examples(
        ["costper doctor", "exit status 1 where something is wrong, 2 where it is the config"],
        ["costper doctor --json", "the checks for a program"],
      ),
    )
    .action(
      act(async (frame) => {
        const done: Check[] = [];
        for await (const check of checks(frame)) {
          done.push(check);
          if (!frame.globals.json) lines(check).forEach((line) => frame.out.text(line));
        }
        if (frame.globals.json) frame.out.json({ checks: done });
        const failed = done.filter(({ outcome }) => outcome === "failed");
        if (failed.some(({ check }) => check === "config")) return exitStatus.wrongUse;
        return failed.length > 0 ? exitStatus.failed : exitStatus.done;
      }),
    );
};
