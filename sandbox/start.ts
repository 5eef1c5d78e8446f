import { stringify } from "yaml";
import { addDays, dayAt } from "../src/domain/day.ts";
import { createEcbSandbox } from "./ecb/index.ts";
import { createGoogleSandbox, googleSandboxSettings } from "./google/index.ts";
import { createLinkedinSandbox, linkedinSandboxSettings } from "./linkedin/index.ts";
import { createMetaSandbox, metaSandboxSettings } from "./meta/index.ts";
import { listen } from "./server.ts";

export interface SandboxOptions {
  /** What the platforms know as of this instant; restatement follows it. */
  readonly clock: () => Date;
  /** The first of four ports in a row (google, meta, linkedin, rates); 0 takes free ones. */
  readonly port: number;
}

/** All sandbox platforms, up, on loopback. */
export type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

/** Starts the three ad platforms and the bank, each on a port of its own. */
export const startSandbox = async ({ clock, port }: SandboxOptions) => {
  const portAt = (offset: number): number => (port === 0 ? 0 : port + offset);
  const platforms = {
    google: createGoogleSandbox({ clock }),
    meta: createMetaSandbox({ clock }),
    linkedin: createLinkedinSandbox({ clock }),
  };
  const google = await listen(platforms.google, portAt(1));
  const meta = await listen(platforms.meta, portAt(2));
  const linkedin = await listen(platforms.linkedin, portAt(3));
  const ecb = await listen(createEcbSandbox({ asOf: () => addDays(dayAt(clock(), "UTC"), -1) }), portAt(4));
  const servers = { google, meta, linkedin, ecb };
  return {
    /** The platforms' own controls: what is true, for checks. */
    platforms,
    /** The HTTP servers: faults, latency, request counts. */
    servers,
    /** The sections of a costper.yaml that point at the sandboxes. */
    settings: {
      connectors: {
        google: googleSandboxSettings(google.url),
        meta: metaSandboxSettings(meta.url),
        linkedin: linkedinSandboxSettings(linkedin.url),
      },
      rates: { endpoint: ecb.url },
    },
    close: async (): Promise<void> => {
      await Promise.all(Object.values(servers).map((server) => server.close()));
    },
  };
};

/** A whole costper.yaml that points at the sandboxes; `more` adds or replaces keys. */
export const sandboxConfig = (sandbox: Sandbox, more: Readonly<Record<string, unknown>> = {}): string =>
  stringify({ reportingCurrency: "EUR", timezone: "Europe/Copenhagen", ...sandbox.settings, ...more });
