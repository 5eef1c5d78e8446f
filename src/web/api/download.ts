import { once } from "node:events";
import { PassThrough, type Readable } from "node:stream";
import type { Kysely } from "kysely";
import type { DB } from "../../warehouse/schema.ts";
import { WebProblem } from "../failures.ts";
import { type Read, reading } from "./read.ts";

/** A reader that takes nothing for so long, or is not done after so long, is hung up on: it holds a connection. */
const stalledMs = 30_000;
const longestMs = 15 * 60_000;

/** Hands a piece on, and waits until the reader wants more. False: it went away, and nothing more is wanted. */
export type Put = (piece: string | Uint8Array) => Promise<boolean>;

const putInto =
  (out: PassThrough): Put =>
  async (piece) => {
    if (out.destroyed) return false;
    if (out.write(piece)) return true;
    try {
      await once(out, "drain", { signal: AbortSignal.timeout(stalledMs) });
      return true;
    } catch {
      if (out.destroyed) return false;
      throw new WebProblem(408, "the reader took nothing for half a minute", "start the download again");
    }
  };

/** A download that is written while it is read: what does not fit into memory still arrives. */
export const download = (db: Kysely<DB>, write: (read: Read, put: Put) => Promise<unknown>): Readable => {
  const out = new PassThrough();
  const tooLong = setTimeout(() => out.destroy(), longestMs);
  out.once("close", () => clearTimeout(tooLong));
  reading(db, (read) => write(read, putInto(out))).then(
    () => out.end(),
    (error: unknown) => out.destroy(error as Error),
  );
  return out;
};
