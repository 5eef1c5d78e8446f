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
  /** How much there is of a table's day. */
  bytes(table: FactTable, date: string): number;
  /** The rows of a table's day, as they came. */
  read(table: FactTable, date: string): AsyncGenerator<Buffer>;
  /** Lets go of memory and file; may be called more than once. */
  drop(): Promise<void>;
}

/** What all slices of the process hold in memory together; what is more goes to files. */
const memoryBytes = 8 * 1024 * 1024;
let inMemory = 0;

/** A day of few rows takes little, a day of many is written in pieces that are worth a call. */
const smallestBlock = 4 * 1024;
const largestBlock = 64 * 1024;

/** Blocks go to the file so many bytes at a time. */
const writtenAtOnce = 1024 * 1024;

/** A full block: in memory, or where it stands in the file. */
interface Block {
  bytes: Buffer | undefined;
  readonly length: number;
  at: number;
}

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

const encoder = new TextEncoder();

/** What is left of bytes when so many of them are written. */
const after = (parts: readonly Buffer[], written: number): Buffer[] => {
  let skipped = 0;
  return parts.flatMap((part) => {
    const rest = part.subarray(Math.max(0, written - skipped));
    skipped += part.length;
    return rest.length > 0 ? [rest] : [];
  });
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

  /** Full blocks that go to the file next. */
  let leaving: Block[] = [];

  const putAside = async (): Promise<void> => {
    try {
      file ??= await openNameless();
      let at = fileBytes;
      for (let left = leaving.flatMap(({ bytes }) => bytes ?? []); left.length > 0;) {
        const { bytesWritten } = await file.writev(left, at);
        at += bytesWritten;
        left = after(left, bytesWritten);
      }
    } catch (error) {
      throw notWritten(error);
    }
    for (const block of leaving) {
      take(-(block.bytes?.buffer.byteLength ?? 0));
      block.bytes = undefined;
      block.at = fileBytes;
      fileBytes += block.length;
    }
    leaving = [];
  };

  /** Puts the open block, which has no room left, to the full ones. */
  const close = async (pile: Pile): Promise<void> => {
    const block = { bytes: pile.open.subarray(0, pile.used), length: pile.used, at: 0 };
    pile.full.push(block);
    pile.open = blockOf(Math.min(largestBlock, pile.open.length * 2));
    pile.used = 0;
    if (inMemory <= memoryBytes) return;
    leaving.push(block);
    if (leaving.reduce((sum, { length }) => sum + length, 0) >= writtenAtOnce) await putAside();
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
      const pile = pileOf(table, date);
      for (let rest = text; rest !== "";) {
        const { read, written } = encoder.encodeInto(rest, pile.open.subarray(pile.used));
        pile.used += written;
        rest = rest.slice(read);
        if (rest !== "") await close(pile);
      }
    },

    bytes(table, date) {
      const pile = piles.get(table)?.get(date);
      return pile ? pile.full.reduce((sum, { length }) => sum + length, pile.used) : 0;
    },

    async *read(table, date) {
      const pile = piles.get(table)?.get(date);
      if (!pile) return;
      for (const { bytes: held, length, at } of pile.full) {
        if (held) {
          yield held;
          continue;
        }
        const bytes = Buffer.allocUnsafe(length);
        for (let done = 0; done < length;) {
          const { bytesRead } = (await file?.read(bytes, done, length - done, at + done)) ?? {};
          if (!bytesRead) throw notWritten(new Error("the file is shorter than what was written"));
          done += bytesRead;
        }
        yield bytes;
      }
      yield pile.open.subarray(0, pile.used);
    },

    async drop() {
      piles.clear();
      leaving = [];
      take(-own);
      const opened = file;
      file = undefined;
      await opened?.close();
    },
  };
};
