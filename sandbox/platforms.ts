import type { Day } from "../src/domain/day.ts";
import { createGoogleSandbox, googleSandboxSettings } from "./google/index.ts";
import { createLinkedinSandbox, linkedinSandboxSettings } from "./linkedin/index.ts";
import { createMetaSandbox, metaSandboxSettings } from "./meta/index.ts";
import { createMicrosoftSandbox, microsoftSandboxSettings } from "./microsoft/index.ts";
import type { SandboxPlatform } from "./server.ts";
import { createXSandbox, xSandboxSettings } from "./x/index.ts";

type Clock = () => Date;

/** What a sandbox says really happened, as it is known at its clock. Decimal text. */
export interface TrueDay {
  readonly date: Day;
  readonly spend: string;
  readonly impressions: string;
  readonly clicks: string;
  readonly conversions: string;
  readonly conversionValue: string;
}

/** What is true of some accounts of a platform, and how deep its connector lets it restate. */
export interface Truth {
  readonly finalAfterDays: number;
  readonly accounts: readonly { readonly id: string; readonly timeZone: string }[];
  days(accountId: string, from: Day, to: Day): readonly TrueDay[];
}

/** The clock that a sandbox follows, and how big it is; absent: as its own story has it. */
interface SandboxSize {
  readonly clock: Clock;
  readonly accounts?: number;
  readonly campaigns?: number;
}

interface Entry {
  readonly create: (options: SandboxSize) => SandboxPlatform;
  /** The section of costper.yaml that points at the sandbox. */
  readonly settings: (url: string) => Readonly<Record<string, unknown>>;
  /** For the backtest, which needs no wire. */
  readonly truth: (clock: Clock) => Truth;
}

/** The sandbox of every platform that the registry has, in its order; they listen on ports in this order. */
export const sandboxPlatforms = {
  google: {
    create: createGoogleSandbox,
    settings: googleSandboxSettings,
    truth: (clock) => {
      const { accounts, truth } = createGoogleSandbox({ clock, accounts: 2 });
      return {
        finalAfterDays: 33,
        accounts: accounts.filter(({ status }) => status === "ENABLED"),
        days: (id, from, to) => truth.days(id, from, to),
      };
    },
  },
  meta: {
    create: createMetaSandbox,
    settings: metaSandboxSettings,
    truth: (clock) => {
      const { truth } = createMetaSandbox({ clock });
      return {
        finalAfterDays: 29,
        accounts: truth.accountIds.map((id) => ({ id, timeZone: "UTC" })),
        days: (id, from, to) => truth.days(id, from, to),
      };
    },
  },
  linkedin: {
    create: createLinkedinSandbox,
    settings: linkedinSandboxSettings,
    truth: (clock) => {
      const { accounts, truth } = createLinkedinSandbox({ clock });
      return {
        finalAfterDays: 93,
        accounts: accounts
          .filter(({ status, test }) => status === "ACTIVE" && !test)
          .map(({ id }) => ({ id, timeZone: "UTC" })),
        days: (id, from, to) => truth.days(id, from, to),
      };
    },
  },
  microsoft: {
    create: createMicrosoftSandbox,
    settings: microsoftSandboxSettings,
    truth: (clock) => {
      const { accounts, truth } = createMicrosoftSandbox({ clock });
      return {
        finalAfterDays: 90,
        accounts: accounts
          .filter(({ status }) => status === "Active")
          .map(({ id, iana }) => ({ id, timeZone: iana })),
        days: (id, from, to) => truth.days(id, from, to),
      };
    },
  },
  x: {
    create: createXSandbox,
    settings: xSandboxSettings,
    truth: (clock) => {
      const { accounts, truth } = createXSandbox({ clock });
      return {
        finalAfterDays: 30,
        accounts: accounts.filter(({ deleted }) => !deleted).map(({ id, timeZone }) => ({ id, timeZone })),
        days: truth.days,
      };
    },
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type SandboxName = keyof typeof sandboxPlatforms;

export const sandboxNames = Object.keys(sandboxPlatforms) as readonly SandboxName[];
