import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { stringify } from "yaml";
import { createHubspotSandbox, hubspotSandboxSettings } from "../sandbox/hubspot/index.ts";
import { type Exchange, listen } from "../sandbox/server.ts";
import { runCostper, startPostgres } from "./support/processes.ts";

const usualContacts = 1_000_000;
const usualRows = 2_000_000;
const createdAt = Date.parse("2026-01-01T00:00:00Z");

const instant = (ms: number): string => new Date(ms).toISOString();

/** A contact that is computed rather than kept: a million of them weigh nothing. */
const contactOf = (id: number) => {
  const at = createdAt + id * 20_000;
  const isQualified = id % 4 === 0;
  return {
    id: String(id),
    createdAt: instant(at),
    updatedAt: instant(at + 86_400_000),
    archived: false,
    properties: {
      lifecyclestage: isQualified ? "marketingqualifiedlead" : "lead",
      hs_analytics_first_url: `https://shop.example/?utm_source=google&utm_medium=cpc&gclid=Cj0${String(id)}`,
    },
    propertiesWithHistory: {
      lifecyclestage: [
        ...(isQualified ? [{ value: "marketingqualifiedlead", timestamp: instant(at + 86_400_000) }] : []),
        { value: "lead", timestamp: instant(at) },
      ],
    },
  };
};

const answerPage = (exchange: Exchange, contacts: number): void => {
  const after = Number(new URLSearchParams(exchange.rawQuery).get("after") ?? "0");
  const page = Array.from({ length: Math.min(50, contacts - after) }, (_, index) =>
    contactOf(after + index + 1),
  );
  const last = after + page.length;
  exchange.json(
    200,
    { results: page, ...(last < contacts ? { paging: { next: { after: String(last) } } } : {}) },
    { "x-hubspot-ratelimit-max": "1000000" },
  );
};

interface SyncJson {
  readonly sources: readonly {
    readonly stream: string;
    readonly rows_read: number;
    readonly rows_written: number;
    readonly failure: string | null;
  }[];
}

/** Rows of the warehouse and its marts that were ever written, as the server counts them. */
const writtenSoFar = async (url: string): Promise<number> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ written: string }>(
      `select sum(n_tup_ins + n_tup_upd + n_tup_del) as written from pg_stat_user_tables
       where schemaname in ('warehouse', 'marts')`,
    );
    return Number(rows[0]?.written ?? 0);
  } finally {
    await client.end();
  }
};

/** One sync of a source in a process of its own, measured from outside. */
const measureSync = async ({ folder, url }: { folder: string; url: string }, source: string) => {
  const before = await writtenSoFar(url);
  const measured = await runCostper(["sync", "--source", source, "--full", "--json", "--quiet"], {
    cwd: folder,
  });
  const [stream] = (JSON.parse(measured.stdout) as SyncJson).sources;
  const read = stream?.rows_read ?? 0;
  return {
    status: measured.status,
    seconds: Math.round(measured.seconds),
    rows_per_s: Math.round(read / measured.seconds),
    cpu_s: Math.round(measured.cpuSeconds),
    peak_rss_mib: measured.peakMib,
    rows_read: read,
    rows_written: stream?.rows_written,
    written_by_pg_stat: (await writtenSoFar(url)) - before,
    failure: stream?.failure,
  };
};

/** Leads that a query computes. */
const manyLeads = (rows: number): string =>
  `select 'S' || g as lead_id, timestamptz '2026-01-01' + g * interval '10 seconds' as created_at,
     'google' as source, 'cpc' as medium, 'Cj0' || g as gclid from generate_series(1, ${String(rows)}) g`;

/**
 * The first load of a large CRM, and the same again: memory stays bounded, and an unchanged night writes nothing. And
 * as much by a query.
 */
export const run = async (
  asked: { readonly contacts?: string | undefined; readonly rows?: string | undefined } = {},
) => {
  const contacts = Number(asked.contacts ?? usualContacts);
  const rows = Number(asked.rows ?? usualRows);
  const sandbox = createHubspotSandbox({ clock: () => new Date(), rateLimit: 1_000_000 });
  const server = await listen({
    ...sandbox,
    answer: (exchange) =>
      exchange.path.endsWith("/objects/2026-09/contacts") && !exchange.rawQuery.includes("archived=true")
        ? answerPage(exchange, contacts)
        : sandbox.answer(exchange),
  });
  const postgres = await startPostgres();
  try {
    const erp = new URL(postgres.url);
    erp.pathname = "/postgres";
    const sources = {
      crm: { ...hubspotSandboxSettings(server.url), since: "2025-01-01" },
      erp: {
        type: "sql",
        connection: erp.href,
        timeoutSeconds: 3_600,
        queries: [{ kind: "leads", query: manyLeads(rows) }],
      },
    };
    await writeFile(join(postgres.folder, "costper.yaml"), stringify({ database: postgres.url, sources }));
    await runCostper(["migrate"], { cwd: postgres.folder });
    return {
      contacts,
      first_load: contacts > 0 ? await measureSync(postgres, "crm") : null,
      unchanged: contacts > 0 ? await measureSync(postgres, "crm") : null,
      sql_rows: rows,
      sql_load: rows > 0 ? await measureSync(postgres, "erp") : null,
    };
  } finally {
    await server.close();
    await postgres.close();
  }
};
