import type { Logger } from "pino";
import { z } from "zod";
import { createRedactor } from "../../domain/secrets.ts";
import { exchange } from "../wire/exchange.ts";
import { readJson } from "../wire/json.ts";
import { createPageGuard } from "../wire/paging.ts";
import { request } from "../wire/request.ts";
import { failureOf } from "./failures.ts";
import type { Ga4Settings } from "./settings.ts";
import { ga4Tokens } from "./token.ts";
import { retries } from "../../domain/retry.ts";

// Fields of the default value may be missing: no rows means no `rows`.
const value = z.object({ value: z.string().default("") });
const reportAnswer = z.object({
  dimensionHeaders: z.array(z.object({ name: z.string() })).default([]),
  metricHeaders: z.array(z.object({ name: z.string() })).default([]),
  rows: z
    .array(
      z.object({ dimensionValues: z.array(value).default([]), metricValues: z.array(value).default([]) }),
    )
    .default([]),
  rowCount: z.number().default(0),
  metadata: z
    .object({
      currencyCode: z.string().optional(),
      timeZone: z.string().optional(),
      dataLossFromOtherRow: z.boolean().default(false),
      subjectToThresholding: z.boolean().default(false),
      emptyReason: z.string().optional(),
      samplingMetadatas: z
        .array(
          z.object({ samplesReadCount: z.string().optional(), samplingSpaceSize: z.string().optional() }),
        )
        .default([]),
      schemaRestrictionResponse: z
        .object({
          activeMetricRestrictions: z.array(z.object({ metricName: z.string().optional() })).default([]),
        })
        .optional(),
    })
    .prefault({}),
  propertyQuota: z
    .object({ tokensPerDay: z.object({ remaining: z.number().optional() }).optional() })
    .optional(),
});

export type ReportMetadata = z.infer<typeof reportAnswer>["metadata"];

/** A whole report, its pages put together: each row by the names of its dimensions and metrics. */
export interface Report {
  readonly rows: readonly Readonly<Record<string, string>>[];
  readonly metadata: ReportMetadata;
  readonly tokensLeftToday: number | null;
}

export interface ReportQuery {
  readonly property: string;
  readonly day: string;
  readonly dimensions: readonly string[];
  readonly metrics: readonly string[];
}

export interface Ga4Client {
  runReport(query: ReportQuery, signal: AbortSignal): Promise<Report>;
}

const pageRows = 100_000;

export const createGa4Client = (options: {
  readonly settings: Ga4Settings;
  readonly log: Logger;
  readonly now: () => Date;
  /** Tests shorten it; nothing else does. */
  readonly firstDelayMs?: number;
}): Ga4Client => {
  const { settings, log, now } = options;
  const redactor = createRedactor(settings.clientSecret);
  const tokens = ga4Tokens(settings, { log, now, redactor });

  const once = async (query: ReportQuery, offset: number, signal: AbortSignal) => {
    const { accessToken } = await tokens.current(signal);
    const { property } = query;
    const { status, text } = await exchange({
      url: `${settings.endpoints.api}/v1beta/properties/${property}:runReport`,
      method: "POST",
      headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
      body: JSON.stringify({
        dateRanges: [{ startDate: query.day, endDate: query.day }],
        dimensions: query.dimensions.map((name) => ({ name })),
        metrics: query.metrics.map((name) => ({ name })),
        // Without a total order pages may overlap.
        orderBys: query.dimensions.map((dimensionName) => ({ dimension: { dimensionName } })),
        limit: String(pageRows),
        offset: String(offset),
        keepEmptyRows: false,
        returnPropertyQuota: true,
      }),
      call: `GA4 property ${property}`,
      signal,
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting: "connectors.ga4.timeoutSeconds",
    });
    if (status === 200)
      return readJson(text, reportAnswer, {
        what: `GA4 property ${property} on ${query.day}`,
        kind: "transient",
        status,
      });
    throw failureOf({ status, body: text, property, redact: redactor.redact, now: now() });
  };

  const page = (query: ReportQuery, offset: number, signal: AbortSignal) =>
    request(
      {
        log,
        accountId: query.property,
        signal,
        call: `runReport ${query.day}`,
        now,
        attempts: retries.ga4Request.attempts,
        firstDelayMs: options.firstDelayMs ?? 2_000,
      },
      () => once(query, offset, signal),
    );

  return {
    runReport: async (query, signal) => {
      const rows: Record<string, string>[] = [];
      const guard = createPageGuard({ what: `GA4 property ${query.property} on ${query.day}` });
      for (;;) {
        const answer = await page(query, rows.length, signal);
        guard.check(answer.rows);
        for (const row of answer.rows) {
          const named: Record<string, string> = {};
          answer.dimensionHeaders.forEach(
            ({ name }, index) => (named[name] = row.dimensionValues[index]?.value ?? ""),
          );
          answer.metricHeaders.forEach(
            ({ name }, index) => (named[name] = row.metricValues[index]?.value ?? ""),
          );
          rows.push(named);
        }
        if (answer.rows.length === 0 || rows.length >= answer.rowCount)
          return {
            rows,
            metadata: answer.metadata,
            tokensLeftToday: answer.propertyQuota?.tokensPerDay?.remaining ?? null,
          };
      }
    },
  };
};
