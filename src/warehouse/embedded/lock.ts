import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../domain/failure.ts";
import { isAlive } from "../process-alive.ts";
import { folderFailure } from "./folder.ts";

/** The holder touches the lock as long as it lives; one that was not touched for so long belongs to a dead process. */
const touchMs = 1_000;
const staleMs = 8_000;

/** Longer than any start takes. */
const waitMs = 120_000;

const lockOf = (folder: string): string => join(folder, "postgres.lock");

const take = async (lock: string): Promise<boolean> => {
  const mine = `${lock}.${randomUUID().slice(0, 8)}`;
  try {
    await writeFile(mine, String(process.pid), { mode: 0o600 });
    // There with its content, or not there: a lock whose holder was killed while it wrote would be nobody's.
    await link(mine, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw folderFailure(lock, error, "lock");
    return false;
  } finally {
    await rm(mine, { force: true }).catch(() => undefined);
  }
};

const isStale = async (lock: string): Promise<boolean> => {
  const found = await stat(lock).catch(() => undefined);
  return found !== undefined && Math.abs(Date.now() - found.mtimeMs) > staleMs;
};

/** One process at a time makes, starts or stops the server; a lock whose owner died is taken over. */
export const withLock = async <T>(folder: string, work: () => Promise<T>): Promise<T> => {
  const lock = lockOf(folder);
  const deadline = performance.now() + waitMs;
  while (!(await take(lock))) {
    if (await isStale(lock)) await rm(lock, { force: true });
    if (performance.now() > deadline)
      throw new Failure({
        kind: "transient",
        message: `another costper process has been starting or stopping the database in ${folder} for two minutes`,
        remedy: "end it, and try again",
      });
    await sleep(50);
  }
  const touching = setInterval(() => {
    const now = new Date();
    void utimes(lock, now, now).catch(() => undefined);
  }, touchMs);
  touching.unref();
  try {
    return await work();
  } finally {
    clearInterval(touching);
    await rm(lock, { force: true });
  }
};

/** Whether another process makes, starts or stops the server just now. It does not wait: for a process that ends. */
export const isAnotherAtIt = (folder: string): boolean => {
  try {
    const holder = Number(readFileSync(lockOf(folder), "utf8"));
    return holder !== process.pid && isAlive(holder);
  } catch {
    return false;
  }
};
