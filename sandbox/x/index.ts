import { type Day, dayAt } from "../../src/domain/day.ts";
import type { Exchange, SandboxPlatform } from "../server.ts";
import { activeEntities, type Correction } from "./activity.ts";
import {
  accountElement,
  campaignElements,
  fundingElements,
  lineItemElements,
  promotedTweets,
} from "./entities.ts";
import { type Figures, figuresOf, isActive, type Slot, slotsOf } from "./figures.ts";
import { createJobs } from "./jobs.ts";
import { createLimits, type LimitHeaders } from "./limits.ts";
import { createOauth, xSandboxCredentials } from "./oauth.ts";
import { readStatsRequest, statsBody, type StatsRequest } from "./stats.ts";
import { createTruth, type Truth } from "./truth.ts";
import { invalid, listOf, pageOf, type Params, XRefusal } from "./wire.ts";
import { createWorld, type SandboxAccount } from "./world.ts";

export { xFaults, xRequests } from "./faults.ts";
export { xSandboxCredentials } from "./oauth.ts";

export interface XSandboxOptions {
  readonly clock: () => Date;
  readonly seed?: string;
  /** Accounts that are open (default 2: the first with two currencies); a deleted one comes on top. */
  readonly accounts?: number;
  /** Campaigns of each account (default 6). */
  readonly campaigns?: number;
  /** Polls that say PROCESSING before a job is done (default 0). */
  readonly jobPolls?: number;
  /** Whether the link of some jobs comes one poll later than SUCCESS (default no). */
  readonly lateLinks?: boolean;
}

export interface XSandbox extends SandboxPlatform<"x"> {
  readonly truth: Truth;
  readonly accounts: readonly SandboxAccount[];
  readonly jobs: { readonly submitted: number; readonly authorizations: readonly (string | undefined)[] };
  /** Job results are to be fetched from this host (the same sandbox on another port) rather than from the API's own. */
  resultsAt(url: string): void;
  /** Which limit headers answers carry; a test switches them. */
  limitHeaders(headers: LimitHeaders): void;
  /** Begins every window of requests anew. */
  forgetLimits(): void;
  /** From now on the campaign-day's delivery is this percentage of what it was; with 0 it vanishes. */
  restate(campaignId: string, day: Day, percent: number): void;
}

/** Limits of 15 minutes by kind of call ("Rate limits"). */
const limits = { accounts: 5, stats: 250, entities: 10_000, reads: 2_000 } as const;

