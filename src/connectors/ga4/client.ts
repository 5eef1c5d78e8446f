import type { Logger } from "pino";
import * as z from "zod";
import { Failure } from "../../domain/failure.ts";
import { createRedactor } from "../../domain/secrets.ts";
import { wrongClock } from "../wire/clock.ts";
import { exchange } from "../wire/exchange.ts";
import { createAskCompactly } from "../wire/google-answers.ts";
import { readJson } from "../wire/json.ts";
import { createPageGuard } from "../wire/paging.ts";
import { request } from "../wire/request.ts";
import { failureOf } from "./failures.ts";
import type { Ga4Settings } from "./settings.ts";
import { ga4Tokens } from "./token.ts";
import { retries } from "../../domain/retry.ts";

// Fields of the default value may be missing: no rows means no `rows`, an empty dimension no `value`. A metric's value
// is text that is never empty.
const dimensionValue = z.object({ value: z.string().default("") });
const metricValue = z.object({ value: z.string() });
const reportAnswer = z.object({
  // Under a good status an error would look like a day without any rows.
  error: z.undefined().optional(),
  dimensionHeaders: z.array(z.object({ name: z.string() })).default([]),
  metricHeaders: z.array(z.object({ name: z.string() })).default([]),
  rows: z
    .array(
      z.object({
        dimensionValues: z.array(dimensionValue).default([]),
        metricValues: z.array(metricValue).default([]),
      }),
    )
    .default([]),
  rowCount: z.number().optional(),
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

export type Ga4Metadata = z.infer<typeof reportAnswer>["metadata"];

/** A whole report, its pages put together: each row by the names of its dimensions and metrics. */
export interface Ga4Report {
  readonly rows: readonly Readonly<Record<string, string>>[];
  readonly metadata: Ga4Metadata;
  readonly tokensLeftToday: number | null;
}

export interface Ga4Query {
  readonly property: string;
  readonly day: string;
  readonly dimensions: readonly string[];
  readonly metrics: readonly string[];
}

export interface Ga4Client {
  runReport(query: Ga4Query, signal: AbortSignal): Promise<Ga4Report>;
}

const unlike = ({ property, day }: Ga4Query, said: string): Failure =>
  new Failure({
    kind: "data",
    accountId: property,
    message: `GA4 property ${property} on ${day}: the answer is not whole: ${said}`,
    remedy: "nothing of this day was stored; try again later, and report it to costper if it stays",
  });

/** The rows by the names of their columns. @throws Failure `data` where one that was asked for is missing. */
const namedRows = (query: Ga4Query, answer: z.output<typeof reportAnswer>): Record<string, string>[] => {
  if (answer.rows.length === 0) return [];
  const columns = new Set([...answer.dimensionHeaders, ...answer.metricHeaders].map(({ name }) => name));
  const missing = [...query.dimensions, ...query.metrics].find((name) => !columns.has(name));
  if (missing !== undefined) throw unlike(query, `${missing} was asked for and is not in it`);
  return answer.rows.map((row) => {
    const named: Record<string, string> = {};
    const read = (
      headers: readonly { readonly name: string }[],
      values: readonly { readonly value: string }[],
    ) => {
      headers.forEach(({ name }, index) => {
        const value = values[index]?.value;
        if (value === undefined) throw unlike(query, `${name} was asked for and is missing in a row`);
        named[name] = value;
      });
    };
    read(answer.dimensionHeaders, row.dimensionValues);
    read(answer.metricHeaders, row.metricValues);
    if (named["date"] !== undefined && named["date"] !== query.day.replaceAll("-", ""))
      throw unlike(query, `a row is about ${named["date"].slice(0, 8)}`);
    return named;
  });
};

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

  const askCompactly = createAskCompactly();

  const send = (query: Ga4Query, offset: number, accessToken: string, signal: AbortSignal) =>
    askCompactly(`${settings.endpoints.api}/v1beta/properties/${query.property}:runReport`, (url) =>
      exchange({
        url,
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
        call: `GA4 property ${query.property}`,
        signal,
        idleMs: settings.timeoutSeconds * 1_000,
        timeoutSetting: "connectors.ga4.timeoutSeconds",
      }),
    );

  const once = async (query: Ga4Query, offset: number, signal: AbortSignal) => {
    const { property } = query;
    const grant = await tokens.current(signal);
    let answer = await send(query, offset, grant.accessToken, signal);
    if (answer.status === 401 && !wrongClock()) {
      // A token may end before its time: one more is asked for.
      const next = await tokens.replace(grant, signal);
      if (next) answer = await send(query, offset, next.accessToken, signal);
    }
    const { status, text } = answer;
    const wrong = wrongClock();
    if (wrong) throw wrong;
    if (status === 200)
      return readJson(text, reportAnswer, {
        what: `GA4 property ${property} on ${query.day}`,
        status,
      });
    throw failureOf({ status, body: text, property, redact: redactor.redact, now: now() });
  };

  const page = (query: Ga4Query, offset: number, signal: AbortSignal) =>
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
      let told: number | undefined;
      let metadata: Ga4Metadata | undefined;
      for (;;) {
        const answer = await page(query, rows.length, signal);
        metadata ??= answer.metadata;
        guard.check(answer.rows);
        rows.push(...namedRows(query, answer));
        const isEmpty = answer.rows.length === 0;
        told = answer.rowCount ?? told;
        // Where no page tells how many there are, an empty one is the end.
        const count = told ?? (isEmpty ? rows.length : Infinity);
        if (isEmpty && rows.length < count)
          throw unlike(query, `it has ${String(count)} rows, and only ${String(rows.length)} came`);
        if (rows.length > count)
          throw unlike(query, `more rows came than the ${String(count)} that it says it has`);
        if (rows.length === count)
          return {
            rows,
            metadata,
            tokensLeftToday: answer.propertyQuota?.tokensPerDay?.remaining ?? null,
          };
      }
    },
  };
};
