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

// The driver's types do not name it.
interface Startup {
  getStartupConf(): Record<string, unknown>;
}

export class WarehouseClient extends pg.Client {
  getStartupConf(): Record<string, unknown> {
    const base = (pg.Client.prototype as unknown as Startup).getStartupConf.call(this);
    return { ...base, ...startup };
  }
}
