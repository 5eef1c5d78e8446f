import { once } from "node:events";
import { type Day, dayAt } from "../../src/domain/day.ts";
import type { Exchange, SandboxPlatform } from "../server.ts";
import { Refusal, refusal, send } from "./answers.ts";
import { csvOf } from "./csv.ts";
import { createFigures, restatementKey } from "./figures.ts";
import { createJobs, type Job } from "./jobs.ts";
import { createOauth, microsoftSandboxCredentials, type Oauth, userId } from "./oauth.ts";
import { readReportRequest, reportRows } from "./report.ts";
import { createTruth, type Truth } from "./truth.ts";
import { createWorld, ownCustomerId, type SandboxAccount } from "./world.ts";
import { zipOf } from "./zip.ts";

export { microsoftFaults } from "./faults.ts";
export { microsoftSandboxCredentials } from "./oauth.ts";
export { bulkAccountId, linkedAccountId } from "./world.ts";

export interface MicrosoftSandboxOptions {
  readonly clock: () => Date;
  readonly seed?: string;
  /** Open accounts of the user's own customer (default 2); a linked and an inactive one come on top. */
  readonly accounts?: number;
  /** Campaigns of each open account (default 6). */
  readonly campaigns?: number;
  /** One more account, with so many ads that all deliver every day. */
  readonly bulk?: { readonly ads: number };
}

export interface MicrosoftSandbox extends SandboxPlatform {
  readonly truth: Truth;
  readonly accounts: readonly SandboxAccount[];
  readonly oauth: Omit<Oauth, "answer" | "judge">;
  /** Reports that one customer may have under way (default 2). */
  maxOpenReports: number;
  /** How often a report answers Pending first; undefined: now and then once. */
  pendingPolls: number | undefined;
  /** How the next reports end, in place of Success. */
  endings: string[];
  /** Where links point, if not to the host that was asked. */
  downloadBase: string | undefined;
  /** Credentials that came along with a download: none may. */
  readonly leaked: readonly string[];
  /** The most reports that one customer had open at once. */
  readonly mostOpen: number;
  /** What is done to the file of a report before it is packed. */
  damage: ((csv: string) => string) | undefined;
  /** Every report under way is ready at the next question. */
  finishReports(): void;
  /** From now on the campaign-day's figures are this percentage of what they were; with 0 its rows vanish. */
  restate(campaignId: string, day: Day, percent: number): void;
}

