import type { SourceLists } from "./lists.ts";

export interface SourceMedium {
  readonly source: string;
  readonly medium: string;
}

const topLevel = "(com|[a-z]{2}|com?\\.[a-z]{2})";

// Subdomains are not walked up: mail.google.com is a referral, not a search.
const searchHosts: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`^google\\.${topLevel}$`), "google"],
  [/^com\.google\.android\.googlequicksearchbox$/, "google"],
  [/^(?!edgeservices\.bing\.com$)(.+\.)?bing\.com$/, "bing"],
  [/^(yahoo\.com|yahoo\.co\.jp|search\.yahoo\.co\.jp|(.+\.)?search\.yahoo\.com)$/, "yahoo"],
  [/^(.+\.)?duckduckgo\.com$/, "duckduckgo"],
  [/^(m\.)?baidu\.com$/, "baidu"],
  [new RegExp(`^yandex\\.${topLevel}$`), "yandex"],
];

/** What an untagged link says by the (normalised) host it stood on. */
export const sourceOfReferrer = (host: string, lists: SourceLists): SourceMedium => {
  if (lists.isAssistant(host)) return { source: host, medium: "ai-assistant" };
  const engine = searchHosts.find(([pattern]) => pattern.test(host))?.[1];
  if (engine !== undefined) return { source: engine, medium: "organic" };
  return { source: host, medium: lists.category(host) === "search" ? "organic" : "referral" };
};
