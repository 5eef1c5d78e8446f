import { randomUUID } from "node:crypto";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../../domain/failure.ts";
import type { Binaries } from "./binaries.ts";

/** What a folder's failure means to a person. */
export const folderFailure = (path: string, error: unknown, part?: "lock"): Failure => {
  const { code = "" } = error as NodeJS.ErrnoException;
  const [what, remedy] =
    code === "ENOSPC" || code === "EDQUOT"
      ? ["the disk is full", "free some space and run the command again"]
      : code === "EROFS" || code === "EACCES" || code === "EPERM"
        ? [
            "it may not be written",
            "run costper where it may write, or set DATABASE_URL to a database of your own",
          ]
        : code === "ENOTDIR" || code === "EEXIST"
          ? [
              "a file is in the way of the folder",
              "move it away, or set DATABASE_URL to a database of your own",
            ]
          : code === "ENOENT"
            ? ["its folder is not there any more", "change into a folder that exists"]
            : [
                code || (error as Error).message,
                "check the folder, or set DATABASE_URL to a database of your own",
              ];
  return new Failure({
    kind: "request",
    message: `the embedded database cannot use ${path}: ${what}`,
    remedy,
    ...(part && { code: part }),
    cause: error,
  });
};

const run = (program: string, args: readonly string[], binaries: Binaries): Promise<void> =>
  new Promise((done, reject) => {
    const child = spawn(program, args, { ...binaries.owner, stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0 ? done() : reject(new Error(`${program} ended with ${String(code)}: ${errors}`)),
    );
  });

const own = async (path: string, { owner }: Binaries): Promise<void> => {
  if (owner) await chown(path, owner.uid, owner.gid);
};

/** Databases made by people have numbers from here on. */
const firstOfPeople = 16_384;

/**
 * Whether something of the user's may lie in a folder that is no whole database: what `initdb` alone has made holds
 * nothing, and neither does an empty folder.
 */
const mayHoldData = async (data: string): Promise<boolean> => {
  const known = await readdir(data);
  if (known.length === 0) return false;
  const databases = await readdir(join(data, "base")).catch(() => []);
  const strangers = known.some(
    (name) => !/^(pg_\w+|base|global|PG_VERSION|post(gresql|master)\.\w+(\.conf)?)$/.test(name),
  );
  return strangers || databases.some((name) => Number(name) >= firstOfPeople);
};

const isWhole = (data: string): boolean =>
  existsSync(join(data, "PG_VERSION")) &&
  existsSync(join(data, "global", "pg_control")) &&
  existsSync(join(data, "postgresql.conf"));

/**
 * Makes the data folder where there is none. `initdb` works beside it, and only a finished one gets its name: one that
 * was killed is begun again.
 * @throws Failure where the folder is damaged and something in it may be the user's.
 */
export const ensureData = async (data: string, password: string, binaries: Binaries): Promise<void> => {
  const parent = join(data, "..");
  for (const name of await readdir(parent))
    if (name.startsWith("data.half.")) await rm(join(parent, name), { recursive: true, force: true });
  if (isWhole(data)) {
    // Postgres refuses a folder that others may enter.
    if (((await stat(data)).mode & 0o027) !== 0) await chmod(data, 0o700);
    return;
  }
  if (existsSync(data)) {
    if (await mayHoldData(data))
      throw new Failure({
        kind: "request",
        message: `the embedded database in ${data} is damaged: files of it are missing`,
        remedy: "bring the folder back from a backup, or move it away to begin anew",
      });
    await rm(data, { recursive: true, force: true });
  }
  const half = `${data}.half.${randomUUID().slice(0, 8)}`;
  const passwordFile = `${half}.password`;
  try {
    await mkdir(half, { mode: 0o700 });
    await own(half, binaries);
    await writeFile(passwordFile, password, { mode: 0o600 });
    await own(passwordFile, binaries);
    await run(
      binaries.initdb,
      [
        `--pgdata=${half}`,
        "--username=costper",
        "--auth=scram-sha-256",
        `--pwfile=${passwordFile}`,
        "--encoding=UTF8",
        "--locale=C",
      ],
      binaries,
    );
    await rename(half, data);
  } catch (error) {
    await rm(half, { recursive: true, force: true }).catch(() => undefined);
    throw (error as NodeJS.ErrnoException).code === undefined ? error : folderFailure(data, error);
  } finally {
    await rm(passwordFile, { force: true });
  }
};

/** Gives the role of the folder a password, where the one that it had is lost: the folder is ours, so nobody is asked. */
export const resetPassword = (data: string, password: string, binaries: Binaries): Promise<void> =>
  new Promise((done, reject) => {
    const child = spawn(binaries.postgres, ["--single", "-D", data, "postgres"], {
      ...binaries.owner,
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0 ? done() : reject(new Error(`the password could not be set anew (${String(code)})`)),
    );
    child.stdin.end(`alter role costper password '${password}'\n`);
  });
