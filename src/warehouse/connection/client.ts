import { createHash } from "node:crypto";
import pg from "pg";

/**
 * A connection whose session begins as our SQL expects it, whatever the role or the database has set: days as
 * 2026-10-31, moments in UTC, backslashes as they are. Sent with the startup, since a pooler takes these there, gives
 * them to whichever server connection it lends, and keeps no `set` from a transaction before.
 */
const startup: Readonly<Record<string, string>> = {
  DateStyle: "ISO, YMD",
  TimeZone: "UTC",
  standard_conforming_strings: "on",
};

// The driver's types do not name them.
interface Startup {
  getStartupConf(): Record<string, unknown>;
}
interface Greeted {
  /** Of the server's process, as it said at the start. */
  readonly processID: number | null;
}

const isNamed = (statement: unknown): statement is pg.QueryConfig =>
  typeof statement === "object" &&
  statement !== null &&
  typeof (statement as pg.QueryConfig).name === "string";

const names = new Map<string, string>();

/** A statement that is asked so often that a connection should parse and plan it once. Its text must be one of a few. */
export const often = (text: string, values: readonly unknown[]): pg.QueryConfig => {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = createHash("sha256").update(text).digest("base64url")));
  return { name, text, values: [...values] };
};

/**
 * A name has the server keep what it made of a statement, for as long as it is the same process. A pooler lends another
 * one for each transaction, and tells its clients a process that is none of the server's: there names are left out.
 */
export class WarehouseClient extends pg.Client {
  /** While it is set, every statement with parameters counts as one that is asked often. */
  repeats = false;
  #keepsNames: boolean | undefined;

  getStartupConf(): Record<string, unknown> {
    const base = (pg.Client.prototype as unknown as Startup).getStartupConf.call(this);
    return { ...base, ...startup };
  }

  /** Finds out, once, whether names mean anything here. */
  async compareProcess(): Promise<void> {
    if (this.#keepsNames !== undefined) return;
    const { rows } = await super.query<{ pid: number }>("select pg_backend_pid() as pid");
    this.#keepsNames = rows[0]?.pid === (this as unknown as Greeted).processID;
  }

  // The driver's many forms are passed on as they are.
  override query(...given: never): never {
    const [asked, ...rest] = given as unknown as readonly unknown[];
    const [values, ...more] = rest;
    const ask = super.query.bind(this) as unknown as (...all: readonly unknown[]) => never;
    if (this.#keepsNames !== true)
      return isNamed(asked) ? ask({ ...asked, name: "" }, ...rest) : ask(asked, ...rest);
    return this.repeats && typeof asked === "string" && Array.isArray(values) && values.length > 0
      ? ask(often(asked, values), ...more)
      : ask(asked, ...rest);
  }
}
