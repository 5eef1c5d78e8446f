import pino from "pino";
import { onTestFinished } from "vitest";
import type { Connector, Pull, TokenStore } from "../../src/connectors/connector.ts";
import { createLimits } from "../../src/connectors/wire/limits.ts";
import { createLinkedin } from "../../src/connectors/linkedin/connector.ts";
import { linkedinSettings } from "../../src/connectors/linkedin/settings.ts";
import type { Account, Traffic } from "../../src/domain/facts.ts";
import {
  createLinkedinSandbox,
  type LinkedinSandboxOptions,
  linkedinSandboxSettings,
} from "../../sandbox/linkedin/index.ts";
import { type Exchange, listen } from "../../sandbox/server.ts";
import { millionths } from "../support/streams.ts";

export const today = "2026-11-21";
const start = new Date(`${today}T10:00:00Z`);

export interface Opened {
  readonly maxWaitMs?: number;
  readonly settings?: Record<string, unknown>;
  readonly tokens?: TokenStore;
}

/** A sandbox that listens, a clock that moves, and connectors that talk to it. */
export const startLinkedin = async (options: Partial<LinkedinSandboxOptions> = {}) => {
  // It ticks: pauses are waited out by it.
  const opened = Date.now();
  let offsetMs = 0;
  const clock = {
    get now(): Date {
      return new Date(start.getTime() + offsetMs + Date.now() - opened);
    },
    advance: (ms: number) => void (offsetMs += ms),
  };
  const sandbox = createLinkedinSandbox({ clock: () => clock.now, ...options });
  const exchanges: Exchange[] = [];
  const server = await listen({
    platform: "linkedin",
    answer: (exchange) => {
      exchanges.push(exchange);
      return sandbox.answer(exchange);
    },
  });
  onTestFinished(() => server.close());

  const logged: string[] = [];
  const open = ({ maxWaitMs = 1_000, settings = {}, tokens }: Opened = {}): Connector => {
    const now = () => clock.now;
    return createLinkedin(
      linkedinSettings.parse({ ...linkedinSandboxSettings(server.url), ...settings }),
      {
        log: pino({ level: "trace" }, { write: (line: string) => void logged.push(line) }),
        limits: createLimits({
          platform: "linkedin",
          platformConcurrency: 4,
          accountConcurrency: 2,
          maxWaitMs,
          now,
        }),
        now,
        ...(tokens ? { tokens } : {}),
      },
      { firstDelayMs: 1, graceDelaysMs: [1, 1, 1], throttleDelaysMs: [1, 2, 3, 4] },
    );
  };
  return { clock, sandbox, server, exchanges, logged, open };
};

export const accountOf = (id: string, currency = "EUR"): Account => ({
  platform: "linkedin",
  id,
  name: "Nordlicht",
  currency,
  timeZone: "UTC",
  status: "ACTIVE",
  active: true,
});

export const firstAccount = accountOf("507404993");

export const pullOf = (from: string, to: string, more: Partial<Pull> = {}): Pull => ({
  account: firstAccount,
  from,
  to,
  signal: new AbortController().signal,
  ...more,
});

export { drain, failureOf, list } from "../support/streams.ts";
export const exact = millionths;

export const sum = (texts: readonly string[]): bigint =>
  texts.reduce((total, text) => total + exact(text), 0n);

export const trafficIs =
  (traffic: Traffic) =>
  (row: { readonly traffic: Traffic }): boolean =>
    row.traffic === traffic;
