import type { PoolClient } from "pg";
import { openCopyIn } from "../warehouse/copy-in.ts";
import type { ImportKind, Values } from "./kinds/kind.ts";

/** Rows on their way into the temporary table `import_row`, through COPY. */
export interface ImportStaging {
  add(line: number, row: Values): Promise<void>;
  end(): Promise<void>;
  /** What was added is rolled back by the caller. */
  abort(): Promise<void>;
}

// COPY's text format: backslash escapes, tabs between columns. Hardly a value has any of them.
const special = /[\\\t\n\r]/;
const escaped: Readonly<Record<string, string>> = {
  "\\": String.raw`\\`,
  "\t": String.raw`\t`,
  "\n": String.raw`\n`,
  "\r": String.raw`\r`,
};

const escape = (value: string | undefined): string => {
  if (value === undefined) return String.raw`\N`;
  return special.test(value)
    ? value.replaceAll(/[\\\t\n\r]/g, (character) => escaped[character] ?? character)
    : value;
};

const chunkLength = 65_536;

export const openStaging = async (
  client: PoolClient,
  kind: ImportKind,
  signal?: AbortSignal,
): Promise<ImportStaging> => {
  const names = Object.keys(kind.staging);
  const columns = names.map((name) => `${name} ${kind.staging[name] ?? "text"}`);
  await client.query(
    `create temporary table import_row (line bigint not null, ${columns.join(", ")}) on commit drop`,
  );
  const copy = openCopyIn(client, `copy import_row (line, ${names.join(", ")}) from stdin`, signal);
  let pending = "";
  const flush = async (): Promise<void> => {
    const text = pending;
    pending = "";
    await copy.write(text);
  };
  return {
    add: async (line, row) => {
      let text = String(line);
      for (const name of names) text += `\t${escape(row[name])}`;
      pending += `${text}\n`;
      if (pending.length > chunkLength) await flush();
    },
    end: async () => {
      if (pending !== "") await flush();
      await copy.end();
    },
    abort: () => copy.abort(new Error("import abandoned")),
  };
};
