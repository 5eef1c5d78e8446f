import { once } from "node:events";
import type { PoolClient } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { ImportKind, Values } from "./kinds/kind.ts";

/** Rows on their way into the temporary table `import_row`, through COPY. */
export interface ImportStaging {
  add(line: number, row: Values): Promise<void>;
  end(): Promise<void>;
  abort(): void;
}

// COPY's text format: backslash escapes, tabs between columns.
const escape = (value: string | undefined): string =>
  value === undefined
    ? String.raw`\N`
    : value
        .replaceAll("\\", String.raw`\\`)
        .replaceAll("\t", String.raw`\t`)
        .replaceAll("\n", String.raw`\n`)
        .replaceAll("\r", String.raw`\r`);

const chunkLength = 65_536;

export const openStaging = async (client: PoolClient, kind: ImportKind): Promise<ImportStaging> => {
  const names = Object.keys(kind.staging);
  const columns = names.map((name) => `${name} ${kind.staging[name] ?? "text"}`);
  await client.query(
    `create temporary table import_row (line bigint not null, ${columns.join(", ")}) on commit drop`,
  );
  const stream = client.query(copyFrom(`copy import_row (line, ${names.join(", ")}) from stdin`));
  const finished = new Promise<void>((resolve, reject) => {
    stream.once("finish", resolve);
    stream.once("error", reject);
  });
  // Somebody awaits it in `end`; until then a failure must not count as unhandled.
  finished.catch(() => undefined);
  let pending = "";
  const flush = async (): Promise<void> => {
    const text = pending;
    pending = "";
    if (stream.write(text)) return;
    await Promise.race([once(stream, "drain"), finished]);
  };
  return {
    add: async (line, row) => {
      pending += `${String(line)}\t${names.map((name) => escape(row[name])).join("\t")}\n`;
      if (pending.length > chunkLength) await flush();
    },
    end: async () => {
      if (pending !== "") await flush();
      stream.end();
      await finished;
    },
    abort: () => void stream.destroy(new Error("import abandoned")),
  };
};
