import { pipeline, Readable } from "node:stream";
import { createGunzip, createInflate, gunzipSync, inflateSync } from "node:zlib";

/**
 * An answer of so few packed bytes is unpacked in one call: a stream makes an unpacker and asks other threads, which
 * costs many times the work. What it would grow to is bounded too.
 */
const shortBytes = 65_536;
const shortUnpackedBytes = 1_048_576;

const ignore = () => undefined;

/** What of an answer the unpacking needs. */
type Packed = Readable & { readonly headers: { readonly "content-encoding"?: string | undefined } };

/** A body that is read piece by piece. */
export interface Body {
  /** The next bytes as the sender meant them, or undefined at the end. */
  read(): Promise<Buffer | undefined>;
  close(): void;
}

/** Undefined where it would grow too large to be held. */
const unpackedAtOnce = (packing: string, parts: readonly Buffer[]): Buffer | undefined => {
  const options = { maxOutputLength: shortUnpackedBytes };
  try {
    return (packing === "deflate" ? inflateSync : gunzipSync)(Buffer.concat(parts), options);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") return undefined;
    throw error;
  }
};

async function* after(head: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/**
 * The body as the sender meant it. An end in the midst of packed bytes is an error.
 * @param bounded - races each wait for the sender against silence and the signal
 */
export const bodyOf = (response: Packed, bounded: <T>(work: Promise<T>) => Promise<T>): Body => {
  // Without a listener an error that comes after the reader has gone would end the process.
  response.on("error", ignore);
  const packing = response.headers["content-encoding"]?.trim().toLowerCase();
  const bytes = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const nextOf = async (chunks: AsyncIterator<Buffer>): Promise<Buffer | undefined> => {
    const { done, value } = await bounded(chunks.next());
    return done === true ? undefined : value;
  };
  if (packing !== "gzip" && packing !== "x-gzip" && packing !== "deflate")
    return { read: () => nextOf(bytes), close: () => void response.destroy() };

  let unpacked: Readable | undefined;
  let rest: AsyncIterator<Buffer> | undefined;
  let isWhole = false;
  const begin = async (): Promise<Buffer | undefined> => {
    const head: Buffer[] = [];
    for (let length = 0; length <= shortBytes;) {
      const part = await nextOf(bytes);
      if (part) {
        head.push(part);
        length += part.length;
        continue;
      }
      // Of nothing the header tells nothing: an answer without a body may carry it all the same.
      if (length === 0) {
        isWhole = true;
        return undefined;
      }
      const whole = await bounded(Promise.resolve().then(() => unpackedAtOnce(packing, head)));
      if (whole) {
        isWhole = true;
        return whole.length === 0 ? undefined : whole;
      }
      break;
    }
    const unpacker = packing === "deflate" ? createInflate() : createGunzip();
    unpacked = pipeline(Readable.from(after(head, bytes), { objectMode: false }), unpacker, ignore);
    unpacked.on("error", ignore);
    rest = unpacked[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    return nextOf(rest);
  };
  return {
    read: async () => (isWhole ? undefined : rest ? nextOf(rest) : begin()),
    close: () => {
      response.destroy();
      unpacked?.destroy();
    },
  };
};
