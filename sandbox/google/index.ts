import { addDays, addMonths, type Day, dayAt } from "../../src/domain/day.ts";
import { type ConsentPages, createConsentPages } from "../consent.ts";
import type { Exchange, SandboxPlatform } from "../server.ts";
import { createBatches } from "./batches.ts";
import { type SandboxClick, clicksOf } from "./clicks.ts";
import { errorElement, SandboxError } from "./errors.ts";
import { createFigures } from "./figures.ts";
import { parseQuery } from "./gaql.ts";
import { sendBatches } from "./stream.ts";
import { createTruth, type Truth } from "./truth.ts";
import { createWorld, directAccountId, managerId, bulkAccountId, type SandboxAccount } from "./world.ts";

export { googleFaults, onQuery } from "./faults.ts";
export { bulkAccountId, canceledAccountId, clientAccountId, directAccountId, managerId } from "./world.ts";

export const googleCredentials = {
  clientId: "sandbox-client.apps.googleusercontent.com",
  clientSecret: "sandbox-google-secret",
  refreshToken: "1//sandbox-google-refresh",
} as const;

const adwords = "https://www.googleapis.com/auth/adwords";

/** A `connectors.google` section that points at the sandbox. */
export const googleSandboxSettings = (url: string) => ({
  ...googleCredentials,
  endpoints: { api: url, oauth: url },
});

export interface GoogleSandboxOptions {
  readonly clock: () => Date;
  readonly seed?: string;
  /** Client accounts of the manager (default 3); one closed and one reached directly come on top. */
  readonly accounts?: number;
  /** Campaigns of each client account, at most (default: all that there are). */
  readonly campaigns?: number;
  /** One more account, reached directly, with so many ads that all deliver every day. */
  readonly bulk?: {
    readonly ads: number;
    /** Every fiftieth ad has one click more than otherwise, as after a restatement. */
    readonly restated?: boolean;
  };
  /** Rows in a batch of an answer (default 500; the platform's own are of 10,000). */
  readonly batchRows?: number;
}

export interface GoogleSandbox extends SandboxPlatform {
  readonly truth: Truth;
  readonly accounts: readonly SandboxAccount[];
  /** Every click of an account's day, as its click report has them. */
  clicks(accountId: string, day: Day): SandboxClick[];
  /** Counted as the platform counts them for its daily cap. */
  readonly operations: number;
  /** The consent page. */
  readonly consent: ConsentPages;
  /** Whether the consent screen is in state Testing: refresh tokens then end after seven days. */
  testing: boolean;
  /** Makes every access token given out so far stale. */
  expireTokens(): void;
}

const denied = (code: string, message: string): SandboxError =>
  new SandboxError(403, "PERMISSION_DENIED", "authorizationError", code, message);

const invalid = (family: string, code: string, message: string): SandboxError =>
  new SandboxError(400, "INVALID_ARGUMENT", family, code, message);

/** The system parameter of Google's APIs: answers are indented unless it says no. */
const isIndented = ({ rawQuery }: Exchange): boolean =>
  new URLSearchParams(rawQuery).get("prettyPrint") !== "false";

const answerJson = (exchange: Exchange, status: number, body: object, requestId: string): void =>
  exchange.text(status, JSON.stringify(body, null, isIndented(exchange) ? 2 : undefined), {
    "content-type": "application/json",
    "request-id": requestId,
  });

