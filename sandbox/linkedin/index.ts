import { type Day, dayAt } from "../../src/domain/day.ts";
import type { Exchange, SandboxPlatform } from "../server.ts";
import { badParameter, badVersion, notFound, refuse } from "./answers.ts";
import { type CampaignFigures, figuresOf, restatementKey } from "./figures.ts";
import * as listing from "./listings.ts";
import { createOauth, linkedinSandboxCredentials, type Oauth } from "./oauth.ts";
import { readReportRequest, reportRows } from "./report.ts";
import { ParameterError, parseQuery, type Query } from "./syntax.ts";
import { createTruth, type Truth } from "./truth.ts";
import { createWorld, type SandboxAccount, type SandboxCampaign } from "./world.ts";

export { linkedinFaults } from "./faults.ts";
export { linkedinSandboxCredentials } from "./oauth.ts";

export interface LinkedinSandboxOptions {
  readonly clock: () => Date;
  readonly seed?: string;
  /** Accounts that are open and reachable (default 2); a closed and a test account come on top. */
  readonly accounts?: number;
  /** Campaigns of each open account (default 10). */
  readonly campaigns?: number;
}

export interface LinkedinSandbox extends SandboxPlatform {
  readonly truth: Truth;
  readonly accounts: readonly SandboxAccount[];
  readonly oauth: Omit<Oauth, "answer" | "judge" | "isStranger">;
  /** From now on the campaign-day's delivery is this percentage of what it was; with 0 its row vanishes. */
  restate(campaignId: string, day: Day, percent: number): void;
}

const activeVersions = /^2026(0[1-9])(\.\d\d)?$/;
const longestQuery = 4_096;
const fullAnswer = 15_000;
const mostValues = 45_000_000;
const valuesWindowMs = 300_000;

