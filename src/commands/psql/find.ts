import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { Failure } from "../../domain/failure.ts";

/** Folders of installers that put nothing on the PATH: a `*` is the version. */
const usualFolders: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"],
  darwin: [
    "/opt/homebrew/opt/libpq/bin",
    "/usr/local/opt/libpq/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/Library/PostgreSQL/*/bin",
  ],
  win32: ["C:/Program Files/PostgreSQL/*/bin"],
};

const installing: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: "install it: apt install postgresql-client, dnf install postgresql, or apk add postgresql-client",
  darwin: "install it: brew install libpq",
  win32: "install it: winget install PostgreSQL.PostgreSQL, or https://www.postgresql.org/download/windows/",
};

/** The folders that a pattern means, the highest version first. */
const spread = async (pattern: string): Promise<readonly string[]> => {
  const [before = "", after] = pattern.split("*");
  if (after === undefined) return [pattern];
  const parent = before.slice(0, before.lastIndexOf("/") + 1);
  const names = await readdir(parent).catch(() => []);
  return names
    .filter((name) => `${parent}${name}`.startsWith(before))
    .sort((one, other) => other.localeCompare(one, "en", { numeric: true }))
    .map((name) => `${parent}${name}${after}`);
};

/** @throws Failure with the way to install it where psql is in none of the usual places. */
export const findPsql = async (
  env: NodeJS.ProcessEnv,
  { platform = process.platform, folders = usualFolders[process.platform] ?? [] } = {},
): Promise<string> => {
  const program = platform === "win32" ? "psql.exe" : "psql";
  const onPath = (env["PATH"] ?? env["Path"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const beside = (await Promise.all(folders.map(spread))).flat();
  for (const folder of [...onPath, ...beside]) {
    const file = join(folder, program);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  throw new Failure({
    kind: "request",
    message: "psql is not installed",
    remedy: installing[platform] ?? "install the client programs of PostgreSQL",
  });
};
