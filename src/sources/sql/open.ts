import type { Socket } from "node:net";
import pg from "pg";
import { DateTime } from "luxon";
import { addDays, dayAt } from "../../domain/day.ts";
import { asFailure, Failure } from "../../domain/failure.ts";
import type { CsvRecord } from "../../imports/csv.ts";
import type { SourceFinding, OpenSource, SourceContext, SourceStream, StreamAsk } from "../source.ts";
import { refuseOwnWarehouse } from "./own-warehouse.ts";
import type { SqlSettings } from "./type.ts";
import { queryParameters } from "./parameters.ts";

const fetchRows = 5_000;
const firstYear = "1970-01-01T00:00:00Z";

/** Values as the server writes them: no Date shifts a day, no float loses a digit. */
const asText: pg.CustomTypesConfig = { getTypeParser: () => (text: string | Buffer) => String(text) };

const { TIMESTAMP, TIMESTAMPTZ, FLOAT4, FLOAT8 } = pg.types.builtins;

/** A value as the importer reads it. @throws Failure `data` */
const cellOf = (value: unknown, field: pg.FieldDef, { timezone }: SqlSettings, name: string): string => {
  if (value === null || value === undefined) return "";
  const text = String(value);
  if (field.dataTypeID === TIMESTAMPTZ || field.dataTypeID === TIMESTAMP) {
    const written = text.replace(" ", "T");
    const time =
      field.dataTypeID === TIMESTAMPTZ
        ? DateTime.fromISO(written, { setZone: true })
        : timezone === undefined
          ? undefined
          : DateTime.fromISO(written, { zone: timezone });
    if (time === undefined)
      throw new Failure({
        kind: "request",
        message: `source ${name}: column ${field.name} is a timestamp without a time zone`,
        remedy: `set sources.${name}.timezone to the zone in which it is meant`,
      });
    return time.isValid ? (time.toUTC().toISO() ?? text) : text;
  }
  if ((field.dataTypeID === FLOAT4 || field.dataTypeID === FLOAT8) && /\.\d{7,}|e/i.test(text))
    throw new Failure({
      kind: "data",
      message: `source ${name}: column ${field.name} is a float with more than six decimals`,
      remedy: `cast it in the query: ${field.name}::numeric(18, 6)`,
    });
  return text;
};

/** Codes of PostgreSQL by what a person can do. Its messages may quote values, so none is shown. */
const failureOf = (error: unknown, name: string, where: string): Failure => {
  if (error instanceof Failure) return error;
  const { code = "" } = error as { code?: string };
  const about = { code, message: `source ${name}, ${where}: the database answered ${code || "nothing"}` };
  if (code === "42601" || code === "0A000" || code === "25006")
    return new Failure({
      ...about,
      kind: "request",
      message: `source ${name}, ${where}: it is no single select (${code})`,
      remedy: "give one select that writes nothing and calls nothing that writes",
    });
  if (code === "57014")
    return new Failure({
      ...about,
      kind: "request",
      message: `source ${name}, ${where}: it did not end in time`,
      remedy: `make the query faster, or raise sources.${name}.timeoutSeconds`,
    });
  if (code.startsWith("28"))
    return new Failure({
      ...about,
      kind: "credentials",
      remedy: `check user and password in sources.${name}.connection`,
    });
  if (code === "42501")
    return new Failure({
      ...about,
      kind: "account",
      remedy: "grant the role select on what the query reads",
    });
  if (/^(42|22|3D|3F)/.test(code))
    return new Failure({
      ...about,
      kind: "request",
      remedy: "try the query in psql; a table, column or value in it is wrong",
    });
  return new Failure({
    ...about,
    kind: "transient",
    remedy: "it is tried again; check that the database is up",
    cause: error,
  });
};

const connect = async ({ connection, timeoutSeconds }: SqlSettings): Promise<pg.Client> => {
  const client = new pg.Client({
    connectionString: connection,
    application_name: "costper",
    connectionTimeoutMillis: Math.min(timeoutSeconds, 30) * 1_000,
    types: asText,
  });
  client.on("error", () => undefined);
  await client.connect();
  return client;
};

/** Ends the query on the server, too: a client that only goes leaves it at work. */
const cancel = async (settings: SqlSettings, backend: string): Promise<void> => {
  const other = await connect(settings);
  try {
    await other.query("select pg_cancel_backend($1::integer)", [backend]);
  } finally {
    await other.end();
  }
};

interface Asking {
  readonly context: SourceContext;
  /** What messages name. */
  readonly where: string;
  readonly signal: AbortSignal;
}

