import { createHmac } from "node:crypto";
import { chance } from "../pattern.ts";
import type { Exchange, SandboxPlatform } from "../server.ts";
import { createFacts } from "./facts.ts";
import { insightsRows } from "./insights.ts";
import { createOauth, metaSandboxCredentials, type MetaOauth } from "./oauth.ts";
import { statusesOf } from "./statuses.ts";
import { createTruth, type MetaTruth } from "./truth.ts";
import { GraphFault, listParam, type Params, pageOf, paramsOf } from "./wire.ts";
import { createWorld, type SandboxAccount } from "./world.ts";

export { metaFaults } from "./faults.ts";
export { metaSandboxCredentials } from "./oauth.ts";

interface MetaSandboxOptions {
  readonly clock: () => Date;
  readonly seed?: string;
  readonly accounts?: number;
  /** Campaigns of each account, at most (default: all that there are). */
  readonly campaigns?: number;
}

export interface MetaSandbox extends SandboxPlatform {
  readonly truth: MetaTruth;
  readonly oauth: Pick<MetaOauth, "consent">;
}

/** The section `connectors.meta` that points at a sandbox. */
export const metaSandboxSettings = (url: string) => ({
  accessToken: metaSandboxCredentials.accessToken,
  appId: metaSandboxCredentials.appId,
  appSecret: metaSandboxCredentials.appSecret,
  conversions: ["purchase", "lead"],
  attribution: ["7d_click" as const, "1d_view" as const],
  endpoints: { graph: url },
});

interface Run {
  readonly account: SandboxAccount;
  readonly params: Params;
  /** Polls that still answer "running". */
  pending: number;
  rows?: ReturnType<typeof insightsRows>;
}

interface Ask {
  readonly method: string;
  readonly path: string;
  readonly parts: readonly string[];
  readonly params: Params;
  /** Somebody who reaches no account asks. */
  readonly isStranger: boolean;
}

const unknownNode = (id: string): GraphFault =>
  new GraphFault(
    `Unsupported get request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions`,
    100,
    33,
    400,
    "GraphMethodException",
  );

const accountFields = (account: SandboxAccount) => ({
  id: `act_${account.id}`,
  account_id: account.id,
  name: account.name,
  currency: account.currency,
  timezone_name: account.timeZone,
  timezone_offset_hours_utc: account.offsetHours,
  account_status: 1,
  disable_reason: 0,
});

/** Whether the token is of somebody who reaches no account. */
const checkAccess = (exchange: Exchange, params: Params, oauth: MetaOauth): boolean => {
  const bearer = /^Bearer (.+)$/.exec(exchange.headers.authorization ?? "")?.[1];
  const token = bearer ?? params.get("access_token");
  if (token === undefined) throw new GraphFault("An access token is required to request this resource.", 190);
  const { isStranger } = oauth.check(token);
  const proof = createHmac("sha256", metaSandboxCredentials.appSecret).update(token).digest("hex");
  if ((params.get("appsecret_proof") ?? proof) !== proof)
    throw new GraphFault(
      "Invalid appsecret_proof provided in the API argument",
      100,
      undefined,
      400,
      "GraphMethodException",
    );
  return isStranger;
};

/** Campaigns, ad sets and ads as their edges and nodes show them. */
const nodesOf = (account: SandboxAccount) => {
  const common = { updated_time: "2026-11-03T09:12:44+0900" };
  const campaigns = account.campaigns.map(({ id, name, status, objective }) => ({
    id,
    name,
    status,
    effective_status: status,
    objective,
    ...common,
  }));
  const adsets = account.campaigns.flatMap((campaign) =>
    campaign.adSets.map(({ id, name, status }) => ({
      id,
      name,
      campaign_id: campaign.id,
      status,
      effective_status: status,
      ...common,
    })),
  );
  const ads = account.campaigns.flatMap((campaign) =>
    campaign.adSets.flatMap((adSet) =>
      adSet.ads.map(({ id, name, status }) => ({
        id,
        name,
        adset_id: adSet.id,
        campaign_id: campaign.id,
        status,
        effective_status: status,
        ...common,
      })),
    ),
  );
  return { campaigns, adsets, ads };
};

const picked = (node: Readonly<Record<string, unknown>>, params: Params): Record<string, unknown> => {
  const fields = new Set(["id", ...(listParam(params, "fields") ?? [])]);
  return Object.fromEntries(Object.entries(node).filter(([field]) => fields.has(field)));
};

const edgeLevels = { campaigns: "campaign", adsets: "adset", ads: "ad" } as const;

const edgeRows = (account: SandboxAccount, edge: keyof typeof edgeLevels, params: Params) => {
  const asked = listParam(params, "effective_status");
  if (asked?.includes("DELETED"))
    throw new GraphFault("(#100) Deleted objects cannot be listed", 100, 1815001);
  if (asked?.some((status) => !statusesOf[edgeLevels[edge]].includes(status)))
    throw new GraphFault("(#100) Param effective_status has an unknown value", 100);
  const nodes = nodesOf(account)[edge];
  return nodes
    .filter(({ status }) => asked?.includes(status) ?? (status !== "ARCHIVED" && status !== "DELETED"))
    .map((node) => picked(node, params));
};

