import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Exchange } from "../../sandbox/server.ts";
import { listen } from "../../sandbox/server.ts";
import type { Platform } from "../../src/domain/platform.ts";

/** Rows of a platform's answers by what was asked for; a test may change them while it runs. */
export type Answers = Record<string, readonly Readonly<Record<string, unknown>>[]>;

export const answersOf = async (name: string): Promise<Answers> =>
  JSON.parse(await readFile(join(import.meta.dirname, "answers", `${name}.json`), "utf8")) as Answers;

const serve = async (platform: Platform, answer: (exchange: Exchange) => void): Promise<string> => {
  const server = await listen({ platform, answer });
  onTestFinished(() => server.close());
  return server.url;
};

/** Meta's Graph API over recorded rows: accounts, reports by level and breakdown, edges without entities. */
export const serveMeta = (answers: Answers): Promise<string> => {
  const runs: URLSearchParams[] = [];
  const rowsOf = (asked: URLSearchParams): readonly unknown[] => {
    const { since = "", until = "" } = JSON.parse(asked.get("time_range") ?? "{}") as Record<string, string>;
    const key = asked.get("breakdowns") ? "publisher_platform" : (asked.get("level") ?? "");
    return (answers[key] ?? []).filter(
      ({ date_start }) => String(date_start) >= since && String(date_start) <= until,
    );
  };
  return serve("meta", (exchange) => {
    const { method, path, rawQuery, body } = exchange;
    const json = (status: number, body: unknown): void => exchange.json(status, body);
    const [first = "", second] = path.split("/").slice(2);
    const asked = new URLSearchParams(method === "POST" ? body : rawQuery);
    const run = runs[Number(first) - 1];
    if (first === "me") json(200, { data: answers["adaccounts"] });
    else if (method === "POST" && second === "insights")
      json(200, { report_run_id: String(runs.push(asked)) });
    else if (run && second === "insights") json(200, { data: rowsOf(run) });
    else if (run) json(200, { id: first, async_status: "Job Completed", async_percent_completion: 100 });
    else if (second === "insights") json(200, { data: rowsOf(asked) });
    else if (second === undefined)
      json(
        200,
        (answers["adaccounts"] ?? []).find(({ id }) => id === first),
      );
    else json(200, { data: [] });
  });
};

export const metaSettings = (url: string) => ({ accessToken: "EAAB-token", endpoints: { graph: url } });

interface DateRange {
  readonly start: { readonly year: number; readonly month: number; readonly day: number };
}

const dayOf = ({ start: { year, month, day } }: DateRange): number => year * 10_000 + month * 100 + day;

const boundOf = (query: string, end: "start" | "end"): number => {
  const text = new RegExp(`${end}:\\(([^)]*)\\)`).exec(query)?.[1] ?? "";
  const part = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(text)?.[1] ?? 0);
  return part("year") * 10_000 + part("month") * 100 + part("day");
};

/** LinkedIn's API over recorded rows; the pivots name the report: `adAnalytics CAMPAIGN,CONVERSION`. */
export const serveLinkedin = (answers: Answers): Promise<string> =>
  serve("linkedin", (exchange) => {
    const { path, rawQuery } = exchange;
    const json = (status: number, body: unknown): void => exchange.json(status, body);
    const query = decodeURIComponent(rawQuery);
    const resource = path.replace(/^\/rest\//, "");
    const elements = (key: string): void =>
      json(200, {
        elements: answers[key] ?? [],
        paging: { start: 0, count: 1_000, links: [] },
        metadata: {},
      });
    if (resource === "adAccounts") elements("adAccounts");
    else if (resource.endsWith("/adCampaigns")) elements("adCampaigns");
    else if (resource.endsWith("/creatives")) elements("creatives");
    else if (resource === "conversions") elements("conversions");
    else if (resource === "adAnalytics") {
      const [, pivots = ""] =
        /pivots=List\(([^)]*)\)/.exec(query) ?? /pivot=\(?(?:value:)?(\w+)/.exec(query) ?? [];
      const [from, to] = [boundOf(query, "start"), boundOf(query, "end")];
      json(200, {
        elements: (answers[`adAnalytics ${pivots}`] ?? []).filter(({ dateRange }) => {
          const day = dayOf(dateRange as DateRange);
          return day >= from && day <= to;
        }),
      });
    } else json(404, { status: 404, message: "Not found" });
  });

export const linkedinSettings = (url: string) => ({
  accessToken: "AQX-token",
  apiVersion: "202609",
  endpoints: { api: url, oauth: url },
});
