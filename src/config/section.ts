import { basename, dirname } from "node:path";
import type { SourceProfile } from "../connectors/platform.ts";
import { withBareIds } from "./checks.ts";
import { configPath, environment, type ConfigSource, readText } from "./source.ts";
import { ConfigError } from "./problems.ts";
import { parseYaml, readConfig } from "./read.ts";
import { takeOut } from "./references.ts";
import { validate } from "./validate.ts";

/** Where a setting's value comes from. */
export interface Origin {
  /** The variable of the environment or of `.env` that holds it. */
  readonly variable: string;
  /** `reference`: the config asks for that variable; `value`: the config holds a value itself; `none`: no such key. */
  readonly written: "reference" | "value" | "none";
}

/** One source's section of a costper.yaml that need not be complete. */
export interface OpenSection<Settings> {
  readonly file: string;
  readonly folder: string;
  /** The environment, with `.env` below it. */
  readonly env: ConfigSource["env"];
  /** Values that are there, filled in. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Whether the config names the source at all. */
  readonly isConfigured: boolean;
  origin(key: string): Origin;
  /** The settings with further values. @throws ConfigError where what is written does not fit. */
  settings(more: Readonly<Record<string, unknown>>): Settings;
}

type Tree = Readonly<Record<string, unknown>> | undefined;

const childOf = (tree: unknown, key: string): unknown =>
  typeof tree === "object" && tree !== null ? (tree as Tree)?.[key] : undefined;

/** The variable that the template of `costper init` has for a key, also where its line is commented out. */
const usualVariable = ({ name, template }: SourceProfile, key: string): string =>
  new RegExp(`^[ #]+${key}: "?\\$\\{(\\w+)`, "m").exec(template.yaml)?.[1] ??
  `${name}_${key.replaceAll(/[A-Z]/g, "_$&")}`.toUpperCase();

/**
 * Reads one section of the config as it stands: what it lacks is no problem yet.
 * @throws ConfigError where there is no file, or where it is no YAML.
 */
export const readSection = async <Settings>(
  source: ConfigSource,
  profile: SourceProfile<Settings>,
): Promise<OpenSection<Settings>> => {
  const file = configPath(source);
  const text = await readText(file);
  const folder = dirname(file);
  const env = await environment(folder, source.env);
  const raw = readConfig(basename(file), text, env);
  if (raw.tree === undefined) throw new ConfigError(file, raw.problems);

  const { text: marked, references } = takeOut(text);
  const written = childOf(childOf(parseYaml(basename(file), marked).tree, "connectors"), profile.name);
  const origin = (key: string): Origin => {
    const value = childOf(written, key);
    const index = typeof value === "string" ? /^\ue000(\d+)\ue001$/.exec(value)?.[1] : undefined;
    const reference = index === undefined ? undefined : references[Number(index)];
    return reference
      ? { variable: reference.name, written: "reference" }
      : { variable: usualVariable(profile, key), written: value === undefined ? "none" : "value" };
  };

  const section = childOf(childOf(raw.tree, "connectors"), profile.name);
  const values = { ...(section as Record<string, unknown> | undefined) };
  return {
    file,
    folder,
    env,
    values,
    isConfigured: typeof written === "object" && written !== null,
    origin,
    settings(more) {
      const { name } = profile;
      const tree = { connectors: { [name]: structuredClone({ ...values, ...more }) } };
      const section = validate(profile.settings, tree.connectors[name], raw.emptied);
      if ("problems" in section)
        throw new ConfigError(
          file,
          section.problems.map(({ path, message }) => ({ path: `connectors.${name}.${path}`, message })),
        );
      return (withBareIds({ [name]: section.settings as object })[name] ?? section.settings) as Settings;
    },
  };
};