const quiet = (accountId: string | undefined): Record<string, string> => ({
  "x-app-usage": '{"call_count":3,"total_time":2,"total_cputime":1}',
  ...(accountId === undefined
    ? {}
    : {
        "x-business-use-case-usage": JSON.stringify({
          [accountId]: [
            { type: "ads_management", call_count: 1, total_cputime: 1, total_time: 1 },
            {
              type: "ads_insights",
              call_count: 2,
              total_cputime: 1,
              total_time: 4,
              estimated_time_to_regain_access: 0,
              ads_api_access_tier: "standard_access",
            },
          ],
        }),
      }),
});

/** Meta's Marketing API as far as costper and its tests need it, over plain HTTP. */
export const createMetaSandbox = ({
  clock,
  seed = "meta",
  accounts = 3,
  campaigns,
}: MetaSandboxOptions): MetaSandbox => {
  const world = createWorld(seed, accounts, campaigns);
  const factsOf = createFacts(clock, seed);
  const runs = new Map<string, Run>();
  const oauth = createOauth(clock);
  let lastRun = 6_100_000_000_000;

  const startRun = (account: SandboxAccount, params: Params): unknown => {
    insightsRows(new Map([...params, ["level", "account"]]), account, clock(), () => undefined);
    const id = String((lastRun += 1));
    runs.set(id, { account, params, pending: chance(seed, id) < 0.3 ? 1 : 0 });
    for (const old of [...runs.keys()].slice(0, -200)) runs.delete(old);
    // Now and then the id comes as a number.
    return { report_run_id: lastRun % 4 === 0 ? lastRun : id };
  };

  const runState = (id: string, run: Run): unknown => {
    const done = run.pending === 0;
    run.pending = Math.max(0, run.pending - 1);
    return {
      id,
      account_id: run.account.id,
      time_ref: Math.floor(clock().getTime() / 1_000),
      async_status: done ? "Job Completed" : "Job Running",
      async_percent_completion: done ? 100 : 40,
    };
  };

  const accountAnswer = (account: SandboxAccount, { method, path, parts, params }: Ask): unknown => {
    const edge = parts[1];
    const page = { path, params, token: metaSandboxCredentials.accessToken, pageSize: 25 };
    if (edge === undefined) return picked(accountFields(account), params);
    if (edge === "insights")
      return method === "POST"
        ? startRun(account, params)
        : pageOf(insightsRows(params, account, clock(), factsOf), page);
    if (edge === "campaigns" || edge === "adsets" || edge === "ads")
      return pageOf(edgeRows(account, edge, params), page);
    throw new GraphFault(`(#100) Unknown path components: /${edge}`, 2500);
  };

  const nodeAnswer = (ask: Ask): unknown => {
    const [id = "", edge] = ask.parts;
    const page = { ...ask, token: metaSandboxCredentials.accessToken, pageSize: 25 };
    const run = runs.get(id);
    if (run && edge === "insights") {
      run.rows ??= insightsRows(run.params, run.account, clock(), factsOf);
      return pageOf(run.rows, page);
    }
    if (run) return runState(id, run);
    for (const account of world) {
      const { campaigns, adsets, ads } = nodesOf(account);
      const node = [...campaigns, ...adsets, ...ads].find((node) => node.id === id);
      if (!node) continue;
      if (edge !== "insights") return picked(node, ask.params);
      const level = campaigns.some((node) => node.id === id)
        ? "campaign"
        : adsets.some((node) => node.id === id)
          ? "adset"
          : "ad";
      const filtering = JSON.stringify([
        { field: `${level}.id`, operator: "IN", value: [id] },
        { field: `${level}.effective_status`, operator: "IN", value: statusesOf[level] },
      ]);
      const params = new Map([["level", level], ...ask.params, ["filtering", filtering]]);
      return pageOf(insightsRows(params, account, clock(), factsOf), page);
    }
    throw unknownNode(id);
  };

  const reply = (ask: Ask): unknown => {
    const [node, edge] = ask.parts;
    if (node === undefined) {
      const ids = ask.params.get("ids")?.split(",") ?? [];
      return Object.fromEntries(ids.map((id) => [id, nodeAnswer({ ...ask, parts: [id] })]));
    }
    if (edge === "adaccounts" || edge === "owned_ad_accounts" || edge === "client_ad_accounts") {
      const rows = (ask.isStranger ? [] : world).map((account) => picked(accountFields(account), ask.params));
      return pageOf(rows, { ...ask, token: metaSandboxCredentials.accessToken, pageSize: 25 });
    }
    if (!node.startsWith("act_")) return nodeAnswer(ask);
    const account = world.find(({ id }) => `act_${id}` === node);
    if (!account) throw unknownNode(node);
    return accountAnswer(account, ask);
  };

  return {
    platform: "meta",
    truth: createTruth(world, factsOf),
    oauth,
    answer: (exchange) => {
      const [version = "", ...parts] = exchange.path.split("/").filter((part) => part !== "");
      try {
        if (!/^v2[4-6]\.0$/.test(version))
          throw new GraphFault(
            "(#2635) You are calling a deprecated version of the Ads API. Use v26.0.",
            2635,
          );
        if (oauth.answers(exchange, parts.join("/"))) return;
        const params = paramsOf(exchange);
        const isStranger = checkAccess(exchange, params, oauth);
        const body = reply({ method: exchange.method, path: exchange.path, parts, params, isStranger });
        exchange.json(200, body, quiet(/act_(\d+)/.exec(exchange.path)?.[1]));
      } catch (error) {
        if (!(error instanceof GraphFault)) throw error;
        exchange.json(error.status, error.body);
      }
    },
  };
};
