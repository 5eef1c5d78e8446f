import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { Transform, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import yauzl, { type Entry, type ZipFile } from "yauzl";
import yazl from "yazl";
import * as z from "zod";
import { Failure } from "../../domain/failure.ts";

/**
 * A backup is a zip: `manifest.json` and a CSV a table, as Postgres' COPY writes it. Any tool can look into it.
 * The manifest comes last, so a file without one was not written to its end.
 */
const format = 1;

const manifestShape = z.object({
  costper_backup: z.literal(format),
  made_at: z.string(),
  version: z.string(),
  /** The steps of the schema that the tables have. */
  schema: z.array(z.string()).min(1),
  tables: z.array(
    z.object({
      name: z.string().regex(/^[a-z_]+\.[a-z0-9_]+$/),
      columns: z.array(z.string().regex(/^[a-z0-9_]+$/)).min(1),
      months: z.array(z.string().regex(/^\d{4}-\d{2}-\d{2}$/)),
      rows: z.number().int(),
      sha256: z.string(),
    }),
  ),
});

export type Manifest = z.infer<typeof manifestShape>;

const manifestName = "manifest.json";
const fileOf = (table: string): string => `${table}.csv`;

/** Lets bytes through and knows their hash in the end. */
const hashing = () => {
  const hash = createHash("sha256");
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return { stream, digest: () => hash.digest("hex") };
};

export interface WrittenTable {
  readonly name: string;
  readonly rows: () => number;
  readonly open: () => Promise<Readable>;
}

const diskFailure = (file: string, error: unknown): unknown => {
  const { code = "" } = error as NodeJS.ErrnoException;
  if (["ENOENT", "ENOTDIR", "EACCES", "EPERM", "EROFS", "ENAMETOOLONG"].includes(code))
    return new Failure({
      kind: "request",
      code: "usage",
      message: `${file} cannot be written (${code})`,
      remedy: "name a file in a folder that is there and may be written",
      cause: error,
    });
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new Failure({
    kind: "request",
    message: `there is no space left for ${file}`,
    remedy: "make room or choose another disk, and run it again; the unfinished file is gone",
    cause: error,
  });
};

/**
 * Writes the archive beside its name and gives it the name when its last byte is on the disk.
 * @param manifestOf told the rows and the hash of each table, once all are written
 */
export const writeArchive = async (options: {
  readonly file: string;
  readonly tables: readonly WrittenTable[];
  readonly manifestOf: (written: ReadonlyMap<string, { rows: number; sha256: string }>) => Manifest;
  readonly signal: AbortSignal;
}): Promise<Manifest> => {
  const { file, tables, manifestOf, signal } = options;
  const half = `${file}.partial`;
  const zip = new yazl.ZipFile();
  const written = new Map<string, { rows: number; sha256: string }>();
  const entry = { compressionLevel: 4, forceZip64Format: true };
  let manifest: Manifest | undefined;
  for (const { name, rows, open: openTable } of tables)
    zip.addReadStreamLazy(fileOf(name), entry, (done) => {
      const { stream, digest } = hashing();
      const copying = async (): Promise<void> => {
        await pipeline(await openTable(), stream, { signal });
        written.set(name, { rows: rows(), sha256: digest() });
      };
      copying().catch((error: unknown) => zip.emit("error", error));
      done(null, stream);
    });
  zip.addReadStreamLazy(manifestName, entry, (done) => {
    const { stream } = hashing();
    manifest = manifestOf(written);
    stream.end(`${JSON.stringify(manifest, undefined, 2)}\n`);
    done(null, stream);
  });
  zip.end();
  try {
    zip.on("error", (error) => (zip.outputStream as Readable).destroy(error as Error));
    await pipeline(zip.outputStream, createWriteStream(half, { mode: 0o600, flush: true }), { signal });
    await rename(half, file);
  } catch (error) {
    await rm(half, { force: true }).catch(() => undefined);
    signal.throwIfAborted();
    throw diskFailure(file, error);
  }
  if (manifest === undefined) throw new Error("the archive has no manifest");
  return manifest;
};

/** A backup that was opened for reading. */
export interface Archive {
  readonly manifest: Manifest;
  /** The CSV of a table, and its hash once it was read to its end. */
  readonly table: (name: string) => Promise<{ readonly stream: Readable; readonly sha256: () => string }>;
  readonly close: () => void;
}

const notWhole = (file: string, cause?: unknown): Failure =>
  new Failure({
    kind: "request",
    code: "usage",
    message: `${file} is not a whole backup of costper`,
    remedy: "name a file that costper backup wrote",
    cause,
  });

/** What any backup of a later format still says of itself. */
const newerShape = z.object({ costper_backup: z.number().gt(format), version: z.string() });

const tooNew = (file: string, version: string): Failure =>
  new Failure({
    kind: "request",
    code: "usage",
    message: `${file} was written by costper ${version}, in a format that this one does not know`,
    remedy: `update costper to ${version} or later; nothing was changed`,
  });

const readAll = async (stream: Readable): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).length;
    if (bytes > 16_000_000) throw new Error("too long");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
};

const entriesOf = (zip: ZipFile): Promise<Map<string, Entry>> =>
  new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>();
    zip.on("entry", (entry: Entry) => {
      entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.on("end", () => resolve(entries));
    zip.on("error", reject);
    zip.readEntry();
  });

/** @throws Failure where the file is missing, cut off, or something else. */
export const openArchive = async (file: string): Promise<Archive> => {
  if (!(await stat(file).catch(() => undefined))?.isFile())
    throw new Failure({
      kind: "request",
      code: "usage",
      message: `there is no file ${file}`,
      remedy: "name a file that costper backup wrote",
    });
  const zip = await promisify<string, yauzl.Options, ZipFile>(yauzl.open)(file, {
    lazyEntries: true,
    autoClose: false,
  }).catch((error: unknown) => {
    throw notWhole(file, error);
  });
  const openEntry = promisify(zip.openReadStream.bind(zip)) as (entry: Entry) => Promise<Readable>;
  try {
    const entries = await entriesOf(zip);
    const manifestEntry = entries.get(manifestName);
    if (manifestEntry === undefined) throw notWhole(file);
    const written: unknown = JSON.parse(await readAll(await openEntry(manifestEntry)));
    const newer = newerShape.safeParse(written).data;
    if (newer !== undefined) throw tooNew(file, newer.version);
    const manifest = manifestShape.parse(written);
    return {
      manifest,
      table: async (name) => {
        const entry = entries.get(fileOf(name));
        if (entry === undefined) throw notWhole(file);
        const { stream, digest } = hashing();
        const source = await openEntry(entry);
        source.on("error", (error) => stream.destroy(error));
        return { stream: source.pipe(stream), sha256: digest };
      },
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error instanceof Failure ? error : notWhole(file, error);
  }
};
