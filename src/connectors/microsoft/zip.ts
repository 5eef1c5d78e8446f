import { once } from "node:events";
import { crc32, createInflateRaw } from "node:zlib";
import { Failure } from "../../domain/failure.ts";

/** Gives the next bytes, or undefined at the end. */
export type ReadBytes = () => Promise<Buffer | undefined>;

/** Signatures, sizes and places of APPNOTE 4.3.7, 4.3.12 and 4.3.16. */
const local = { signature: 0x04034b50, bytes: 30 } as const;
const central = { signature: 0x02014b50, bytes: 46 } as const;
const ending = { signature: 0x06054b50, bytes: 22 } as const;

const stored = 0;
const deflated = 8;
const encrypted = 0x0001;
const sizesFollow = 0x0008;

/** The central directory of one file and the end record lie within these last bytes, a long comment aside. */
const tailBytes = 70_000;

const unreadable = (what: string, kind: "transient" | "data" = "transient"): Failure =>
  new Failure({
    kind,
    platform: "microsoft",
    code: "zip",
    message: `the report's file ${what}`,
    remedy:
      kind === "transient"
        ? "nothing of it was published; it is fetched again"
        : "nothing of it was published; report it to costper",
  });

const cutShort = () => unreadable("is damaged: it ends too early");

/** Reads with a look at the first bytes, and remembers the last ones. */
const remembering = (read: ReadBytes) => {
  let held: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);
  const pull: ReadBytes = async () => {
    const bytes = await read();
    if (bytes === undefined) return undefined;
    tail = bytes.length >= tailBytes ? bytes : Buffer.concat([tail, bytes]);
    if (tail.length > tailBytes) tail = tail.subarray(-tailBytes);
    return bytes;
  };
  return {
    async next(): Promise<Buffer | undefined> {
      if (held.length === 0) return pull();
      const bytes = held;
      held = Buffer.alloc(0);
      return bytes;
    },
    /** Exactly so many bytes. */
    async take(count: number): Promise<Buffer> {
      while (held.length < count) {
        const more = await pull();
        if (more === undefined) throw cutShort();
        held = Buffer.concat([held, more]);
      }
      const bytes = held.subarray(0, count);
      held = held.subarray(count);
      return bytes;
    },
    /** The last bytes of the archive, once it has been read to its end. */
    async ending(): Promise<Buffer> {
      held = Buffer.alloc(0);
      while ((await pull()) !== undefined);
      return tail;
    },
  };
};

type Source = ReturnType<typeof remembering>;

/** Checksum and size of the first file, as the central directory has them. */
const directoryOf = (tail: Buffer): { readonly crc: number; readonly size: number } => {
  for (let at = tail.length - ending.bytes; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) !== ending.signature) continue;
    const start = at - tail.readUInt32LE(at + 12);
    if (start < 0 || at < start + central.bytes || tail.readUInt32LE(start) !== central.signature) continue;
    return { crc: tail.readUInt32LE(start + 16), size: tail.readUInt32LE(start + 24) };
  }
  throw cutShort();
};

/**
 * The first file of a ZIP archive, unpacked while it comes in; its name is ignored. It is found by its local header,
 * since the central directory stands at the end: so nothing has to be kept.
 * @throws Failure `transient` where it is cut or its checksum is wrong, `data` where it is packed in an unknown way.
 */
export async function* unzipped(read: ReadBytes): AsyncGenerator<Buffer> {
  const source = remembering(read);
  const header = await source.take(local.bytes);
  if (header.readUInt32LE(0) !== local.signature) throw unreadable("is no ZIP archive");
  const flags = header.readUInt16LE(6);
  const method = header.readUInt16LE(8);
  const packedBytes = header.readUInt32LE(18);
  const open = (flags & sizesFollow) !== 0;
  if ((flags & encrypted) !== 0 || (method !== deflated && (method !== stored || open)))
    throw unreadable(
      `is packed in an unknown way (method ${String(method)}, flags ${String(flags)})`,
      "data",
    );
  await source.take(header.readUInt16LE(26) + header.readUInt16LE(28));

  let [crc, size] = [0, 0];
  for await (const bytes of method === deflated ? inflated(source) : plain(source, packedBytes)) {
    crc = crc32(bytes, crc);
    size += bytes.length;
    yield bytes;
  }
  const expected = directoryOf(await source.ending());
  // Sizes are written in 32 bits.
  if (crc !== expected.crc || size % 2 ** 32 !== expected.size)
    throw unreadable("is damaged: its checksum is wrong");
}

async function* plain(source: Source, bytes: number): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0;) {
    const more = await source.next();
    if (more === undefined) throw cutShort();
    yield more.subarray(0, left);
    left -= Math.min(left, more.length);
  }
}

/** Inflates to the end of the deflate stream, no faster than it is read. */
async function* inflated(source: Source): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw({ chunkSize: 64 * 1_024 });
  const state = { over: false };
  const ended = new Promise<void>((resolve) => {
    for (const event of ["end", "error", "close"])
      inflate.once(event, () => {
        state.over = true;
        resolve();
      });
  });
  const feed = async (): Promise<void> => {
    while (!state.over) {
      const bytes = await source.next();
      if (state.over) return;
      if (bytes === undefined) {
        inflate.end();
        return;
      }
      if (!inflate.write(bytes)) await Promise.race([once(inflate, "drain"), ended]);
    }
  };
  const feeding = feed().catch((error: unknown) => void inflate.destroy(error as Error));
  try {
    for await (const bytes of inflate as AsyncIterable<Buffer>) yield bytes;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw (error as NodeJS.ErrnoException).code === "Z_BUF_ERROR"
      ? cutShort()
      : unreadable("is damaged: it cannot be unpacked");
  } finally {
    inflate.destroy();
  }
  await feeding;
}
