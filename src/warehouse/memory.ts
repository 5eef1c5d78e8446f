import type pg from "pg";
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
