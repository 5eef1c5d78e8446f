import type pg from "pg";
import type { Notes } from "../connectors/connector.ts";

/** In `ops.note`; those whose time is over go with the next write. */
export const keptNotes = (pool: pg.Pool): Notes => ({
  async read(key) {
    const { rows } = await pool.query<{ text: string }>(
      "select text from ops.note where key = $1 and keep_until > now()",
      [key],
    );
    return rows[0]?.text;
  },
  async write(key, text, until) {
    await pool.query("delete from ops.note where keep_until <= now()");
    await pool.query(
      `insert into ops.note (key, text, keep_until) values ($1, $2, $3)
       on conflict (key) do update set text = excluded.text, keep_until = excluded.keep_until`,
      [key, text, until],
    );
  },
  async drop(key) {
    await pool.query("delete from ops.note where key = $1", [key]);
  },
});
