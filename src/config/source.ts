import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import dotenv from "dotenv";
import { ConfigError } from "./problems.ts";

export interface ConfigSource {
  /** From `--config`; goes before COSTPER_CONFIG, which goes before the working directory. */
  readonly file?: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws ConfigError where the file is not there or cannot be read. */
export const readText = async (file: string): Promise<string> => {
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
export const environment = async (folder: string, env: ConfigSource["env"]): Promise<ConfigSource["env"]> => {
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

/** The config's file: `--config`, else COSTPER_CONFIG, else the one in the working directory. */
export const configPath = ({ file, cwd, env }: ConfigSource): string =>
  resolve(cwd, file ?? (env["COSTPER_CONFIG"] || "costper.yaml"));
