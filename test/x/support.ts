import pino from "pino";
import { onTestFinished } from "vitest";
import type { Connector, Memory, Pull } from "../../src/connectors/connector.ts";
import { createLimits } from "../../src/connectors/wire/limits.ts";
import { processMemory } from "../../src/connectors/wire/memory.ts";
import { createX } from "../../src/connectors/x/connector.ts";
import { type Pace, usualPace } from "../../src/connectors/x/pace.ts";
import { xSettings } from "../../src/connectors/x/settings.ts";
import type { Account } from "../../src/domain/facts.ts";
import { type Exchange, listen } from "../../sandbox/server.ts";
import { createXSandbox, type XSandboxOptions, xSandboxSettings } from "../../sandbox/x/index.ts";

export const today = "2026-11-21";

export interface Opened {
  readonly maxWaitMs?: number;
  readonly settings?: Record<string, unknown>;
  readonly memory?: Memory;
  readonly pace?: Partial<Pace>;
}

/** A sandbox that listens on two ports, the second for job results; a clock that moves, and connectors that talk to it. */
export const startX = async (
  options: Partial<XSandboxOptions> & {
    readonly start?: string;
    /** Everything is computed as jobs, however few calls it would be. */
    readonly byJobs?: boolean;
  } = {},
) => {
  const start = new Date(options.start ?? `${today}T20:00:00Z`);
  // It ticks: pauses are waited out by it.
  const opened = Date.now();
  let offsetMs = 0;
  const clock = {
    get now(): Date {
      return new Date(start.getTime() + offsetMs + Date.now() - opened);
    },
    advance: (ms: number) => void (offsetMs += ms),
  };
  const sandbox = createXSandbox({ clock: () => clock.now, ...options });
  const exchanges: Exchange[] = [];
  const platform = {
    platform: "x" as const,
    answer: (exchange: Exchange) => {
      exchanges.push(exchange);
      return sandbox.answer(exchange);
    },
  };
  const server = await listen(platform);
  const results = await listen(platform);
  sandbox.resultsAt(results.url);
  onTestFinished(async () => {
    await Promise.all([server.close(), results.close()]);
  });

  const logged: string[] = [];
  const memory = processMemory();
  const open = ({ maxWaitMs = 1_000, settings = {}, pace = {}, ...more }: Opened = {}): Connector => {
    const now = () => clock.now;
    return createX(
      xSettings.parse({ ...xSandboxSettings(server.url), ...settings }),
      {
        log: pino({ level: "trace" }, { write: (line: string) => void logged.push(line) }),
        limits: createLimits({
          platform: "x",
          platformConcurrency: 10,
          accountConcurrency: 3,
          maxWaitMs,
          now,
        }),
        now,
        memory: more.memory ?? memory,
      },
      {
        ...usualPace,
        ...(options.byJobs ? { mostCalls: -1 } : {}),
        firstDelayMs: 1,
        firstPollMs: 2,
        longestPollMs: 5,
        firstRoomMs: 2,
        longestRoomMs: 5,
        ...pace,
      },
    );
  };
  /** Requests of a kind so far. */
  const asked = (matches: (exchange: Exchange) => boolean): number => exchanges.filter(matches).length;
  return { clock, sandbox, server, results, exchanges, asked, logged, open, memory };
};

export const accountOf = (id = "acc1demo", currency = "USD", timeZone = "America/Los_Angeles"): Account => ({
  platform: "x",
  id,
  name: "Northern Light",
  currency,
  timeZone,
  status: "ACCEPTED",
  active: true,
});

export const pullOf = (from: string, to: string, more: Partial<Pull> = {}): Pull => ({
  account: accountOf(),
  from,
  to,
  signal: new AbortController().signal,
  ...more,
});
