import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { createHubspotSandbox, hubspotSandboxSettings } from "../sandbox/hubspot/index.ts";
import { type Exchange, listen } from "../sandbox/server.ts";
import { runCostper, startPostgres } from "./support/processes.ts";

const usualContacts = 1_000_000;
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

/** The first load of a large CRM, and the same again: memory stays bounded, and an unchanged night writes nothing. */
export const run = async ({ contacts: asked }: { readonly contacts?: string | undefined } = {}) => {
  const contacts = Number(asked ?? usualContacts);
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
    const crm = { ...hubspotSandboxSettings(server.url), since: "2025-01-01" };
    await writeFile(
      join(postgres.folder, "costper.yaml"),
      stringify({ database: postgres.url, sources: { crm } }),
    );
    await runCostper(["migrate"], { cwd: postgres.folder });
    const sync = async () => {
      const measured = await runCostper(["sync", "--source", "crm", "--full", "--json", "--quiet"], {
        cwd: postgres.folder,
      });
      const [stream] = (JSON.parse(measured.stdout) as SyncJson).sources;
      return {
        status: measured.status,
        seconds: measured.seconds,
        cpu_s: measured.cpuSeconds,
        peak_rss_mib: measured.peakMib,
        rows_read: stream?.rows_read,
        rows_written: stream?.rows_written,
        failure: stream?.failure,
      };
    };
    return { contacts, first_load: await sync(), unchanged: await sync() };
  } finally {
    await server.close();
    await postgres.close();
  }
};
