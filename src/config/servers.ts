import { resolve } from "node:path";
import type { Config } from "../config.ts";
import { isPostgresUrl, type ServerPlace } from "../domain/server-url.ts";

type Written = string | (ServerPlace & { readonly connections?: number | undefined });

const placeOf = (written: Written, folder: string): ServerPlace => {
  if (typeof written === "string") return { url: written };
  const { url, password, ca } = written;
  return { url, password, ca: ca === undefined ? undefined : resolve(folder, ca) };
};

/** The database of a config; undefined: the embedded one. A file of certificates is named from the config's folder. */
export const databaseOf = (
  config: Pick<Config, "database" | "folder">,
): (ServerPlace & { readonly connections: number | undefined }) | undefined => {
  const { database } = config;
  if (database === undefined) return undefined;
  return {
    ...placeOf(database, config.folder),
    connections: typeof database === "string" ? undefined : database.connections,
  };
};

/** Where the queue lives: on Redis, in a Postgres of its own, or (undefined) in the database. */
export const queueOf = (
  config: Pick<Config, "queue" | "folder">,
): { readonly kind: "redis" | "postgres"; readonly place: ServerPlace } | undefined => {
  if (config.queue === undefined) return undefined;
  const place = placeOf(config.queue, config.folder);
  return { kind: isPostgresUrl(place.url) ? "postgres" : "redis", place };
};
