import { basename, dirname, resolve } from "node:path";
import { alertProblems } from "./alerts/rule/problems.ts";
import { combinationProblems, cpcProblems, withBareIds } from "./config/checks.ts";
import { ConfigError, type Problem } from "./config/problems.ts";
import { readConfig } from "./config/read.ts";
import { type ConfigSettings, configSchema } from "./config/schema.ts";
import { configPath, type ConfigSource, environment, readText } from "./config/source.ts";
import { validate } from "./config/validate.ts";
import { digestProblems } from "./digest/settings.ts";
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
    ...digestProblems(raw.tree),
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
export const loadConfig = async (source: ConfigSource): Promise<Config> => {
  const path = configPath(source);
  return parseConfig(await readText(path), path, await environment(dirname(path), source.env));
};
