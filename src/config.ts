import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import dotenv from "dotenv";
import { alertProblems } from "./alerts/rule/problems.ts";
import { combinationProblems, cpcProblems, withBareIds } from "./config/checks.ts";
import { ConfigError, type Problem } from "./config/problems.ts";
import { readConfig } from "./config/read.ts";
import { type ConfigSettings, configSchema } from "./config/schema.ts";
import { validate } from "./config/validate.ts";
import type { Ga4Settings } from "./connectors/ga4/settings.ts";
import type { ConnectorSettings } from "./connectors/registry.ts";

/** Everything that costper.yaml and the environment say; checked whole, and frozen. */
export interface Config extends Readonly<Omit<ConfigSettings, "connectors">> {
  /** Account ids are bare here. */
  readonly connectors: ConnectorSettings;
  /** `connectors.ga4`: no ad platform, so it stands apart. A key file is named from the config's folder. */
  readonly ga4: Ga4Settings | undefined;
  /** The file that was read, and its folder, which `.costper` lies in. */
  readonly file: string;
  readonly folder: string;
}

export interface ConfigSource {
  /** From `--config`; goes before COSTPER_CONFIG, which goes before the working directory. */
  readonly file?: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const readText = async (file: string): Promise<string> => {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const message =
      code === "ENOENT"
        ? "there is no such file; `costper init` writes one, --config FILE names another"
        : `cannot be read (${code}); check the file and its permissions`;
    throw new ConfigError(file, [{ path: basename(file), message }]);
  }
};

/** The environment, and below it what a `.env` beside the config says. */
const environment = async (folder: string, env: ConfigSource["env"]): Promise<ConfigSource["env"]> => {
  const file = join(folder, ".env");
  try {
    return { ...dotenv.parse(await readFile(file)), ...env };
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return env;
    throw new ConfigError(file, [
      { path: ".env", message: `cannot be read (${code}); check its permissions` },
    ]);
  }
};

const deepFreeze = <T>(value: T): T => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
};

/** The first problem of each path, in the order found: a value that is not there breaks no further rule. */
const onePerPath = (problems: readonly Problem[]): Problem[] =>
  [...new Map(problems.toReversed().map((problem) => [problem.path, problem])).values()].toReversed();

const ga4Of = (settings: Ga4Settings | undefined, folder: string): Ga4Settings | undefined =>
  settings?.serviceAccountFile === undefined
    ? settings
    : { ...settings, serviceAccountFile: resolve(folder, settings.serviceAccountFile) };

/**
 * Fills in and checks the text of a configuration as if it stood in `file`.
 * @throws ConfigError that holds every problem found.
 */
export const parseConfig = (text: string, file: string, env: ConfigSource["env"]): Config => {
  const raw = readConfig(basename(file), text, env);
  if (raw.tree === undefined) throw new ConfigError(file, raw.problems);

  const checked = validate(configSchema(), raw.tree, raw.emptied);
  const problems = onePerPath([
    ...raw.problems,
    ...cpcProblems(raw.tree),
    ...alertProblems(raw.tree),
    ...combinationProblems(raw.tree, new Set(raw.problems.map(({ path }) => path))),
    ...("problems" in checked ? checked.problems : []),
  ]);
  if ("problems" in checked || problems.length > 0) throw new ConfigError(file, problems);
  const { settings } = checked;
  return deepFreeze({
    ...settings,
    connectors: withBareIds(settings.connectors),
    ga4: ga4Of(settings.connectors.ga4, dirname(file)),
    file,
    folder: dirname(file),
  });
};

/**
 * Finds and reads the configuration.
 * @throws ConfigError also where there is no such file.
 */
export const loadConfig = async ({ file, cwd, env }: ConfigSource): Promise<Config> => {
  const path = resolve(cwd, file ?? (env["COSTPER_CONFIG"] || "costper.yaml"));
  const text = await readText(path);
  return parseConfig(text, path, await environment(dirname(path), env));
};