const header = (exchange: Exchange, name: string): string | undefined => {
  const value = exchange.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

const bodyOf = (exchange: Exchange): Readonly<Record<string, unknown>> => {
  try {
    const parsed: unknown = JSON.parse(exchange.body);
    if (typeof parsed === "object" && parsed !== null) return parsed as Readonly<Record<string, unknown>>;
  } catch {
    // Told below.
  }
  throw refusal(100);
};

const accountAnswer = (account: SandboxAccount) => ({
  Id: account.id,
  Name: account.name,
  Number: account.number,
  ParentCustomerId: account.customerId,
  CurrencyCode: account.currency,
  TimeZone: account.zone,
  AccountLifeCycleStatus: account.status,
  AutoTagType: account.linked ? "Inactive" : "Preserve",
  LinkedAgencies: account.linked ? [{ Id: ownCustomerId, Name: "Agency" }] : null,
});

const searchAccounts = (exchange: Exchange, user: string, accounts: readonly SandboxAccount[]): void => {
  const { Predicates: predicates, PageInfo: page } = bodyOf(exchange) as {
    readonly Predicates?: readonly {
      readonly Field?: unknown;
      readonly Operator?: unknown;
      readonly Value?: unknown;
    }[];
    readonly PageInfo?: { readonly Index?: unknown; readonly Size?: unknown };
  };
  const [predicate, ...more] = predicates ?? [];
  if (more.length > 0 || predicate?.Field !== "UserId" || predicate.Operator !== "Equals") throw refusal(100);
  if (predicate.Value !== user) throw refusal(106);
  const [index, size] = [page?.Index ?? 0, page?.Size ?? 0];
  if (typeof index !== "number" || typeof size !== "number" || size > 1_000) throw refusal(100);
  const found = user === userId ? accounts : [];
  exchange.json(200, { Accounts: found.slice(index * size, (index + 1) * size).map(accountAnswer) });
};

/** Microsoft Advertising at wire level: token endpoint, accounts, reports and their files under one port. */
export const createMicrosoftSandbox = (options: MicrosoftSandboxOptions): MicrosoftSandbox => {
  const { clock, seed = "microsoft" } = options;
  const accounts = createWorld({
    seed,
    accounts: options.accounts ?? 2,
    campaigns: options.campaigns ?? 6,
    bulkAds: options.bulk?.ads ?? 0,
    today: dayAt(clock(), "utc"),
  });
  const oauth = createOauth(clock);
  const restated = new Map<string, number>();
  const figures = createFigures(seed, restated);
  const jobs = createJobs(clock, seed);
  const leaked: string[] = [];
  const state = {
    maxOpenReports: 2,
    pendingPolls: undefined as number | undefined,
    endings: [] as string[],
    downloadBase: undefined as string | undefined,
    damage: undefined as ((csv: string) => string) | undefined,
    mostOpen: 0,
  };

  /** The user behind a call. @throws Refusal where something around the call is wrong */
  const admit = (exchange: Exchange, needed: readonly string[]): string => {
    if (needed.some((name) => header(exchange, name) === undefined)) throw refusal(116);
    const token = /^Bearer (.+)$/.exec(header(exchange, "authorization") ?? "")?.[1] ?? "";
    const { verdict, user } = oauth.judge(token);
    if (verdict === "expired") throw refusal(109);
    if (verdict === "unknown") throw refusal(105);
    if (header(exchange, "developertoken") !== microsoftSandboxCredentials.developerToken) throw refusal(105);
    return user;
  };

  const submit = (exchange: Exchange, user: string): void => {
    const asked = readReportRequest(exchange.body, {
      accounts,
      now: clock(),
      reaches: () => user === userId,
    });
    const [account] = asked.accounts;
    const customerId = header(exchange, "customerid") ?? "";
    if (header(exchange, "customeraccountid") !== account?.id || customerId !== account?.customerId)
      throw refusal(106);
    if (jobs.open(customerId) >= state.maxOpenReports) throw refusal(207);
    const id = jobs.add(user, customerId, asked, state.pendingPolls);
    state.mostOpen = Math.max(state.mostOpen, jobs.open(customerId));
    exchange.json(200, { ReportRequestId: id });
  };

  const hasRows = (asked: Parameters<typeof reportRows>[0]): boolean =>
    reportRows(asked, figures, clock()).next().done !== true;

  const poll = (exchange: Exchange, user: string): void => {
    const id = bodyOf(exchange)["ReportRequestId"];
    const job = typeof id === "string" ? jobs.get(id) : undefined;
    if (!job) throw refusal(2100);
    if (job.user !== user) throw refusal(106);
    const answer = (status: string, url: string | null) =>
      exchange.json(200, { ReportRequestStatus: { Status: status, ReportDownloadUrl: url } });
    if (jobs.isStale(job)) return answer("Success", null);
    if (job.pending > 0) {
      job.pending -= 1;
      return answer("Pending", null);
    }
    job.done = true;
    const ending = state.endings.shift();
    if (ending !== undefined) return answer(ending, null);
    if (!hasRows(job.asked)) return answer("Success", null);
    const base = state.downloadBase ?? `http://${header(exchange, "host") ?? ""}`;
    answer("Success", `${base}${jobs.link(job)}`);
  };

  // The large account's files are made once: making them is not what its load test measures.
  const bulkFiles = new Map<string, Buffer[]>();
  const fileOf = async function* ({ id, asked }: Job): AsyncGenerator<Buffer> {
    const csv = csvOf(asked, () => reportRows(asked, figures, clock()));
    const parts = state.damage ? [state.damage([...csv].join(""))] : csv;
    if (!asked.accounts.some(({ bulk }) => bulk)) return yield* zipOf(`${id}.csv`, parts);
    const key = JSON.stringify([asked.type, asked.columns, asked.from, asked.to]);
    let file = bulkFiles.get(key);
    if (!file) {
      bulkFiles.set(key, (file = []));
      for await (const part of zipOf("bulk.csv", parts)) file.push(part);
    }
    yield* file;
  };

  const download = async (exchange: Exchange): Promise<void> => {
    for (const name of ["authorization", "developertoken", "customerid", "customeraccountid"])
      if (header(exchange, name) !== undefined) leaked.push(name);
    const job = jobs.behind(new URLSearchParams(exchange.rawQuery).get("sig") ?? "");
    if (!job)
      return exchange.text(
        403,
        '<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.</Message></Error>',
        { "content-type": "application/xml" },
      );
    const { response } = exchange;
    response.writeHead(200, { "content-type": "application/zip" });
    const gone = once(response, "close");
    for await (const chunk of fileOf(job))
      if (!response.write(chunk)) await Promise.race([once(response, "drain"), gone]);
    response.end();
  };

  const routes: Readonly<Record<string, (exchange: Exchange) => void>> = {
    "/CustomerManagement/v13/User/Query": (exchange) => {
      const user = admit(exchange, ["authorization", "developertoken"]);
      if (bodyOf(exchange)["UserId"] !== null) throw refusal(106);
      const linked = accounts.filter((account) => account.linked);
      exchange.json(200, {
        User: { Id: user, CustomerId: ownCustomerId, UserName: "sandbox@example.com" },
        CustomerRoles: [
          {
            RoleId: 16,
            CustomerId: ownCustomerId,
            AccountIds: null,
            LinkedAccountIds: null,
            CustomerLinkPermission: null,
          },
          ...linked.map(({ customerId, id }) => ({
            RoleId: 16,
            CustomerId: customerId,
            AccountIds: null,
            LinkedAccountIds: [id],
            CustomerLinkPermission: "Administrative",
          })),
        ],
      });
    },
    "/CustomerManagement/v13/Accounts/Search": (exchange) =>
      searchAccounts(exchange, admit(exchange, ["authorization", "developertoken"]), accounts),
    "/Reporting/v13/GenerateReport/Submit": (exchange) =>
      submit(
        exchange,
        admit(exchange, ["authorization", "developertoken", "customerid", "customeraccountid"]),
      ),
    "/Reporting/v13/GenerateReport/Poll": (exchange) =>
      poll(exchange, admit(exchange, ["authorization", "developertoken", "customerid", "customeraccountid"])),
  };

  return Object.assign(state, {
    platform: "microsoft" as const,
    truth: createTruth(accounts, (account, day) => figures.of(account, day, dayAt(clock(), account.iana))),
    accounts,
    oauth,
    leaked,
    finishReports: () => jobs.finishAll(),
    restate(campaignId: string, day: Day, percent: number) {
      restated.set(restatementKey(campaignId, day), percent);
      figures.forget();
    },
    async answer(exchange: Exchange): Promise<void> {
      if (exchange.method === "GET" && exchange.path === "/ReportDownload/Download.aspx")
        return download(exchange);
      if (exchange.method === "POST" && exchange.path === "/common/oauth2/v2.0/token")
        return oauth.answer(exchange);
      const route = exchange.method === "POST" ? routes[exchange.path] : undefined;
      if (!route) return exchange.text(404, "<html>Not Found</html>", { "content-type": "text/html" });
      try {
        route(exchange);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        send(exchange, error);
      }
    },
  });
};

/** `connectors.microsoft` of a costper.yaml that talks to the sandbox. */
export const microsoftSandboxSettings = (url: string) => ({
  developerToken: microsoftSandboxCredentials.developerToken,
  clientId: microsoftSandboxCredentials.clientId,
  clientSecret: microsoftSandboxCredentials.clientSecret,
  refreshToken: microsoftSandboxCredentials.refreshToken,
  endpoints: { oauth: url, clientCenter: url, reporting: url },
});
