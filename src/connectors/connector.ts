import type { Logger } from "pino";
import type { BreakdownName } from "../domain/breakdown.ts";
import type { DayRange } from "../domain/day.ts";
import type {
  Account,
  AccountDay,
  AdClick,
  AdDay,
  BreakdownDay,
  CampaignDay,
  ConversionDay,
  Entity,
  NetworkDay,
} from "../domain/facts.ts";
import type { Platform } from "../domain/platform.ts";
import type { Lanes } from "./wire/lanes.ts";
import type { Limits } from "./wire/limits.ts";

/** What one call of a connector is about: an account, an inclusive window of its own days, and a way to stop. */
export interface Pull extends DayRange {
  readonly account: Account;
  readonly signal: AbortSignal;
}

/** Conversion windows of an account's actions, in days, as the warehouse knows them; empty before the first sync. */
export interface KnownWindows {
  readonly clickWindowDays: readonly number[];
  readonly viewWindowDays: readonly number[];
}

/** How many days back from yesterday a platform may still revise. */
export interface Restatement {
  /** Pulled again every night. */
  readonly nightlyDays: number;
  /** Pulled again once a week, where deeper; a day older than this is final. */
  readonly finalAfterDays: number;
}

/**
 * One ad platform. A window goes in, batches of facts come out; it knows neither the warehouse nor other
 * connectors. Every stream can be asked again and then starts from the beginning. Throws `Failure` only.
 */
export interface Connector {
  readonly platform: Platform;
  /** The longest window for one call, in days. */
  readonly windowDays: number;
  /** How many months of daily figures the platform keeps; older days must not be asked for. */
  readonly historyMonths: number;
  /** Whether the network split adds up to the campaign exactly (Google) or is the platform's estimate (Meta). */
  readonly networkSplit: "exact" | "estimate";
  /** How many slices of this platform may run at once in one process, and how many of one account. */
  readonly concurrency: { readonly platform: number; readonly account: number };
  restatement(known: KnownWindows): Restatement;
  /** Every ad account that the credentials reach; closed ones too, as inactive. */
  accounts(signal: AbortSignal): AsyncIterable<Account>;
  /** Campaigns, ad groups, ads and conversion actions of every status. */
  entities(pull: Pull): AsyncIterable<readonly Entity[]>;
  /**
   * What the rows of this pull said by the way of entities that no listing may have: names of deleted ads, actions of
   * a manager's account. Asked after the facts, of every pull: only its own rows carry them.
   */
  learnt?(pull: Pull, unknownOf: UnknownOf): AsyncIterable<readonly Entity[]>;
  /** Spend, impressions and clicks by ad. */
  performance(pull: Pull): AsyncIterable<readonly AdDay[]>;
  /** Campaign x network; conversions in it too. */
  networks(pull: Pull): AsyncIterable<readonly NetworkDay[]>;
  /** Every action, paid and organic, counted or not, by ad where the platform can. */
  conversions(pull: Pull): AsyncIterable<readonly ConversionDay[]>;
  /** The platform's own account totals, asked for apart. A day without figures has no row. */
  totals(pull: Pull): AsyncIterable<readonly AccountDay[]>;
  /**
   * The platform's own campaign totals; asked for only where ads fall short of the account's total. Where the split by
   * network is exact, they follow from it and are not asked for.
   */
  campaigns?(pull: Pull): AsyncIterable<readonly CampaignDay[]>;
  /**
   * Campaign-days by what the settings ask for beyond networks, conversions too. Each key comes once: what falls into one
   * is added up. They need not add up to the campaign: a row unknown covers what they lack.
   */
  readonly breakdowns?: {
    readonly [B in BreakdownName]?: (pull: Pull) => AsyncIterable<readonly BreakdownDay[]>;
  };
  /** Single clicks with their ids, where the platform has a report of them and the settings want it. */
  readonly clicks?: ClickReport;
}

/** A platform's report of single clicks. */
export interface ClickReport {
  /** Only days younger than this, counted from the account's today, may be asked for. */
  readonly keptDays: number;
  /** The clicks of exactly one day: `from` and `to` are the same. */
  day(pull: Pull): AsyncIterable<readonly AdClick[]>;
}

/** What a connector is given besides its settings. */
export interface ConnectorContext {
  readonly log: Logger;
  readonly limits: Limits;
  /** The clock; tests set it. */
  readonly now: () => Date;
  /** Called for every answered request, for metrics: the platform's name of the call and the outcome. */
  readonly onRequest?: (request: { readonly call: string; readonly status: number }) => void;
  /** Where a rotated refresh token is kept; absent: it is kept in memory only. */
  readonly tokens?: TokenStore;
  /** What may be under way a few at a time over all processes; absent: this connector's own are counted alone. */
  readonly lanes?: Lanes;
  /** What outlives the process; absent: it is kept in memory only. */
  readonly memory?: Memory;
}

/**
 * Small texts that outlive a process: lists that a platform lets one ask for rarely, reports that it has in work. Keys
 * begin with `platform:`. Never a secret, and nothing that could not be asked for anew.
 */
export interface Memory {
  recall(key: string): Promise<string | undefined>;
  /** For how long it is worth keeping; it may be forgotten earlier. */
  keep(key: string, text: string, forMs: number): Promise<void>;
  forget(keys: readonly string[]): Promise<void>;
}

/** Keeps secrets that a platform rotates. Keys are `platform:fingerprint`, never the secret itself. */
export interface TokenStore {
  read(key: string): Promise<string | undefined>;
  write(key: string, secret: string, expiresAt?: Date): Promise<void>;
  /** Runs the work while no other process does the same for this key: a refresh, which may end the old token. */
  alone?<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/** Those of an account's ids that neither the warehouse nor this pull's listing has. */
export type UnknownOf = (kind: Entity["kind"], ids: readonly string[]) => Promise<readonly string[]>;

/** How a connector folder presents itself: its default export. */
export type OpenConnector<Settings> = (settings: Settings, context: ConnectorContext) => Connector;
