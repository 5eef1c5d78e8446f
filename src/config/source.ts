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

/** The bytes as text. @throws ConfigError where they are in another encoding: wrong letters would go unnoticed. */
const textOf = (file: string, bytes: Buffer): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError(file, [{ path: basename(file), message: "is not UTF-8 text; save it as UTF-8" }]);
  }
};

/** @throws ConfigError where the file is not there or cannot be read. */
export const readText = async (file: string): Promise<string> => {
  try {
    return textOf(file, await readFile(file));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
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
    return { ...dotenv.parse(textOf(file, await readFile(file))), ...env };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
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