/** The rows of a query, read by a cursor in a transaction that only reads. */
async function* readQuery(
  settings: SqlSettings,
  { text, values }: { readonly text: string; readonly values: readonly unknown[] },
  { context, where, signal }: Asking,
): AsyncGenerator<CsvRecord> {
  const { name } = context;
  const client = await connect(settings).catch((error: unknown) => {
    throw failureOf(error, name, where);
  });
  let cut: NodeJS.Timeout | undefined;
  let backend: string | undefined;
  const stop = () => {
    if (backend !== undefined) cancel(settings, backend).catch(() => undefined);
    // Where the server does not even hear of it, the connection goes.
    cut = setTimeout(
      () => (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy(),
      5_000,
    );
  };
  // The server bounds each fetch, and this the whole query.
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, settings.timeoutSeconds * 1_000);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await refuseOwnWarehouse(client, context);
    await client.query("begin isolation level repeatable read read only");
    // Asked within the transaction: a pooler gives another one to each, and names its own to the client.
    backend = (await client.query<{ pid: string }>("select pg_backend_pid() as pid")).rows[0]?.pid;
    await client.query(`set local statement_timeout = ${String(Math.ceil(settings.timeoutSeconds * 1_000))}`);
    // The extended protocol takes one statement: a second one in the text is refused by the server.
    await client.query({
      text: `declare costper_source no scroll cursor for ${text}`,
      values: [...values],
      queryMode: "extended",
    } as pg.QueryConfig);
    let line = 1;
    for (;;) {
      signal.throwIfAborted();
      const { rows, fields } = await client.query<unknown[]>({
        text: `fetch ${String(fetchRows)} from costper_source`,
        rowMode: "array",
      });
      if (late) throw Object.assign(new Error("late"), { code: "57014" });
      if (line === 1) yield { line, fields: fields.map((field) => field.name), raw: "" };
      for (const row of rows) {
        line += 1;
        const cells = row.map((value, index) => {
          const field = fields[index];
          return field === undefined ? "" : cellOf(value, field, settings, name);
        });
        yield { line, fields: cells, raw: cells.join() };
      }
      if (rows.length < fetchRows) return;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(error, name, where);
  } finally {
    clearTimeout(timer);
    clearTimeout(cut);
    signal.removeEventListener("abort", stop);
    await client.end().catch(() => undefined);
  }
}

const streamNames = ({ queries }: SqlSettings): readonly string[] =>
  queries.map(({ kind }, index) => {
    const before = queries.slice(0, index).filter((other) => other.kind === kind).length;
    return before === 0 ? kind : `${kind}.${String(before + 1)}`;
  });

/** A day's overlap: rows that were committed late carry earlier stamps. */
const overlapMs = 24 * 3_600_000;

const streamOf = (
  settings: SqlSettings,
  context: SourceContext,
  query: SqlSettings["queries"][number],
  name: string,
): SourceStream => ({
  name,
  pull: async (ask: StreamAsk) => {
    const { memory, signal, full } = ask;
    const startedAt = context.now();
    const to = ask.to ?? addDays(dayAt(startedAt, context.timeZone), -1);
    const from = ask.from ?? addDays(to, -30);
    const since =
      full || memory.mark === null ? firstYear : new Date(memory.mark.getTime() - overlapMs).toISOString();
    const asked = queryParameters(query.query, { since, from, to });
    const result = await ask.land({
      kind: query.kind,
      headings: query.columns,
      replaces: query.mode === "replace",
      bytes: {
        records: readQuery(settings, asked, { context, where: `queries ${name}`, signal }),
      },
    });
    return {
      rowsRead: result.read,
      rowsWritten: result.inserted + result.changed + (result.withdrawn ?? 0),
      mark: startedAt,
    };
  },
});

async function* check(settings: SqlSettings, context: SourceContext): AsyncGenerator<SourceFinding> {
  const { name } = context;
  const client = await connect(settings).catch((error: unknown) => {
    throw failureOf(error, name, "connection");
  });
  try {
    await refuseOwnWarehouse(client, context);
    const { rows } = await client.query<{ role: string; base: string; super: string; writes: string }>(
      `select current_user as role, current_database() as base,
              (select rolsuper from pg_roles where rolname = current_user)::text as super,
              exists (select from pg_class c where c.relkind in ('r', 'p') and has_table_privilege(c.oid, 'insert, update, delete')
                      and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)')::text as writes`,
    );
    const [row] = rows;
    if (row?.super === "true" || row?.writes === "true")
      yield {
        outcome: "warning",
        message: `role ${row.role} may write${row.super === "true" ? ": it is a superuser" : ""}`,
        remedy: "give the source a role that may only read",
      };
    for (const [index, query] of settings.queries.entries()) {
      const asked = queryParameters(query.query, { since: firstYear, from: "2026-01-01", to: "2026-01-02" });
      await client.query("begin read only");
      await client
        .query({
          text: `declare costper_check no scroll cursor for ${asked.text}`,
          values: [...asked.values],
          queryMode: "extended",
        } as pg.QueryConfig)
        .catch((error: unknown) => {
          throw failureOf(error, name, `queries[${String(index)}]`);
        });
      await client.query("rollback");
    }
    yield {
      outcome: "ok",
      message: `${row?.base ?? ""} answers role ${row?.role ?? ""}; ${String(settings.queries.length)} queries are well-formed`,
    };
  } catch (error) {
    throw asFailure(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const open: OpenSource<SqlSettings> = (settings, context) => {
  const names = streamNames(settings);
  return {
    streams: settings.queries.map((query, index) =>
      streamOf(settings, context, query, names[index] ?? query.kind),
    ),
    check: () => check(settings, context),
    close: async () => undefined,
  };
};

export default open;
