import { createConnectors, openWarehouse } from "../app.ts";
import type { Config } from "../config.ts";
import { ConfigError } from "../config/problems.ts";
import { configuredPlatforms } from "../connectors/registry.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { CredentialStore } from "../warehouse/credentials.ts";
import { credentialStore } from "./credentials.ts";
import { checkQueue, checkWarehouse } from "./doctor/services.ts";
import { type Check, checkNode, checkSecretsFile, checkTokenEnd, failed } from "./doctor/checks.ts";
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
  const warehouse = await openWarehouse(config, 4).catch((error: unknown) => asFailure(error));
  try {
    if (warehouse instanceof Failure) yield failed("database", warehouse);
    const isWell = warehouse instanceof Failure ? false : yield* checkWarehouse(warehouse);
    if (config.queue !== undefined) yield await checkQueue(config.queue);
    // A renewal may end the token before it: what the service goes on with must come out of it, too.
    const tokens =
      isWell && !(warehouse instanceof Failure)
        ? (await credentialStore(frame, config))(warehouse.database)
        : undefined;
    yield* checkPlatforms(frame, config, tokens);
    if (!(warehouse instanceof Failure)) yield* checkSources(config, warehouse.database, frame);
  } finally {
    if (!(warehouse instanceof Failure)) await warehouse.close();
  }
  if (config.ga4)
    yield* checkGa4(config.ga4, { log: frame.log, signal: frame.signal, now: () => new Date() });
}

/** Every platform's credentials, and when their tokens end. */
async function* checkPlatforms(
  frame: Frame,
  config: Config,
  tokens: CredentialStore | undefined,
): AsyncGenerator<Check> {
  const connector = createConnectors({ config, log: frame.log, maxWaitMs: 60_000, tokens });
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
