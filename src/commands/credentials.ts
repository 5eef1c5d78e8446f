import { readFile } from "node:fs/promises";
import { join } from "node:path";
import dotenv from "dotenv";
import type { Config } from "../config.ts";
import type { Database } from "../warehouse/database.ts";
import {
  type CredentialStore,
  fileCredentials,
  sealedCredentials,
  secretKey,
} from "../warehouse/credentials.ts";
import type { Frame } from "./frame.ts";

/** Where tokens that a platform rotates are kept: the database where there is a key, else a file beside the config. */
export const credentialStore = async (
  { env, log }: Pick<Frame, "env" | "log">,
  config: Config,
): Promise<(database: Database) => CredentialStore> => {
  const beside = await readFile(join(config.folder, ".env"), "utf8").catch(() => "");
  const text = env["COSTPER_SECRET_KEY"] || dotenv.parse(beside)["COSTPER_SECRET_KEY"];
  const key = text ? secretKey(text) : undefined;
  const file = join(config.folder, "costper.credentials.json");
  return ({ pool }) => (key ? sealedCredentials(pool, key, log) : fileCredentials(pool, file, log));
};
