import { readFile } from "node:fs/promises";
import { join } from "node:path";
import dotenv from "dotenv";
import { openWarehouse } from "../app.ts";
import type { Config } from "../config.ts";
import { ConfigError } from "../config/problems.ts";
import type { Database } from "../warehouse/database.ts";
import {
  type CredentialStore,
  fileCredentials,
  sealedCredentials,
  secretKey,
} from "../warehouse/credentials.ts";
import type { Frame } from "./frame.ts";

/** The key of the environment, or of the `.env` beside the config. */
const keyOf = async (env: NodeJS.ProcessEnv, folder: string): Promise<Buffer | undefined> => {
  const beside = await readFile(join(folder, ".env"), "utf8").catch(() => "");
  const text = env["COSTPER_SECRET_KEY"] || dotenv.parse(beside)["COSTPER_SECRET_KEY"];
  return text ? secretKey(text) : undefined;
};

/** Where tokens that a platform rotates are kept: the database where there is a key, else a file beside the config. */
export const credentialStore = async (
  { env, log }: Pick<Frame, "env" | "log">,
  config: Config,
): Promise<(database: Database) => CredentialStore> => {
  const key = await keyOf(env, config.folder);
  const file = join(config.folder, "costper.credentials.json");
  return ({ pool }) => (key ? sealedCredentials(pool, key, log) : fileCredentials(pool, file, log));
};

/**
 * The encrypted store of the config's database; undefined where tokens are not kept in a database, or the config is not
 * complete yet.
 * @throws Failure where the database does not answer
 */
export const databaseCredentials = async (
  frame: Pick<Frame, "env" | "log" | "loadConfig" | "onEnd">,
): Promise<CredentialStore | undefined> => {
  const config = await frame.loadConfig().catch((error: unknown) => {
    if (error instanceof ConfigError) return undefined;
    throw error;
  });
  const key = config && (await keyOf(frame.env, config.folder));
  if (!config || !key) return undefined;
  const { database, close } = await openWarehouse(config, { connections: 2 });
  frame.onEnd(close);
  const { rows } = await database.pool.query<{ there: boolean }>(
    "select to_regclass('ops.credential') is not null as there",
  );
  return rows[0]?.there ? sealedCredentials(database.pool, key, frame.log) : undefined;
};
