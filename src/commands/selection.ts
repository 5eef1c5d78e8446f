import { type Command, InvalidArgumentError, Option } from "commander";
import { createConnectors, openMemory } from "../app.ts";
import type { Config } from "../config.ts";
import { accountIdProblem, bareAccountId, meanTheSame, namesAccount } from "../connectors/account-ids.ts";
import { configuredPlatforms, isPlatform, platforms } from "../connectors/registry.ts";
import type { Platform } from "../domain/platform.ts";
import { enabledSources } from "../sync/sources.ts";
import { offer } from "./completion/offer.ts";
import { addRangeOptions } from "./dates.ts";
import { credentialStore } from "./credentials.ts";
import { UsageError } from "./errors.ts";
import type { Frame } from "./frame.ts";

/** Options that say which accounts and days a command is about. */
export interface SelectionOptions {
  readonly platform?: readonly Platform[];
  readonly account?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  /** Sources of first-party data; absent: all where no platform or account is named, else none. */
  readonly source?: readonly string[];
}

const parsePlatform = (text: string, before: readonly Platform[] = []): readonly Platform[] => {
  if (!isPlatform(text)) throw new InvalidArgumentError(`There are ${platforms.join(", ")}.`);
  return before.includes(text) ? before : [...before, text];
};

export const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export const addSelectionOptions = (command: Command): Command =>
  addRangeOptions(
    command
      .addOption(
        offer(
          new Option("--platform <platform>", "this platform only; may be repeated").argParser(parsePlatform),
          platforms,
        ),
      )
      .option("--account <id>", "this account only, in any of its written forms; may be repeated", collect),
  );

/** The platforms that a command is about. @throws UsageError where one is not configured */
export const selectedPlatforms = (config: Config, options: SelectionOptions): readonly Platform[] => {
  const configured = configuredPlatforms(config.connectors);
  if (options.source !== undefined) return [];
  const unknown = options.platform?.find((platform) => !configured.includes(platform));
  if (unknown !== undefined)
    throw new UsageError(
      `--platform ${unknown} is not in the config`,
      `configured: ${configured.join(", ")}`,
    );
  return configured.filter((platform) => options.platform?.includes(platform) ?? true);
};

/** The sources that a command is about. @throws UsageError where one is not configured */
export const selectedSources = (config: Config, options: SelectionOptions): readonly string[] => {
  const { source: asked, platform, account } = options;
  if (asked === undefined)
    return platform === undefined && account === undefined ? enabledSources(config) : [];
  if (platform !== undefined || account !== undefined)
    throw new UsageError("--source goes without --platform and --account", "run one sync for each");
  const known = Object.keys(config.sources);
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      `--source ${unknown} is not in the config`,
      known.length === 0 ? "the config names no sources" : `configured: ${known.join(", ")}`,
    );
  return asked;
};

/**
 * The asked accounts of each platform, bare; undefined: all.
 * @throws UsageError where no selected platform can have an account of that id.
 */
export const askedAccounts = (
  config: Config,
  selected: readonly Platform[],
  options: SelectionOptions,
): ((platform: Platform) => readonly string[] | undefined) => {
  const { account: asked } = options;
  if (asked === undefined) return () => undefined;
  for (const id of asked) {
    const owners = selected.filter((platform) => {
      const named = config.connectors[platform]?.accounts;
      return named
        ? named.some((other) => meanTheSame(platform, id, other))
        : accountIdProblem(platform, id) === undefined;
    });
    if (owners.length === 0)
      throw new UsageError(
        `--account ${id} is none of the configured accounts`,
        "costper accounts lists those that the credentials reach",
      );
  }
  return (platform) => asked.map((id) => bareAccountId(platform, id));
};

export const unknownAccount = (id: string): UsageError =>
  new UsageError(
    `--account ${id} is none of the accounts that the credentials reach`,
    "costper accounts lists them",
  );

/**
 * Where the config names no accounts, only the platforms know whether there is one of that id: they are asked before
 * a database is opened or migrated. A platform that does not answer refuses nothing; the command says so itself.
 * @throws UsageError
 */
export const refuseUnreached = async (
  config: Config,
  options: SelectionOptions,
  frame: Pick<Frame, "env" | "log" | "signal">,
): Promise<void> => {
  const { log, signal } = frame;
  const selected = selectedPlatforms(config, options);
  const unnamed = (options.account ?? []).filter(
    (id) =>
      !selected.some((platform) =>
        config.connectors[platform]?.accounts?.some((named) => meanTheSame(platform, id, named)),
      ),
  );
  if (unnamed.length === 0) return;
  const reached: { readonly platform: Platform; readonly id: string }[] = [];
  const kept = openMemory(config, { files: false, tokens: await credentialStore(frame, config) });
  const connector = createConnectors({ config, log, memory: kept.memory, tokens: kept.tokens });
  const ask = async (platform: Platform): Promise<boolean> => {
    if (config.connectors[platform]?.accounts) return true;
    try {
      for await (const { id } of (await connector(platform)).accounts(signal)) reached.push({ platform, id });
      return true;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  };
  let answered: readonly boolean[];
  try {
    answered = await Promise.all(selected.map(ask));
  } finally {
    await kept.close();
  }
  if (answered.includes(false)) return;
  const unknown = unnamed.find(
    (id) => !reached.some((account) => namesAccount(account.platform, id, account.id)),
  );
  if (unknown !== undefined) throw unknownAccount(unknown);
};
