import { createConsentPages } from "../consent.ts";
import type { Exchange, SandboxPlatform } from "../server.ts";

/** A session row of the sandbox: dimensions by GA4's names, metrics as numbers. */
export interface Ga4SandboxRow {
  readonly date: string;
  readonly channel: string;
  readonly source: string;
  readonly medium: string;
  readonly campaign?: string;
  readonly campaignId?: string;
  readonly sessions: number;
  readonly engagedSessions?: number;
  /** Key events by name. */
  readonly keyEvents?: Readonly<Record<string, number>>;
  readonly revenue?: number;
}

export interface Ga4SandboxProperty {
  readonly rows: readonly Ga4SandboxRow[];
  readonly currency?: string;
  readonly timeZone?: string;
  /** Merged into every answer's metadata. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** With this many dimensions or more, rows are folded into (other). */
  readonly lossyFrom?: number;
  /** Largest page, whatever the request's limit. */
  readonly pageRows?: number;
}

const dimensionOf: Readonly<Record<string, (row: Ga4SandboxRow) => string>> = {
  date: (row) => row.date.replaceAll("-", ""),
  sessionDefaultChannelGroup: (row) => row.channel,
  sessionSource: (row) => row.source,
  sessionMedium: (row) => row.medium,
  sessionCampaignName: (row) => row.campaign ?? "(not set)",
  sessionCampaignId: (row) => row.campaignId ?? "(not set)",
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const metricOf = (name: string, row: Ga4SandboxRow): number => {
  const [metric, event] = name.split(":");
  if (metric === "keyEvents")
    return event === undefined ? sum(Object.values(row.keyEvents ?? {})) : (row.keyEvents?.[event] ?? 0);
  if (metric === "sessions") return row.sessions;
  if (metric === "engagedSessions") return row.engagedSessions ?? 0;
  return row.revenue ?? 0;
};

interface ReportRequest {
  readonly dateRanges: readonly { readonly startDate: string; readonly endDate: string }[];
  readonly dimensions: readonly { readonly name: string }[];
  readonly metrics: readonly { readonly name: string }[];
  readonly limit?: string;
  readonly offset?: string;
}

const refuse = (exchange: Exchange, code: number, status: string, message: string): void =>
  exchange.json(code, { error: { code, status, message } });

const report = (exchange: Exchange, property: Ga4SandboxProperty): void => {
  const request = JSON.parse(exchange.body) as ReportRequest;
  const unknown = request.dimensions.find(({ name }) => dimensionOf[name] === undefined);
  if (unknown !== undefined)
    return refuse(exchange, 400, "INVALID_ARGUMENT", `Field ${unknown.name} is not a valid dimension.`);
  if (request.metrics.length > 10)
    return refuse(exchange, 400, "INVALID_ARGUMENT", "Requests are limited to 10 metrics.");
  const [range] = request.dateRanges;
  const groups = new Map<string, { dimensions: string[]; metrics: number[] }>();
  const isLossy = request.dimensions.length >= (property.lossyFrom ?? Infinity);
  for (const row of property.rows) {
    if (range === undefined || row.date < range.startDate || row.date > range.endDate) continue;
    const dimensions = request.dimensions.map(({ name }) =>
      isLossy && name !== "date" ? "(other)" : (dimensionOf[name]?.(row) ?? ""),
    );
    const key = dimensions.join("\n");
    const group = groups.get(key) ?? { dimensions, metrics: request.metrics.map(() => 0) };
    groups.set(key, {
      dimensions,
      metrics: group.metrics.map((total, index) => total + metricOf(request.metrics[index]?.name ?? "", row)),
    });
  }
  const rows = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  const offset = Number(request.offset ?? 0);
  const page = rows.slice(
    offset,
    offset + Math.min(Number(request.limit ?? 10_000), property.pageRows ?? 250_000),
  );
  exchange.json(200, {
    dimensionHeaders: request.dimensions,
    metricHeaders: request.metrics.map(({ name }) => ({ name, type: "TYPE_FLOAT" })),
    // As protobuf's JSON has it: what is empty or 0 is left out.
    ...(page.length > 0
      ? {
          rows: page.map(({ dimensions, metrics }) => ({
            dimensionValues: dimensions.map((value) => ({ value })),
            metricValues: metrics.map((value) => ({ value: String(value) })),
          })),
          rowCount: rows.length,
        }
      : {}),
    metadata: {
      currencyCode: property.currency ?? "EUR",
      timeZone: property.timeZone ?? "Europe/Copenhagen",
      ...(isLossy ? { dataLossFromOtherRow: true } : {}),
      ...property.metadata,
    },
    propertyQuota: { tokensPerDay: { consumed: 3, remaining: 199_997 } },
    kind: "analyticsData#runReport",
  });
};

export const ga4SandboxCredentials = {
  clientId: "sandbox-client.apps.googleusercontent.com",
  clientSecret: "sandbox-google-secret",
} as const;

const accountSummaries = (properties: readonly string[]) => ({
  accountSummaries: [
    {
      name: "accountSummaries/1",
      displayName: "Sandbox",
      propertySummaries: properties.map((id) => ({
        property: `properties/${id}`,
        displayName: `Property ${id}`,
      })),
    },
  ],
});

/** GA4's Data API with the given properties; every other property refuses access. */
export const createGa4Sandbox = (
  properties: Readonly<Record<string, Ga4SandboxProperty>>,
  options: { readonly refreshToken?: string } = {},
): SandboxPlatform<"ga4"> => {
  const consent = createConsentPages({
    label: "Google",
    clientId: ga4SandboxCredentials.clientId,
    scopes: ["https://www.googleapis.com/auth/analytics.readonly"],
    refusal: { error: "access_denied" },
    pkce: true,
  });
  return {
    platform: "ga4",
    answer: (exchange) => {
      if (exchange.method === "GET" && exchange.path === "/o/oauth2/v2/auth") return consent.answer(exchange);
      if (exchange.path === "/token") {
        const form = new URLSearchParams(exchange.body);
        if (form.get("grant_type") === "authorization_code") {
          const grant =
            form.get("client_secret") === ga4SandboxCredentials.clientSecret
              ? consent.redeem(form)
              : "invalid_client";
          return typeof grant === "string"
            ? exchange.json(400, { error: grant, error_description: "Bad Request" })
            : exchange.json(200, {
                access_token: "sandbox-access-token",
                expires_in: 3599,
                scope: grant.scope.join(" "),
                token_type: "Bearer",
                refresh_token: options.refreshToken ?? "sandbox-refresh-token",
              });
        }
        const isKnown =
          form.get("grant_type") === "refresh_token"
            ? form.get("refresh_token") === (options.refreshToken ?? "sandbox-refresh-token")
            : form.get("assertion")?.split(".").length === 3;
        return isKnown
          ? exchange.json(200, {
              access_token: "sandbox-access-token",
              expires_in: 3599,
              token_type: "Bearer",
            })
          : exchange.json(400, {
              error: "invalid_grant",
              error_description: "Token has been expired or revoked.",
            });
      }
      if (exchange.headers.authorization !== "Bearer sandbox-access-token")
        return refuse(exchange, 401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
      if (exchange.path === "/v1beta/accountSummaries")
        return exchange.json(200, accountSummaries(Object.keys(properties)));
      const id = /^\/v1beta\/properties\/(\d+):runReport$/.exec(exchange.path)?.[1];
      const property = id === undefined ? undefined : properties[id];
      if (property === undefined)
        return refuse(
          exchange,
          403,
          "PERMISSION_DENIED",
          "User does not have sufficient permissions for this property.",
        );
      return report(exchange, property);
    },
  };
};
