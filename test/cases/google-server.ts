import { onTestFinished } from "vitest";
import { listen } from "../../sandbox/server.ts";
import type { Answers } from "./platforms.ts";

const segmentNames: Readonly<Record<string, string>> = {
  "segments.date": "date",
  "segments.ad_network_type": "network",
  "segments.conversion_action": "conversion_action",
};

const camel = (field: string): string =>
  field.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** `campaign by date, network`: the resource after FROM and what the query is segmented by. */
const keyOf = (gaql: string): string => {
  const resource = /FROM (\w+)/.exec(gaql)?.[1] ?? "";
  const by = Object.keys(segmentNames).filter((field) => new RegExp(`${field}\\b(?!_)`).test(gaql));
  return by.length === 0 ? resource : `${resource} by ${by.map((field) => segmentNames[field]).join(", ")}`;
};

export interface GoogleAnswers {
  readonly answers: Answers;
  /** Metrics that the answers' field masks leave out; absent: the masks name what was asked for. */
  readonly unanswered?: readonly string[];
}

/** The Google Ads API over recorded rows, one batch an answer. */
export const serveGoogle = async ({ answers, unanswered = [] }: GoogleAnswers): Promise<string> => {
  const server = await listen({
    platform: "google",
    answer: (exchange) => {
      if (exchange.path === "/token")
        return exchange.json(200, { access_token: "ya29.case", expires_in: 3599 });
      if (exchange.path.endsWith(":listAccessibleCustomers"))
        return exchange.json(200, {
          resourceNames: (answers["customer_client"] ?? []).map(
            ({ customerClient }) => (customerClient as { clientCustomer: string }).clientCustomer,
          ),
        });
      const { query } = JSON.parse(exchange.body) as { query: string };
      const [, from = "", to = "9999"] = /BETWEEN '([\d-]+)' AND '([\d-]+)'/.exec(query) ?? [];
      const fields = /SELECT (.*?) FROM/.exec(query)?.[1]?.split(", ") ?? [];
      return exchange.json(200, [
        {
          results: (answers[keyOf(query)] ?? []).filter(({ segments }) => {
            const { date = from } = (segments ?? {}) as { readonly date?: string };
            return date >= from && date <= to;
          }),
          fieldMask: fields
            .map((field) => field.split(".").map(camel).join("."))
            .filter((field) => !unanswered.includes(field))
            .join(","),
          requestId: "case",
        },
      ]);
    },
  });
  onTestFinished(() => server.close());
  return server.url;
};

export const googleSettings = (url: string) => ({
  clientId: "id",
  clientSecret: "secret",
  refreshToken: "1//case",
  endpoints: { api: url, oauth: url },
});
