import { randomUUID } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../domain/failure.ts";
import type { FactTable } from "./fact-tables.ts";

/** Rows of one stream that wait for what is known of their day, as bytes of COPY text by table and day. */
export interface HeldRows {
  /** `text`: whole lines. */
  add(table: FactTable, date: string, text: string): Promise<void>;
  /** The rows of a table's day, as they came. */
  read(table: FactTable, date: string): AsyncGenerator<Buffer>;
  /** Lets go of memory and file; may be called more than once. */
  drop(): Promise<void>;
}

/** What all slices of the process hold in memory together; what is more goes to files. */
const memoryBytes = 24 * 1024 * 1024;
let inMemory = 0;

/** A day of few rows takes little, a day of many is written in pieces that are worth a call. */
const smallestBlock = 4 * 1024;
const largestBlock = 64 * 1024;

/** A full block: in memory, or where it stands in the file. */
type Block = Buffer | { readonly at: number; readonly length: number };

interface Pile {
  readonly full: Block[];
  open: Buffer;
  used: number;
}

/** A file that ends with the process, however it ends: it has no name. Nobody else may read it. */
const openNameless = async (): Promise<FileHandle> => {
  const path = join(tmpdir(), `costper-rows-${randomUUID()}`);
  const file = await open(path, "wx+", 0o600);
  await unlink(path);
  return file;
};

const notWritten = (cause: unknown): Failure =>
  new Failure({
    kind: "transient",
    message: "rows could not be put aside in the folder for temporary files",
    remedy: "free disk space there, or set TMPDIR to a folder that has some",
    cause,
  });

export const holdRows = (): HeldRows => {
  const piles = new Map<FactTable, Map<string, Pile>>();
  let file: FileHandle | undefined;
  let fileBytes = 0;
  let own = 0;

  const take = (bytes: number): void => {
    own += bytes;
    inMemory += bytes;
  };

  const blockOf = (bytes: number): Buffer => {
    take(bytes);
    return Buffer.allocUnsafeSlow(bytes);
  };

  const putAside = async (block: Buffer): Promise<Block> => {
    try {
      file ??= await openNameless();
      const at = fileBytes;
      fileBytes += block.length;
      for (let done = 0; done < block.length;)
        done += (await file.write(block, done, block.length - done, at + done)).bytesWritten;
      take(-block.length);
      return { at, length: block.length };
    } catch (error) {
      throw notWritten(error);
    }
  };

  const pileOf = (table: FactTable, date: string): Pile => {
    let days = piles.get(table);
    if (!days) piles.set(table, (days = new Map()));
    let pile = days.get(date);
    if (!pile) days.set(date, (pile = { full: [], open: blockOf(smallestBlock), used: 0 }));
    return pile;
  };

  return {
    async add(table, date, text) {
      const bytes = Buffer.from(text);
      const pile = pileOf(table, date);
      for (let done = 0; done < bytes.length;) {
        const copied = bytes.copy(pile.open, pile.used, done);
        done += copied;
        pile.used += copied;
        if (pile.used < pile.open.length) continue;
        const full = pile.open;
        pile.open = blockOf(Math.min(largestBlock, full.length * 2));
        pile.used = 0;
        pile.full.push(inMemory > memoryBytes ? await putAside(full) : full);
      }
    },

    async *read(table, date) {
      const pile = piles.get(table)?.get(date);
      if (!pile) return;
      for (const block of pile.full) {
        if (Buffer.isBuffer(block)) {
          yield block;
          continue;
        }
        const bytes = Buffer.allocUnsafe(block.length);
        for (let done = 0; done < block.length;) {
          const { bytesRead } = (await file?.read(bytes, done, block.length - done, block.at + done)) ?? {};
          if (!bytesRead) throw notWritten(new Error("the file is shorter than what was written"));
          done += bytesRead;
        }
        yield bytes;
      }
      yield pile.open.subarray(0, pile.used);
    },

    async drop() {
      piles.clear();
      take(-own);
      const opened = file;
      file = undefined;
      await opened?.close();
    },
  };
};