/** X Ads API v12 at wire level: accounts, entities, stats and jobs under one port. */
export const createXSandbox = (options: XSandboxOptions): XSandbox => {
  const { clock, seed = "x" } = options;
  const accounts = createWorld({
    seed,
    accounts: options.accounts ?? 2,
    campaigns: options.campaigns ?? 6,
    today: dayAt(clock(), "utc"),
  });
  const slots = new Map(accounts.map((account) => [account.id, slotsOf(account)]));
  const percents = new Map<string, number>();
  const corrections: Correction[] = [];
  // Figures of a day are asked for at several levels; they move with the hour and with corrections.
  const computed = new Map<string, Figures | undefined>();
  const figures = (slot: Slot, day: Day): Figures | undefined => {
    const now = clock();
    const { campaign, lineItem, tweet, placement } = slot;
    const key = `${campaign.id} ${lineItem.id} ${tweet?.id ?? ""} ${placement} ${day} ${Math.floor(now.getTime() / 3_600_000)}`;
    if (computed.has(key)) return computed.get(key);
    const found = figuresOf(seed, slot, day, now, percents.get(`${campaign.id} ${day}`) ?? 100);
    if (computed.size > 100_000) computed.clear();
    computed.set(key, found);
    return found;
  };

  const check = createOauth(clock);
  const windows = createLimits(clock);
  let results: string | undefined;
  const bodyOf = (asked: StatsRequest, accountId: string) =>
    statsBody(asked, slots.get(accountId) ?? [], figures);
  const jobs = createJobs({
    clock,
    polls: options.jobPolls ?? 0,
    lateLinks: options.lateLinks ?? false,
    bodyOf,
    resultsUrl: ({ headers }) => results ?? `http://${headers.host ?? ""}`,
  });

  const withDeleted = (params: Params): boolean => params.get("with_deleted") === "true";

  const entityList = (exchange: Exchange, account: SandboxAccount, name: string, params: Params) => {
    const ids = new Map<string, readonly string[]>();
    for (const filter of ["campaign_ids", "funding_instrument_ids", "line_item_ids", "promoted_tweet_ids"]) {
      const list = listOf(params, filter, 200);
      if (list) ids.set(filter, list);
    }
    const own: Readonly<Record<string, string>> = {
      campaigns: "campaign_ids",
      line_items: "line_item_ids",
      promoted_tweets: "promoted_tweet_ids",
      funding_instruments: "funding_instrument_ids",
    };
    const parents: Readonly<Record<string, string>> = {
      campaign_id: "campaign_ids",
      line_item_id: "line_item_ids",
      funding_instrument_id: "funding_instrument_ids",
    };
    const isAsked = (element: Readonly<Record<string, unknown>>): boolean =>
      [["id", own[name] ?? ""] as const, ...Object.entries(parents)].every(
        ([member, filter]) =>
          !(member in element) || (ids.get(filter)?.includes(String(element[member])) ?? true),
      );
    const listed: Readonly<
      Record<
        string,
        () => readonly { readonly listed: boolean; readonly element: Readonly<Record<string, unknown>> }[]
      >
    > = {
      campaigns: () => campaignElements(account).map((element) => ({ listed: !element.deleted, element })),
      line_items: () => lineItemElements(account).map((element) => ({ listed: !element.deleted, element })),
      funding_instruments: () =>
        fundingElements(account).map((element) => ({ listed: !element.deleted, element })),
      promoted_tweets: () => promotedTweets(account),
    };
    const all = listed[name]?.();
    if (!all) throw new XRefusal(404, "ROUTE_NOT_FOUND", "The requested resource could not be found");
    const rows = all
      .filter((entry) => (entry.listed || withDeleted(params)) && isAsked(entry.element))
      .map(({ element }) => element);
    return pageOf(exchange.path, params, rows);
  };

  const reachable = (id: string | undefined): SandboxAccount => {
    const account = accounts.find((candidate) => candidate.id === id);
    if (!account)
      throw new XRefusal(
        403,
        "ACCOUNT_NOT_FOUND",
        `User does not have access to account ${id ?? ""}`,
        "account_id",
      );
    return account;
  };

  const stats = (exchange: Exchange, parts: readonly string[], params: Params): void => {
    if (parts[0] === "jobs") {
      const account = reachable(parts[2]);
      const own = slots.get(account.id) ?? [];
      if (exchange.method === "POST")
        jobs.submit(exchange, account.id, params, readStatsRequest(params, account, own, 90));
      else jobs.poll(exchange, account.id, params);
      return;
    }
    const account = reachable(parts[1]);
    const own = slots.get(account.id) ?? [];
    if (parts[2] === "active_entities") {
      const headers = windows.admit(`reads ${account.id}`, limits.reads, true);
      const active = (slot: Slot, day: Day) => isActive(seed, slot, day, dayAt(clock(), account.timeZone));
      exchange.json(200, activeEntities(params, account, own, active, corrections), headers);
      return;
    }
    const headers = windows.admit("stats", limits.stats, false);
    exchange.json(200, bodyOf(readStatsRequest(params, account, own, 7), account.id), headers);
  };

  const route = (exchange: Exchange): void => {
    const [version, resource, ...parts] = exchange.path.split("/").slice(1);
    const params = new Map(new URLSearchParams(exchange.rawQuery));
    if (version !== "12") throw new XRefusal(404, "ROUTE_NOT_FOUND", "This version is not served");
    if (params.get("with_total_count") === "true" && params.has("cursor"))
      throw invalid("with_total_count", "with_total_count excludes cursor", "EXCLUSIVE_PARAMETERS");
    if (resource === "stats") {
      stats(exchange, parts, params);
      return;
    }
    if (resource !== "accounts")
      throw new XRefusal(404, "ROUTE_NOT_FOUND", "The requested resource could not be found");
    const [id, name] = parts;
    if (id === undefined) {
      const headers = windows.admit("accounts", limits.accounts, false);
      const ids = listOf(params, "account_ids", 200);
      const rows = accounts
        .filter((account) => (ids?.includes(account.id) ?? true) && (!account.deleted || withDeleted(params)))
        .map(accountElement);
      exchange.json(200, pageOf(exchange.path, params, rows), headers);
      return;
    }
    const account = reachable(id);
    if (name === "authenticated_user_access") {
      exchange.json(200, {
        data: { user_id: "2417045708", permissions: ["CAMPAIGN_ANALYST"] },
        request: { params: {} },
      });
      return;
    }
    const isEntity = name !== undefined && name !== "funding_instruments";
    const headers = windows.admit(`${name ?? ""} ${id}`, isEntity ? limits.entities : limits.reads, true);
    exchange.json(
      200,
      name === undefined
        ? { data: accountElement(account), request: { params: {} } }
        : entityList(exchange, account, name, params),
      headers,
    );
  };

  return {
    platform: "x",
    truth: createTruth(accounts, figures),
    accounts,
    jobs,
    resultsAt: (url) => void (results = url),
    limitHeaders: (headers) => void (windows.headers = headers),
    forgetLimits: () => windows.reset(),
    restate(campaignId, day, percent) {
      percents.set(`${campaignId} ${day}`, percent);
      corrections.push({ campaignId, day, at: clock() });
      computed.clear();
    },
    answer(exchange) {
      if (exchange.path.startsWith("/results/")) {
        jobs.download(exchange);
        return;
      }
      try {
        check(exchange);
        route(exchange);
      } catch (error) {
        if (!(error instanceof XRefusal)) throw error;
        exchange.json(error.status, error.body, error.headers);
      }
    },
  };
};

/** `connectors.x` of a costper.yaml that talks to the sandbox. */
export const xSandboxSettings = (url: string) => ({
  ...xSandboxCredentials,
  conversions: ["purchases", "custom"],
  endpoints: { api: url },
});
