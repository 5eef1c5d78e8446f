import { readFileSync } from "node:fs";
import { pino } from "pino";
import { createGa4Client } from "../../src/connectors/ga4/client.ts";
import { ga4Settings } from "../../src/connectors/ga4/settings.ts";
import { type ConnectorSettings, openConnector, profileOf } from "../../src/connectors/registry.ts";
import { createLimits } from "../../src/connectors/wire/limits.ts";
import { dayAt } from "../../src/domain/day.ts";
import { asFailure } from "../../src/domain/failure.ts";
import type { Platform } from "../../src/domain/platform.ts";
import { download } from "../../src/metrics/rates/download.ts";
import { parseRates } from "../../src/metrics/rates/parse.ts";

// One listing of one platform in a process of its own, so that its memory can be measured.
const [platform = "", listing = "", settingsText = "", stopAfterMs = "0"] = process.argv.slice(2);
const stop = new AbortController();
if (stopAfterMs !== "0") setTimeout(() => stop.abort(), Number(stopAfterMs));
const log = pino({ level: "silent" });
const now = () => new Date();
const { signal } = stop;
const day = dayAt(new Date(Date.now() - 86_400_000), "UTC");

const drain = async (rows: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of rows);
};

const settings = JSON.parse(settingsText) as object;
const run = async (): Promise<void> => {
  if (platform === "rates")
    return drain(parseRates(download("daily", { signal, endpoint: (settings as { url: string }).url })));
  if (platform === "ga4") {
    const client = createGa4Client({ settings: ga4Settings.parse(settings), log, now, firstDelayMs: 10 });
    await client.runReport(
      { property: "1", day, dimensions: ["sessionSource"], metrics: ["sessions"] },
      signal,
    );
    return;
  }
  const name = platform as Platform;
  const limits = createLimits({
    platform: name,
    platformConcurrency: 1,
    accountConcurrency: 1,
    maxWaitMs: 1_000,
    now,
  });
  const connector = await openConnector(
    name,
    { [name]: profileOf(name).settings.parse(settings) } as ConnectorSettings,
    {
      log,
      limits,
      now,
    },
  );
  const account = {
    platform: name,
    id: "1234567890",
    name: "one",
    currency: "EUR",
    timeZone: "UTC",
    status: "ACTIVE",
    active: true,
  };
  const pull = { account, from: day, to: day, signal };
  if (listing === "accounts") return drain(connector.accounts(signal));
  return drain(connector[listing as "entities" | "performance"](pull));
};

const started = performance.now();
const failure = await run().then(
  () => undefined,
  (error: unknown) => asFailure(error),
);
// The most that was ever resident.
const [, peakKb = "0"] = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
process.stdout.write(
  JSON.stringify({
    kind: failure?.kind,
    code: failure?.code,
    message: failure?.message,
    remedy: failure?.remedy,
    stack: failure && !(failure.cause instanceof Error) ? undefined : String(failure?.cause),
    ms: Math.round(performance.now() - started),
    peakMb: Math.round(Number(peakKb) / 1_024),
  }),
);
process.exit(0);
