import { createWriteStream, type WriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { once } from "node:events";
import { finished } from "node:stream/promises";

/** Writes the refused lines of a file under its own header, so that people can correct them and import them again. */
export interface RefusedFile {
  header(raw: string): void;
  line(raw: string): Promise<void>;
  /** Gives the file's name if it was written; `keep` false removes it again. */
  close(keep: boolean): Promise<string | undefined>;
}

const ended = (raw: string): string => (raw.endsWith("\n") ? raw : `${raw}\n`);

/** Nothing is written until the first line is refused. */
export const openRefused = (path: string): RefusedFile => {
  let head = "";
  let stream: WriteStream | undefined;
  return {
    header: (raw) => void (head = ended(raw)),
    line: async (raw) => {
      if (stream === undefined) {
        stream = createWriteStream(path);
        await once(stream, "open");
        stream.write(head);
      }
      if (!stream.write(ended(raw))) await once(stream, "drain");
    },
    close: async (keep) => {
      if (stream === undefined) return undefined;
      stream.end();
      await finished(stream);
      if (keep) return path;
      await rm(path, { force: true });
      return undefined;
    },
  };
};
