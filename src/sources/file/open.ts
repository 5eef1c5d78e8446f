import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, mkdir, readdir, realpath, rename, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type pg from "pg";
import { Failure } from "../../domain/failure.ts";
import { csvReading, readingKey } from "../reading.ts";
import type { SourceFinding, OpenSource, Pulled, SourceContext, StreamAsk } from "../source.ts";
import type { FileSettings } from "./type.ts";

interface Found {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  readonly changedAt: number;
}

const patternOf = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll("*", "[^/]*")
      .replaceAll("?", "[^/]")}$`,
    "u",
  );

const unfinished = /^\.|\.(part|tmp|crdownload|filepart)$/i;

/** The files that match, oldest first; links and what is no file are passed over. @throws Failure `account` */
const find = async ({ path }: FileSettings, { folder, name }: SourceContext): Promise<readonly Found[]> => {
  const whole = resolve(folder, path);
  const [place, pattern] = [dirname(whole), patternOf(basename(whole))];
  let names: readonly string[];
  try {
    names = await readdir(await realpath(place));
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new Failure({
      kind: "account",
      code,
      message: `source ${name}: its folder cannot be read (${code})`,
      remedy: `make the folder of sources.${name}.path, and let costper read it`,
    });
  }
  const found: Found[] = [];
  for (const file of names.filter((file) => pattern.test(file) && !unfinished.test(file))) {
    const info = await lstat(join(place, file)).catch(() => undefined);
    if (info?.isFile() === true)
      found.push({ path: join(place, file), name: file, bytes: info.size, changedAt: info.mtimeMs });
  }
  return found.sort((one, other) => one.changedAt - other.changedAt || (one.name < other.name ? -1 : 1));
};

const hashOf = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest("hex");
};

/** Moves a file beside its folder's others, never over one. Without the right to, it stays and is known by its content. */
const moveTo = async (file: Found, place: "done" | "refused", { log }: SourceContext): Promise<string> => {
  const folder = join(dirname(file.path), place);
  try {
    await mkdir(folder, { recursive: true });
    for (let copy = 0; ; copy += 1) {
      const target = join(folder, copy === 0 ? file.name : `${file.name}.${String(copy)}`);
      if ((await stat(target).catch(() => undefined)) !== undefined) continue;
      await rename(file.path, target);
      return target;
    }
  } catch (error) {
    log.warn(
      { file: file.name, code: (error as NodeJS.ErrnoException).code },
      "a file that was loaded cannot be moved",
    );
    return file.path;
  }
};

const outcomeOf = async (pool: pg.Pool, key: readonly string[]): Promise<string | undefined> => {
  const { rows } = await pool.query<{ outcome: string }>(
    "select outcome from ops.source_file where source = $1 and sha256 = $2 and mapping = $3",
    [...key],
  );
  return rows[0]?.outcome;
};

const insertFile = `insert into ops.source_file (source, sha256, mapping, name, bytes, rows, outcome)
  values ($1, $2, $3, $4, $5, $6, $7) on conflict (source, sha256, mapping) do update
  set name = excluded.name, rows = excluded.rows, outcome = excluded.outcome, loaded_at = now()`;

const pull = async (settings: FileSettings, context: SourceContext, ask: StreamAsk): Promise<Pulled> => {
  const { pool } = context.database;
  const mapping = createHash("sha256").update(readingKey(settings)).digest("hex").slice(0, 16);
  const sum = { rowsRead: 0, rowsWritten: 0, refused: 0 };
  const failures: Failure[] = [];
  let loaded = 0;
  for (const file of await find(settings, context)) {
    ask.signal.throwIfAborted();
    // Somebody may still be at it: size and time must have stood still for a while.
    const isYoung = () => context.now().getTime() - file.changedAt < settings.quietSeconds * 1_000;
    if (isYoung() || file.bytes === 0) continue;
    const sha256 = await hashOf(file.path);
    const now = await lstat(file.path).catch(() => undefined);
    if (now?.size !== file.bytes || now.mtimeMs !== file.changedAt) continue;
    const key = [context.name, sha256, mapping];
    const before = ask.full ? undefined : await outcomeOf(pool, key);
    if (before !== undefined) {
      if (settings.after === "move") await moveTo(file, before === "loaded" ? "done" : "refused", context);
      continue;
    }
    try {
      const result = await ask.land({
        ...csvReading(settings),
        bytes: createReadStream(file.path),
        file: file.name,
        ...(settings.skipBad
          ? { skipBad: settings.after === "move" ? { refusedFile: `${file.path}.refused.part` } : {} }
          : {}),
        afterMerge: async (client) => {
          await client.query(insertFile, [...key, file.name, file.bytes, 0, "loaded"]);
        },
      });
      await pool.query(
        "update ops.source_file set rows = $4 where source = $1 and sha256 = $2 and mapping = $3",
        [...key, result.read],
      );
      loaded += 1;
      sum.rowsRead += result.read;
      sum.refused += result.refused;
      sum.rowsWritten += result.inserted + result.changed + (result.withdrawn ?? 0);
      if (settings.after === "move") {
        const target = await moveTo(file, "done", context);
        if (result.refusedFile !== undefined) await rename(result.refusedFile, `${target}.refused.csv`);
      }
    } catch (error) {
      ask.signal.throwIfAborted();
      // The file is at fault, not the source: the others still come, and this one is told.
      if (!(error instanceof Failure) || (error.kind !== "data" && error.kind !== "request")) throw error;
      if (error.code === "vanished") throw error;
      failures.push(error);
      if (settings.after === "move") {
        await pool.query(insertFile, [...key, file.name, file.bytes, 0, "refused"]);
        await moveTo(file, "refused", context);
      }
    }
  }
  const [first] = failures;
  if (first !== undefined)
    throw failures.length === 1
      ? first
      : new Failure({
          kind: first.kind,
          message: `${first.message}; and ${String(failures.length - 1)} more files`,
          remedy: first.remedy,
        });
  return { ...sum, unchanged: loaded === 0, fresh: loaded > 0 };
};

async function* check(settings: FileSettings, context: SourceContext): AsyncGenerator<SourceFinding> {
  const files = await find(settings, context);
  const names = files.slice(0, 3).map(({ name }) => name);
  yield {
    outcome: "ok",
    message:
      files.length === 0
        ? "nothing waits in its folder"
        : `${String(files.length)} ${files.length === 1 ? "file" : "files"} in its folder: ${names.join(", ")}${files.length > 3 ? ", ..." : ""}`,
  };
}

const open: OpenSource<FileSettings> = (settings, context) => ({
  streams: [{ name: settings.kind, pull: (ask) => pull(settings, context, ask) }],
  check: () => check(settings, context),
  close: async () => undefined,
});

export default open;
