import { pino } from "pino";
import { onTestFinished } from "vitest";
import type { Connector, ConnectorContext, Pull } from "../../src/connectors/connector.ts";
import { createLimits } from "../../src/connectors/wire/limits.ts";
import openMeta from "../../src/connectors/meta/index.ts";
import { type MetaSettings, metaSettings } from "../../src/connectors/meta/settings.ts";
import type { DayRange } from "../../src/domain/day.ts";
import type { Account } from "../../src/domain/facts.ts";
import { createMetaSandbox, type MetaSandbox, metaSandboxSettings } from "../../sandbox/meta/index.ts";
import { listen, type SandboxPlatform, type SandboxServer } from "../../sandbox/server.ts";

export const present = new Date("2026-11-20T12:00:00Z");

export interface Bench {
  readonly connector: Connector;
  readonly server: SandboxServer;
  readonly sandbox: MetaSandbox;
  readonly accounts: readonly Account[];
  /** Every log line so far, as JSON text. */
  readonly logs: readonly string[];
  /** Pauses that were asked for: the account (null: the application) and until when. */
  readonly pauses: readonly { readonly accountId: string | null; readonly until: Date }[];
  /** Every request as it came, query and headers included. */
  readonly heard: readonly { readonly url: string; readonly body: string }[];
  readonly pull: (range: DayRange, account?: number, signal?: AbortSignal) => Pull;
}

interface BenchOptions {
  readonly clock?: () => Date;
  readonly settings?: Partial<MetaSettings>;
  readonly accounts?: number;
  readonly maxWaitMs?: number;
  /** Whether accounts are read before the test begins (default), so that faults added later hit nothing else. */
  readonly discover?: boolean;
}

/** A connector and a sandbox that talk over loopback. */
export const bench = async (options: BenchOptions = {}): Promise<Bench> => {
  const clock = options.clock ?? (() => present);
  const sandbox = createMetaSandbox({ clock, accounts: options.accounts ?? 3 });
  const heard: { url: string; body: string }[] = [];
  const listening: SandboxPlatform = {
    platform: "meta",
    answer: (exchange) => {
      heard.push({ url: `${exchange.path}?${exchange.rawQuery}`, body: exchange.body });
      return sandbox.answer(exchange);
    },
  };
  const server = await listen(listening);
  onTestFinished(() => server.close());
  const logs: string[] = [];
  const pauses: { accountId: string | null; until: Date }[] = [];
  const limits = createLimits({
    platform: "meta",
    platformConcurrency: 10,
    accountConcurrency: 3,
    maxWaitMs: options.maxWaitMs ?? 0,
    now: clock,
  });
  const context: ConnectorContext = {
    log: pino({ level: "trace" }, { write: (line: string) => void logs.push(line) }),
    limits: {
      run: (...call) => limits.run(...call),
      pause: (accountId, until) => {
        pauses.push({ accountId, until });
        limits.pause(accountId, until);
      },
    },
    now: clock,
  };
  const settings = metaSettings.parse({ ...metaSandboxSettings(server.url), ...options.settings });
  const connector = openMeta(settings, context);
  const accounts: Account[] = [];
  if (options.discover !== false)
    for await (const account of connector.accounts(AbortSignal.timeout(60_000))) accounts.push(account);
  return {
    connector,
    server,
    sandbox,
    accounts,
    logs,
    pauses,
    heard,
    pull: (range, index = 0, signal = AbortSignal.timeout(60_000)) => {
      const account = accounts[index];
      if (!account) throw new RangeError(`no account ${index}`);
      return { ...range, account, signal };
    },
  };
};

/** All rows of a stream. */
export const all = async <T>(stream: AsyncIterable<readonly T[]>): Promise<T[]> => {
  const rows: T[] = [];
  for await (const batch of stream) rows.push(...batch);
  return rows;
};

/** Sums decimal texts to six places, without floats. */
export const sum = (figures: readonly string[]): string => {
  const micros = figures.reduce((total, figure) => {
    const [whole = "0", fraction = ""] = figure.replace("-", "").split(".");
    const part = BigInt(whole + fraction.padEnd(6, "0").slice(0, 6));
    return figure.startsWith("-") ? total - part : total + part;
  }, 0n);
  const digits = String(micros).padStart(7, "0");
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
};