export const createGoogleSandbox = (options: GoogleSandboxOptions): GoogleSandbox => {
  const seed = options.seed ?? "costper";
  const world = createWorld({
    seed,
    accounts: options.accounts ?? 3,
    campaigns: options.campaigns,
    bulkAds: options.bulk?.ads ?? 0,
  });
  const figures = createFigures(seed, options.bulk?.restated);
  const batches = createBatches({ world, figures, batchRows: options.batchRows ?? 500 });
  const todayOf = ({ timeZone }: { readonly timeZone: string }): Day => dayAt(options.clock(), timeZone);
  const tokens = new Map<string, { readonly endsAt: number; readonly isStranger: boolean }>();
  /** Refresh tokens, and whether whoever signed in reaches nothing. */
  const refreshTokens = new Map([[googleCredentials.refreshToken as string, false]]);
  const state = { tokens: 0, requests: 0, operations: 0, testing: false };
  const consent = createConsentPages({
    label: "Google",
    clientId: googleCredentials.clientId,
    scopes: [adwords],
    refusal: { error: "access_denied" },
    pkce: true,
  });
  const direct = [managerId, directAccountId, ...(options.bulk ? [bulkAccountId] : [])];

  const answerToken = (exchange: Exchange): void => {
    const form = new URLSearchParams(exchange.body);
    const isCode = form.get("grant_type") === "authorization_code";
    if (!isCode && form.get("grant_type") !== "refresh_token")
      return exchange.json(400, { error: "unsupported_grant_type", error_description: "Invalid grant_type" });
    if (
      form.get("client_id") !== googleCredentials.clientId ||
      form.get("client_secret") !== googleCredentials.clientSecret
    )
      return exchange.json(401, {
        error: "invalid_client",
        error_description: "The OAuth client was not found.",
      });
    const grant = isCode ? consent.redeem(form) : undefined;
    const isStranger =
      typeof grant === "object" ? grant.isStranger : refreshTokens.get(form.get("refresh_token") ?? "");
    if (typeof grant === "string" || isStranger === undefined)
      return exchange.json(400, { error: grant ?? "invalid_grant", error_description: "Bad Request" });
    state.tokens += 1;
    const token = `ya29.sandbox-${String(state.tokens)}`;
    tokens.set(token, { endsAt: options.clock().getTime() + 3_599_000, isStranger });
    const refreshToken = `1//sandbox-google-granted-${String(state.tokens)}`;
    if (grant) refreshTokens.set(refreshToken, isStranger);
    exchange.json(200, {
      access_token: token,
      expires_in: 3599,
      scope: grant ? grant.scope.join(" ") : adwords,
      token_type: "Bearer",
      ...(grant ? { refresh_token: refreshToken } : {}),
      ...(grant && state.testing ? { refresh_token_expires_in: 604_799 } : {}),
    });
  };

  /** Whether the token is of somebody who reaches nothing. */
  const checkBearer = ({ headers }: Exchange): boolean => {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1] ?? "";
    const known = tokens.get(token);
    if (known && known.endsAt > options.clock().getTime()) return known.isStranger;
    throw new SandboxError(
      401,
      "UNAUTHENTICATED",
      "authenticationError",
      "OAUTH_TOKEN_INVALID",
      "The access token is not valid.",
    );
  };

  /** Whether the user reaches the account, directly or through the manager that the header names. */
  const checkAccess = (customerId: string, login: string | undefined): void => {
    if (!/^\d{10}$/.test(customerId))
      throw invalid("requestError", "INVALID_CUSTOMER_ID", "Invalid customer ID.");
    if (login !== undefined && !/^\d{10}$/.test(login))
      throw invalid("headerError", "INVALID_LOGIN_CUSTOMER_ID", "Invalid login customer ID.");
    const account = world.find(({ id }) => id === customerId);
    const reached =
      login === undefined || login === customerId
        ? direct.includes(customerId)
        : login === managerId && account?.managerId === managerId;
    if (!reached)
      throw denied(
        "USER_PERMISSION_DENIED",
        "User doesn't have permission to access customer. Note: If you're accessing a client customer, the manager's customer id must be set in the 'login-customer-id' header.",
      );
    if (account && account.status !== "ENABLED")
      throw denied(
        "CUSTOMER_NOT_ENABLED",
        "The customer account can't be accessed because it is not yet enabled or has been deactivated.",
      );
  };

  const answerQuery = async (exchange: Exchange, customerId: string, requestId: string): Promise<void> => {
    const login = exchange.headers["login-customer-id"];
    checkAccess(customerId, Array.isArray(login) ? login[0] : login);
    const body = JSON.parse(exchange.body || "{}") as Record<string, unknown>;
    if ("pageSize" in body || "page_size" in body)
      throw invalid("requestError", "PAGE_SIZE_NOT_SUPPORTED", "Setting the page size is not supported.");
    const query = parseQuery(typeof body["query"] === "string" ? body["query"] : "");
    state.operations += 1;
    const account = world.find(({ id }) => id === customerId);
    if (customerId === managerId && query.fields.some((field) => field.startsWith("metrics.")))
      throw invalid(
        "queryError",
        "REQUESTED_METRICS_FOR_MANAGER",
        "Metrics cannot be requested for a manager account.",
      );
    const today = todayOf(account ?? { timeZone: "Europe/Berlin" });
    if (query.dates && query.dates.from < addMonths(today, -37))
      throw invalid(
        "dateRangeError",
        "REQUESTED_DATE_GRANULARITY_NOT_SUPPORTED",
        "Daily data is kept for 37 months.",
      );
    if (query.resource === "click_view" && query.dates && query.dates.from < addDays(today, -90))
      throw invalid("clickViewError", "DATE_TOO_OLD", "Clicks are kept for 90 days.");
    await sendBatches(
      exchange,
      batches(query, customerId, today, { requestId, indented: isIndented(exchange) }),
      {
        requestId,
        plain: account?.bulk === true,
      },
    );
  };

  const answerApi = async (exchange: Exchange, requestId: string): Promise<void> => {
    const [, version, rest = ""] = /^\/(v\d+)\/(.+)$/.exec(exchange.path) ?? [];
    if (version === undefined)
      return exchange.text(404, "<html>Not Found</html>", { "content-type": "text/html" });
    if (version !== "v24")
      throw invalid("requestError", "UNSUPPORTED_VERSION", `Version ${version} is deprecated.`);
    const reached = checkBearer(exchange) ? [] : direct;
    if (exchange.method === "GET" && rest === "customers:listAccessibleCustomers") {
      state.operations += 1;
      return answerJson(exchange, 200, { resourceNames: reached.map((id) => `customers/${id}`) }, requestId);
    }
    const customerId = /^customers\/([^/]+)\/googleAds:searchStream$/.exec(rest)?.[1];
    if (exchange.method === "POST" && customerId !== undefined)
      return answerQuery(exchange, customerId, requestId);
    exchange.text(404, "<html>Not Found</html>", { "content-type": "text/html" });
  };

  return {
    platform: "google",
    accounts: world,
    truth: createTruth(world, figures, todayOf),
    clicks(accountId, day) {
      const account = world.find(({ id }) => id === accountId);
      return account ? clicksOf(account, day, figures(account, day, todayOf(account))) : [];
    },
    get operations() {
      return state.operations;
    },
    consent,
    get testing() {
      return state.testing;
    },
    set testing(value) {
      state.testing = value;
    },
    expireTokens: () => tokens.clear(),
    async answer(exchange) {
      if (exchange.method === "POST" && exchange.path === "/token") return answerToken(exchange);
      if (exchange.method === "GET" && exchange.path === "/o/oauth2/v2/auth") return consent.answer(exchange);
      state.requests += 1;
      const requestId = `sandbox-${String(state.requests)}`;
      try {
        await answerApi(exchange, requestId);
      } catch (error) {
        if (!(error instanceof SandboxError)) throw error;
        const element = errorElement(error, requestId);
        // searchStream wraps its error in the array that its answer would have been.
        const body = exchange.path.endsWith("searchStream") ? [element] : element;
        answerJson(exchange, error.http, body, requestId);
      }
    },
  };
};
