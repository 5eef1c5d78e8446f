import * as z from "zod";
import { alertSettings, notifierSettings } from "../alerts/rule/settings.ts";
import { digestSettings } from "../digest/settings.ts";
import { ga4 } from "../connectors/ga4/source.ts";
import type { PlatformSettings } from "../connectors/platform.ts";
import { profiles } from "../connectors/registry.ts";
import { baseUrl } from "../connectors/settings.ts";
import { isTimeZone } from "../domain/day.ts";
import { postgresProtocols, readServerUrl, redisProtocols } from "../domain/server-url.ts";
import { isCron, usualSchedule } from "../domain/schedule.ts";
import { namePattern, shortestToken, tokenPattern, tokenRoles } from "../domain/web-tokens.ts";
import { firstPartySection } from "../metrics/first-party/config.ts";
import { kpiTargetSettings } from "../metrics/kpi/targets.ts";
import { oldestDayRead } from "../metrics/maturity/learn.ts";
import { sourcesSection } from "../sources/registry.ts";
import { defaultRatesEndpoint } from "../metrics/rates/download.ts";

const urlOf = (protocols: readonly string[], example: string) =>
  z
    .string()
    .refine(
      (text) => readServerUrl(text, protocols) !== undefined,
      `must be a URL like ${example} (special characters of the password percent-encoded)`,
    );

const databaseUrl = urlOf(postgresProtocols, "postgresql://user:password@host:5432/database");
const queueUrl = urlOf([...redisProtocols, ...postgresProtocols], "redis://host:6379");

/** What a URL does not say of its server. */
const besideUrl = {
  password: z.string().min(1).optional().describe("For a URL without one: any characters, nothing encoded."),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe("A file with the certificates of the authority that signed the server's own."),
};

/** Each worker of the queue listens on one, and short questions need some beside the loads. */
const fewestConnections = 3;

const currencies = new Set(Intl.supportedValuesOf("currency"));

const web = z
  .strictObject({
    host: z.string().default("127.0.0.1").describe("Address to listen on; off loopback only with a token."),
    port: z.number().int().min(0).max(65_535).default(8787),
    token: z.string().min(1).optional().describe("The operator's: whoever shows it sees and changes all."),
    tokens: z
      .array(
        z.strictObject({
          name: z
            .string()
            .regex(namePattern, "must be 1 to 60 letters, digits, spaces, _ or -, a letter or digit first")
            .describe("Who it is for: said of what was changed with it."),
          token: z
            .string()
            .regex(
              tokenPattern,
              `must be at least ${String(shortestToken)} letters, digits or . ~ + / = - _, and nothing else`,
            )
            .describe("What is shown: openssl rand -hex 24 makes one."),
          role: z
            .enum(tokenRoles)
            .default("reader")
            .describe(
              "reader sees everything; operator changes, too; feed opens the CSV of /feed alone, from an address.",
            ),
        }),
      )
      .min(1)
      .optional()
      .describe("Further tokens, each with a name and what it opens."),
    trustProxy: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe("Proxies before the dashboard: addresses, networks like 10.0.0.0/8, or `loopback`."),
  })
  .prefault({});

const connectors = () =>
  z.strictObject({
    ...Object.fromEntries(
      profiles().map(({ name, settings }): [string, z.ZodOptional<z.ZodType<PlatformSettings>>] => [
        name,
        settings.optional(),
      ]),
    ),
    [ga4.name]: ga4.settings.optional(),
  });

/**
 * `costper.yaml`, key by key; what keys must not say together stands in `checks.ts`. Made when it is asked for: it
 * names the platforms that there are.
 */
export const configSchema = () =>
  z.strictObject({
    database: z
      .union([
        databaseUrl,
        z.strictObject({
          url: databaseUrl,
          connections: z
            .number()
            .int()
            .min(fewestConnections)
            .optional()
            .describe("The most connections that one process opens."),
          ...besideUrl,
        }),
      ])
      .optional()
      .describe("PostgreSQL 15 or newer; omitted: an embedded one kept in ./.costper/postgres."),
    embedded: z
      .strictObject({
        port: z
          .number()
          .int()
          .min(1)
          .max(65_535)
          .optional()
          .describe("Where it listens on 127.0.0.1; omitted: a free port, chosen once and kept."),
      })
      .prefault({})
      .describe("Of the embedded Postgres, which is there where `database` is omitted."),
    queue: z
      .union([queueUrl, z.strictObject({ url: queueUrl, ...besideUrl })])
      .optional()
      .describe(
        "Redis, or a postgres:// of its own where `database` is a pooler; omitted: the queue lives in the database.",
      ),
    reportingCurrency: z
      .string()
      .refine((code) => currencies.has(code), "must be an ISO 4217 code such as EUR, in capitals")
      .optional()
      .describe("Omitted: spend is reported in each account's own currency only."),
    timezone: z
      .string()
      .refine(isTimeZone, "must be a time zone's IANA name such as Europe/Copenhagen")
      .default("UTC")
      .describe("Whose clock `schedule` runs on; accounts keep their own reporting time zone."),
    schedule: z
      .string()
      .refine(isCron, 'must be a cron expression of five fields such as "30 3 * * *"')
      .default(usualSchedule.pattern)
      .describe("The nightly sync, as cron."),
    lookbackDays: z
      .number()
      .int()
      .min(1)
      .max(1_125)
      .optional()
      .describe("Days pulled again each night; omitted: each platform's own restatement window."),
    connectors: connectors().prefault({}),
    sources: sourcesSection().describe(
      "Where first-party data come from by themselves: CRM, help desk, database, server, folder.",
    ),
    firstParty: firstPartySection,
    rates: z
      .strictObject({
        endpoint: baseUrl
          .default(defaultRatesEndpoint)
          .describe(
            "Scheme, host and port that the European Central Bank's files of exchange rates come from.",
          ),
      })
      .prefault({}),
    targets: kpiTargetSettings
      .default([])
      .describe("What KPIs of docs/kpis.md should come to in each month; the truth view shows their pace."),
    history: z
      .strictObject({
        keepDays: z
          .number()
          .int()
          .min(oldestDayRead)
          .optional()
          .describe(
            "Reporting days older than this keep the first and the last of their changes only; omitted: all are kept.",
          ),
      })
      .prefault({}),
    notifiers: notifierSettings.default({}),
    alerts: alertSettings().default([]),
    digest: digestSettings
      .optional()
      .describe("What changed, in words, to notifiers at an hour; omitted: costper digest alone tells it."),
    web,
  });

export type ConfigSettings = z.infer<ReturnType<typeof configSchema>>;
