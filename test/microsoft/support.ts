import { drain, failureOf, list, millionths as exact } from "../support/streams.ts";
import pino from "pino";
import { onTestFinished } from "vitest";
import type { Connector, Memory, Pull, TokenStore } from "../../src/connectors/connector.ts";
import { createMicrosoft } from "../../src/connectors/microsoft/connector.ts";
import type { Pace } from "../../src/connectors/microsoft/pace.ts";
import { microsoftSettings } from "../../src/connectors/microsoft/settings.ts";
import type { Lanes } from "../../src/connectors/wire/lanes.ts";
import { createLimits } from "../../src/connectors/wire/limits.ts";
import type { Account } from "../../src/domain/facts.ts";
import {
  createMicrosoftSandbox,
  type MicrosoftSandboxOptions,
  microsoftSandboxSettings,
} from "../../sandbox/microsoft/index.ts";
import { accountId } from "../../sandbox/microsoft/world.ts";
import { type Exchange, listen } from "../../sandbox/server.ts";

export const today = "2026-11-21";
const start = new Date(`${today}T20:00:00Z`);

export interface Opened {
  readonly settings?: Record<string, unknown>;
  readonly pace?: Partial<Pace>;
  readonly tokens?: TokenStore;
  readonly memory?: Memory;
  readonly lanes?: Lanes;
  readonly maxWaitMs?: number;
  readonly pageSize?: number;
}

const quick: Pace = {
  firstDelayMs: 1,
  grantDelaysMs: [1, 1],
  firstPollMs: 1,
  longestPollMs: 4,
  reportMs: 10_000,
  firstFullMs: 1,
  longestFullMs: 4,
  fullMs: 5_000,
  callRateMs: 5,
};

/** A sandbox that listens on two ports, a clock that moves, and connectors that talk to it. */
export const startMicrosoft = async (options: Partial<MicrosoftSandboxOptions> = {}) => {
  const opened = Date.now();
  let offsetMs = 0;
  const clock = {
    get now(): Date {
      return new Date(start.getTime() + offsetMs + Date.now() - opened);
    },
    advance: (ms: number) => void (offsetMs += ms),
  };
  const sandbox = createMicrosoftSandbox({ clock: () => clock.now, ...options });
  const exchanges: Exchange[] = [];
  const answer = (exchange: Exchange) => {
    exchanges.push(exchange);
    return sandbox.answer(exchange);
  };
  const server = await listen({ platform: "microsoft", answer });
  const files = await listen({ platform: "microsoft", answer });
  sandbox.downloadBase = files.url;
  onTestFinished(async () => {
    await Promise.all([server.close(), files.close()]);
  });

  const logged: string[] = [];
  const open = ({ settings = {}, pace = {}, maxWaitMs = 1_000, ...opened }: Opened = {}): Connector => {
    const now = () => clock.now;
    return createMicrosoft(
      microsoftSettings.parse({ ...microsoftSandboxSettings(server.url), ...settings }),
      {
        log: pino({ level: "trace" }, { write: (line: string) => void logged.push(line) }),
        limits: createLimits({
          platform: "microsoft",
          platformConcurrency: 4,
          accountConcurrency: 2,
          maxWaitMs,
          now,
        }),
        now,
        ...(opened.tokens ? { tokens: opened.tokens } : {}),
        ...(opened.memory ? { memory: opened.memory } : {}),
        ...(opened.lanes ? { lanes: opened.lanes } : {}),
      },
      { ...quick, ...pace },
      opened.pageSize,
    );
  };
  return { clock, sandbox, server, files, exchanges, logged, open };
};

export const accountOf = (index: number, more: Partial<Account> = {}): Account => ({
  platform: "microsoft",
  id: accountId(index),
  name: "Demo Inc.",
  currency: index % 2 === 0 ? "USD" : "EUR",
  timeZone: index % 2 === 0 ? "America/Los_Angeles" : "Europe/Berlin",
  status: "Active",
  active: true,
  via: "500000011",
  ...more,
});

export const firstAccount = accountOf(0);

export const pullOf = (from: string, to: string, more: Partial<Pull> = {}): Pull => ({
  account: firstAccount,
  from,
  to,
  signal: new AbortController().signal,
  ...more,
});

export { drain, exact, failureOf, list };

export const sum = (texts: readonly string[]): bigint =>
  texts.reduce((total, text) => total + exact(text), 0n);
