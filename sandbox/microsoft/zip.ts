import { once } from "node:events";
import { crc32, createDeflateRaw } from "node:zlib";
import { Buffer } from "node:buffer";

const header = (size: number, fill: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.alloc(size);
  fill(bytes);
  return bytes;
};

/**
 * A ZIP archive of one file, as a service that streams writes it: sizes and checksum follow the data (APPNOTE 4.3.9)
 * and stand in the central directory.
 */
export async function* zipOf(name: string, parts: Iterable<string>): AsyncGenerator<Buffer> {
  const fileName = Buffer.from(name);
  yield Buffer.concat([
    header(30, (bytes) => {
      bytes.writeUInt32LE(0x04034b50, 0);
      bytes.writeUInt16LE(20, 4);
      bytes.writeUInt16LE(0x0808, 6);
      bytes.writeUInt16LE(8, 8);
      bytes.writeUInt16LE(fileName.length, 26);
    }),
    fileName,
  ]);
  const sum = { crc: 0, packed: 0, size: 0 };
  const deflate = createDeflateRaw({ level: 1 });
  const feed = (async () => {
    for (const part of parts) {
      const bytes = Buffer.from(part);
      sum.crc = crc32(bytes, sum.crc);
      sum.size += bytes.length;
      if (!deflate.write(bytes)) await once(deflate, "drain");
    }
    deflate.end();
  })();
  for await (const chunk of deflate as AsyncIterable<Buffer>) {
    sum.packed += chunk.length;
    yield chunk;
  }
  await feed;
  const figures = (bytes: Buffer, at: number) => {
    bytes.writeUInt32LE(sum.crc, at);
    bytes.writeUInt32LE(sum.packed, at + 4);
    bytes.writeUInt32LE(sum.size, at + 8);
  };
  yield header(16, (bytes) => {
    bytes.writeUInt32LE(0x08074b50, 0);
    figures(bytes, 4);
  });
  const directory = Buffer.concat([
    header(46, (bytes) => {
      bytes.writeUInt32LE(0x02014b50, 0);
      bytes.writeUInt16LE(20, 4);
      bytes.writeUInt16LE(20, 6);
      bytes.writeUInt16LE(0x0808, 8);
      bytes.writeUInt16LE(8, 10);
      figures(bytes, 16);
      bytes.writeUInt16LE(fileName.length, 28);
    }),
    fileName,
  ]);
  yield directory;
  yield header(22, (bytes) => {
    bytes.writeUInt32LE(0x06054b50, 0);
    bytes.writeUInt16LE(1, 8);
    bytes.writeUInt16LE(1, 10);
    bytes.writeUInt32LE(directory.length, 12);
    bytes.writeUInt32LE(30 + fileName.length + sum.packed + 16, 16);
  });
}