const header = (exchange: Exchange, name: string): string | undefined => {
  const value = exchange.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** LinkedIn Ads at wire level: token endpoint, entities and adAnalytics under one port. */
export const createLinkedinSandbox = (options: LinkedinSandboxOptions): LinkedinSandbox => {
  const { clock, seed = "linkedin" } = options;
  const accounts = createWorld({
    seed,
    accounts: options.accounts ?? 2,
    campaigns: options.campaigns ?? 10,
    today: dayAt(clock(), "utc"),
  });
  const oauth = createOauth(clock);
  const restatements = new Map<string, number>();
  // Figures of a campaign-day are asked for by several reports; they move with the hour and with restatements.
  const computed = new Map<string, CampaignFigures | undefined>();
  const figures = (
    account: SandboxAccount,
    campaign: SandboxCampaign,
    day: Day,
  ): CampaignFigures | undefined => {
    const now = clock();
    const key = `${campaign.id} ${day} ${Math.floor(now.getTime() / 3_600_000)}`;
    if (computed.has(key)) return computed.get(key);
    const found = figuresOf(seed, account, campaign, day, now, restatements);
    if (computed.size > 50_000) computed.clear();
    computed.set(key, found);
    return found;
  };

  let volume: { readonly at: number; readonly values: number }[] = [];
  const exceedsVolume = (values: number): boolean => {
    const now = clock().getTime();
    volume = volume.filter(({ at }) => at > now - valuesWindowMs);
    if (volume.reduce((sum, entry) => sum + entry.values, values) > mostValues) return true;
    volume.push({ at: now, values });
    return false;
  };

  const analytics = (exchange: Exchange, query: Query): void => {
    const asked = readReportRequest(query, clock());
    const rows = reportRows(asked, accounts, figures).slice(0, fullAnswer);
    if (exceedsVolume(rows.length * asked.fields.length)) refuse(exchange, "volume");
    else exchange.json(200, { paging: { start: 0, count: 10, links: [] }, elements: rows });
  };

  // Nothing in a listing changes while the sandbox runs.
  const listed = new Map<string, Record<string, unknown>[]>();
  const nested = (exchange: Exchange, account: SandboxAccount, resource: string, query: Query): void => {
    const search = resource === "creatives" ? listing.criteriaOf(query) : listing.searchOf(query, "campaign");
    const kinds: Readonly<Record<string, () => Record<string, unknown>[]>> = {
      adCampaigns: () => account.campaigns.filter(({ listed }) => listed).map(listing.campaignElement),
      adCampaignGroups: () =>
        [...new Set(account.campaigns.map(({ groupId }) => groupId))].map((id) =>
          listing.groupElement(account.id, id),
        ),
      creatives: () =>
        account.campaigns.flatMap((campaign) =>
          campaign.creativeIds.map((id) => listing.creativeElement(campaign, id)),
        ),
    };
    const key = `${account.id}/${resource}`;
    const elements = listed.get(key) ?? kinds[resource]?.();
    if (elements) listed.set(key, elements);
    if (elements) exchange.json(200, listing.pageByToken(exchange.path, query, elements.filter(search)));
    else notFound(exchange);
  };

  const resource = (exchange: Exchange, query: Query): void => {
    const [name, accountId, kind, id, ...rest] = exchange.path.slice("/rest/".length).split("/");
    const account = accounts.find((candidate) => candidate.id === accountId);
    if (name === "adAnalytics" && accountId === undefined) analytics(exchange, query);
    else if (name === "conversions" && accountId === undefined) {
      const owner = listing.ruleAccountOf(query);
      const found = accounts.find((candidate) => candidate.id === owner);
      const rules = found?.rules.map((rule) => listing.ruleElement(found, rule));
      if (rules) exchange.json(200, listing.pageByCount(query, rules));
      else refuse(exchange, "denied");
    } else if (name !== "adAccounts" || rest.length > 0) notFound(exchange);
    else if (accountId === undefined) {
      const matches = listing.searchOf(query, "account");
      const token = /^Bearer (.+)$/.exec(header(exchange, "authorization") ?? "")?.[1] ?? "";
      const found = oauth.isStranger(token) ? [] : accounts.map(listing.accountElement).filter(matches);
      exchange.json(200, listing.pageByToken(exchange.path, query, found));
    } else if (!account) refuse(exchange, "denied");
    else if (kind === undefined) exchange.json(200, listing.accountElement(account));
    else if (id === undefined) nested(exchange, account, kind, query);
    else {
      const campaign = kind === "adCampaigns" && account.campaigns.find((candidate) => candidate.id === id);
      if (campaign) exchange.json(200, listing.campaignElement(campaign));
      else notFound(exchange);
    }
  };

  /** Refuses what is wrong around the call; the order of the checks is LinkedIn's. */
  const admits = (exchange: Exchange): boolean => {
    const token = /^Bearer (.+)$/.exec(header(exchange, "authorization") ?? "")?.[1];
    if (token === undefined) {
      refuse(exchange, "noToken");
      return false;
    }
    const verdict = oauth.judge(token);
    if (verdict !== "alive") {
      refuse(exchange, verdict === "unknown" ? "invalidToken" : `${verdict}Token`);
      return false;
    }
    const version = header(exchange, "linkedin-version");
    if (version === undefined || !activeVersions.test(version)) {
      badVersion(exchange, version);
      return false;
    }
    if (header(exchange, "x-restli-protocol-version") !== "2.0.0") {
      badParameter(exchange, new ParameterError("X-Restli-Protocol-Version", "only 2.0.0 is served here"));
      return false;
    }
    if (exchange.rawQuery.length > longestQuery) {
      exchange.text(414, "<html><body>Request-URI Too Long</body></html>", { "content-type": "text/html" });
      return false;
    }
    return true;
  };

  /** The query of a GET, or of a GET that travels in the body of a POST; undefined where it is neither. */
  const queryText = (exchange: Exchange): string | undefined => {
    if (exchange.method === "GET") return exchange.rawQuery;
    const tunnelled =
      exchange.method === "POST" &&
      header(exchange, "x-http-method-override") === "GET" &&
      header(exchange, "content-type") === "application/x-www-form-urlencoded" &&
      exchange.rawQuery === "";
    return tunnelled ? exchange.body : undefined;
  };

  return {
    platform: "linkedin",
    truth: createTruth(accounts, figures),
    accounts,
    oauth,
    restate(campaignId, day, percent) {
      restatements.set(restatementKey(campaignId, day), percent);
      computed.clear();
    },
    answer(exchange) {
      if (exchange.method === "GET" && exchange.path === "/oauth/v2/authorization") {
        oauth.consent.answer(exchange);
        return;
      }
      if (exchange.path === "/oauth/v2/accessToken") {
        oauth.answer(exchange);
        return;
      }
      if (!exchange.path.startsWith("/rest/")) {
        notFound(exchange);
        return;
      }
      if (!admits(exchange)) return;
      const raw = queryText(exchange);
      if (raw === undefined) {
        exchange.json(405, { status: 405, message: "Method not allowed" });
        return;
      }
      try {
        resource(exchange, parseQuery(raw));
      } catch (error) {
        if (!(error instanceof ParameterError)) throw error;
        badParameter(exchange, error);
      }
    },
  };
};

/** `connectors.linkedin` of a costper.yaml that talks to the sandbox. */
export const linkedinSandboxSettings = (url: string) => ({
  clientId: linkedinSandboxCredentials.clientId,
  clientSecret: linkedinSandboxCredentials.clientSecret,
  refreshToken: linkedinSandboxCredentials.refreshToken,
  endpoints: { api: url, oauth: url },
});
