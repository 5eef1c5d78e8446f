import { stringify } from "yaml";
import { addDays, dayAt } from "../src/domain/day.ts";
import { createEcbSandbox } from "./ecb/index.ts";
import { sandboxNames, sandboxPlatforms, type SandboxName } from "./platforms.ts";
import { listen, type SandboxServer } from "./server.ts";

export interface SandboxOptions {
  /** What the platforms know as of this instant; restatement follows it. */
  readonly clock: () => Date;
  /** Each platform listens on this port + its place in the list, the bank behind the last; 0 takes free ones. */
  readonly port: number;
}

/** All sandbox platforms, up, on loopback. */
export type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

type Platforms = { readonly [N in SandboxName]: ReturnType<(typeof sandboxPlatforms)[N]["create"]> };
type Servers = Readonly<Record<SandboxName, SandboxServer>> & { readonly ecb: SandboxServer<"ecb"> };
type Sections = {
  readonly [N in SandboxName]: ReturnType<(typeof sandboxPlatforms)[N]["settings"]>;
};

/** How far behind the first port the bank listens. */
export const bankOffset = sandboxNames.length + 1;

/** Starts the ad platforms and the bank, each on a port of its own. */
export const startSandbox = async ({ clock, port }: SandboxOptions) => {
  const portAt = (offset: number): number => (port === 0 ? 0 : port + offset);
  const platforms = Object.fromEntries(
    sandboxNames.map((name) => [name, sandboxPlatforms[name].create({ clock })]),
  ) as Platforms;
  const ecb = await listen(
    createEcbSandbox({ asOf: () => addDays(dayAt(clock(), "UTC"), -1) }),
    portAt(bankOffset),
  );
  const listening = await Promise.all(
    sandboxNames.map(
      async (name, index) => [name, await listen(platforms[name], portAt(index + 1))] as const,
    ),
  );
  const servers = { ...Object.fromEntries(listening), ecb } as Servers;
  return {
    /** The platforms' own controls: what is true, for checks. */
    platforms,
    /** The HTTP servers: faults, latency, request counts. */
    servers,
    /** The sections of a costper.yaml that point at the sandboxes. */
    settings: {
      connectors: Object.fromEntries(
        listening.map(([name, { url }]) => [name, sandboxPlatforms[name].settings(url)]),
      ) as Sections,
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
