import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { z } from "zod";
import { asFailure, Failure } from "../../domain/failure.ts";
import { failureOf } from "./failures.ts";
import type { Ga4Settings } from "./settings.ts";
import { createTokens } from "./token.ts";

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
// Server errors have a quota of their own, ten an hour: few retries.
const attempts = 3;

export const createGa4Client = (options: {
  readonly settings: Ga4Settings;
  readonly log: Logger;
  readonly now: () => Date;
  /** Tests shorten it; nothing else does. */
  readonly firstDelayMs?: number;
}): Ga4Client => {
  const { settings, log, now } = options;
  const tokenFor = createTokens(settings, now);

  const once = async (query: ReportQuery, offset: number, signal: AbortSignal) => {
    const response = await fetch(`${settings.endpoints.api}/v1beta/properties/${query.property}:runReport`, {
      method: "POST",
      headers: { authorization: `Bearer ${await tokenFor(signal)}`, "content-type": "application/json" },
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
      signal: AbortSignal.any([signal, AbortSignal.timeout(settings.timeoutSeconds * 1000)]),
    });
    const body = await response.text();
    if (!response.ok)
      throw failureOf({ status: response.status, body, property: query.property, now: now() });
    const parsed = reportAnswer.safeParse(parseJson(body));
    if (parsed.success) return parsed.data;
    throw new Failure({
      kind: "transient",
      message: `GA4 property ${query.property}: the answer for ${query.day} is no report`,
    });
  };

  const page = async (query: ReportQuery, offset: number, signal: AbortSignal) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(query, offset, signal);
      } catch (error) {
        signal.throwIfAborted();
        const failure = asFailure(error);
        if (failure.kind !== "transient" || attempt >= attempts) throw failure;
        log.info(
          { property: query.property, date: query.day, attempt, failure: failure.message },
          "request is repeated",
        );
        await sleep((options.firstDelayMs ?? 2_000) * 2 ** (attempt - 1), undefined, { signal });
      }
    }
  };

  return {
    runReport: async (query, signal) => {
      const rows: Record<string, string>[] = [];
      for (;;) {
        const answer = await page(query, rows.length, signal);
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

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};
