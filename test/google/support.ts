import { Writable } from "node:stream";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import type { Connector, Pull } from "../../src/connectors/connector.ts";
import openGoogle from "../../src/connectors/google/index.ts";
import { googleSettings } from "../../src/connectors/google/settings.ts";
import { createLimits } from "../../src/connectors/wire/limits.ts";
import type { Account } from "../../src/domain/facts.ts";
import type { Failure } from "../../src/domain/failure.ts";
import {
  clientAccountId,
  createGoogleSandbox,
  googleSandboxSettings,
  type GoogleSandboxOptions,
  managerId,
} from "../../sandbox/google/index.ts";
import { type Exchange, listen } from "../../sandbox/server.ts";

export const noon = (): Date => new Date("2026-11-20T12:00:00Z");

export const shop: Account = {
  platform: "google",
  id: clientAccountId(0),
  name: "Shop DE",
  currency: "EUR",
  timeZone: "Europe/Berlin",
  status: "ENABLED",
  active: true,
  via: managerId,
};

export interface ConnectorOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly clock?: () => Date;
  readonly maxWaitMs?: number;
  /** Of the test's own context, where tests run side by side. */
  readonly cleanUp?: typeof onTestFinished;
}

/** A connector that talks to `url`; what it logs and asks is kept for the test to look at. */
const connectTo = (url: string, options: ConnectorOptions = {}) => {
  const logged: string[] = [];
  const answered: { call: string; status: number }[] = [];
  const clock = options.clock ?? noon;
  const sink = new Writable({
    write(line: Buffer, _, done) {
      logged.push(line.toString());
      done();
    },
  });
  const connector: Connector = openGoogle(
    googleSettings.parse({ ...googleSandboxSettings(url), ...options.settings }),
    {
      log: pino({ level: "trace" }, sink),
      now: clock,
      onRequest: (request) => void answered.push({ ...request }),
      limits: createLimits({
        platform: "google",
        platformConcurrency: 5,
        accountConcurrency: 2,
        maxWaitMs: options.maxWaitMs ?? 1_000,
        now: clock,
      }),
    },
  );
  return { connector, logged, answered };
};

/** A sandbox that listens until the test is over, and a connector to it. */
export const startSandbox = async (
  options: ConnectorOptions & { readonly world?: Partial<GoogleSandboxOptions> } = {},
) => {
  const sandbox = createGoogleSandbox({ clock: options.clock ?? noon, ...options.world });
  const server = await listen(sandbox);
  (options.cleanUp ?? onTestFinished)(() => server.close());
  return { sandbox, server, ...connectTo(server.url, options) };
};

/** A platform of the test's own making: it hands out tokens and leaves the queries to `answer`. */
export const startWire = async (
  answer: (exchange: Exchange) => void | Promise<void>,
  options: ConnectorOptions = {},
) => {
  const server = await listen({
    platform: "google",
    answer: (exchange) =>
      exchange.path === "/token"
        ? exchange.json(200, { access_token: "ya29.wire-secret", expires_in: 3599 })
        : answer(exchange),
  });
  onTestFinished(() => server.close());
  return { server, ...connectTo(server.url, options) };
};

export const pullOf = (given: Partial<Pull> = {}): Pull => ({
  account: shop,
  signal: new AbortController().signal,
  from: "2026-11-10",
  to: "2026-11-19",
  ...given,
});

/** Everything that a stream yields, in one list. */
export const all = async <T>(stream: AsyncIterable<readonly T[]>): Promise<T[]> => {
  const items: T[] = [];
  for await (const batch of stream) items.push(...batch);
  return items;
};

/** The failure that a stream ends with, and how many items came before. */
export const failing = async (
  stream: AsyncIterable<readonly unknown[]>,
): Promise<{ failure: Failure; items: number }> => {
  let items = 0;
  try {
    for await (const batch of stream) items += batch.length;
  } catch (error) {
    return { failure: error as Failure, items };
  }
  throw new Error("the stream ended well");
};

/** Adds decimal text up in millionths. */
export const sum = (figures: readonly string[]): bigint =>
  figures.reduce((total, figure) => total + BigInt(Math.round(Number(figure) * 1e6)), 0n);

/** One row of an ad's day as it comes over the wire. */
export const rowOf = (id: string, metrics: object = { costMicros: "1", impressions: "1", clicks: "0" }) => ({
  campaign: { id: "1", resourceName: "customers/1000000011/campaigns/1" },
  adGroup: { id: "2" },
  adGroupAd: { ad: { id } },
  segments: { date: "2026-11-19" },
  metrics,
});
