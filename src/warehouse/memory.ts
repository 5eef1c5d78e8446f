import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type pg from "pg";
import * as z from "zod";
import type { Memory } from "../connectors/connector.ts";

/** A schema older than the table keeps nothing; it is migrated soon. */
const missingTable = "42P01";

const orNothing = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if ((error as { code?: unknown }).code === missingTable) return undefined;
    throw error;
  }
};

/** In `ops.memory`: known to every process on the warehouse. */
export const databaseMemory = (pool: pg.Pool): Memory => ({
  async recall(key) {
    const found = await orNothing(
      pool.query<{ text: string }>("select text from ops.memory where key = $1 and until > now()", [key]),
    );
    return found?.rows[0]?.text;
  },
  async keep(key, text, forMs) {
    await orNothing(
      pool.query(
        `with old as (delete from ops.memory where until < now() and key <> $1)
         insert into ops.memory as m (key, text, until)
         values ($1, $2, now() + make_interval(secs => $3::double precision / 1000))
         on conflict (key) do update set text = excluded.text, until = excluded.until`,
        [key, text, forMs],
      ),
    );
  },
  async forget(keys) {
    if (keys.length === 0) return;
    await orNothing(pool.query("delete from ops.memory where key = any ($1)", [keys]));
  },
});

/** Whether the database has been migrated far enough to remember. */
export const remembers = async (pool: pg.Pool): Promise<boolean> => {
  const { rows } = await pool.query<{ found: boolean }>(
    "select to_regclass('ops.memory') is not null as found",
  );
  return rows[0]?.found === true;
};

const fileShape = z.record(z.string(), z.object({ text: z.string(), until: z.number() }));

/** In a file, where there is no warehouse yet. Two processes that write at once cost a request, nothing else. */
export const fileMemory = (file: string): Memory => {
  const load = async (): Promise<z.infer<typeof fileShape>> => {
    try {
      return fileShape.parse(JSON.parse(await readFile(file, "utf8")));
    } catch {
      return {};
    }
  };
  const store = async (entries: z.infer<typeof fileShape>): Promise<void> => {
    const alive = Object.entries(entries).filter(([, { until }]) => until > Date.now());
    const half = `${file}.${String(process.pid)}`;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(half, JSON.stringify(Object.fromEntries(alive)), { mode: 0o600 });
    await rename(half, file);
  };
  return {
    async recall(key) {
      const found = (await load())[key];
      return found && found.until > Date.now() ? found.text : undefined;
    },
    keep: async (key, text, forMs) =>
      store({ ...(await load()), [key]: { text, until: Date.now() + forMs } }),
    async forget(keys) {
      const entries = await load();
      if (!keys.some((key) => key in entries)) return;
      await store(Object.fromEntries(Object.entries(entries).filter(([key]) => !keys.includes(key))));
    },
  };
};
