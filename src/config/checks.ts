import type { ConnectorSettings } from "../connectors/registry.ts";
import { bareAccountId, type Platform, platforms } from "../domain/platform.ts";
import { type Problem, pathText } from "./problems.ts";

const bareForm: Readonly<Record<Platform, { pattern: RegExp; words: string }>> = {
  google: { pattern: /^\d{10}$/, words: "ten digits, with or without dashes (111-222-3333)" },
  meta: { pattern: /^\d+$/, words: "digits, with or without act_" },
  linkedin: { pattern: /^\d+$/, words: "digits, or urn:li:sponsoredAccount: and digits" },
};

/** What is wrong with the ids of one platform's accounts, as they were written. */
const accountProblems = (platform: Platform, written: readonly string[], key: string): Problem[] => {
  const seen = new Map<string, number>();
  return written.flatMap((text, index): Problem[] => {
    const path =
      key === "accounts"
        ? pathText(["connectors", platform, key, index])
        : pathText(["connectors", platform, key]);
    const id = bareAccountId(platform, text);
    if (!bareForm[platform].pattern.test(id))
      return [{ path, message: `is no ${platform} account id: must be ${bareForm[platform].words}` }];
    const before = seen.get(id);
    if (before !== undefined)
      return [{ path, message: `names the account of accounts[${String(before)}] again; remove one` }];
    seen.set(id, index);
    return [];
  });
};

/** What the sections say that cannot be, beyond their form. */
export const connectorProblems = (connectors: ConnectorSettings): Problem[] => [
  ...platforms.flatMap((platform) =>
    accountProblems(platform, connectors[platform]?.accounts ?? [], "accounts"),
  ),
  ...(connectors.google?.loginCustomerId === undefined
    ? []
    : accountProblems("google", [connectors.google.loginCustomerId], "loginCustomerId")),
];

/** The sections with account ids in the bare form that the warehouse keeps. */
export const withBareIds = (connectors: ConnectorSettings): ConnectorSettings => {
  const bare = (platform: Platform, ids: readonly string[]) => ids.map((id) => bareAccountId(platform, id));
  const { google, meta, linkedin } = connectors;
  return {
    ...(google && {
      google: {
        ...google,
        ...(google.accounts && { accounts: bare("google", google.accounts) }),
        ...(google.loginCustomerId && { loginCustomerId: bareAccountId("google", google.loginCustomerId) }),
      },
    }),
    ...(meta && { meta: { ...meta, ...(meta.accounts && { accounts: bare("meta", meta.accounts) }) } }),
    ...(linkedin && {
      linkedin: { ...linkedin, ...(linkedin.accounts && { accounts: bare("linkedin", linkedin.accounts) }) },
    }),
  };
};

const cpcRefused =
  'is refused: "cpc" means two things; write cost_per_conversion (spend / conversions) or cost_per_click (spend / clicks)';

/** Every place that says `cpc`, as a key or as a metric: half of the trade reads it as the other figure. */
export const cpcProblems = (tree: unknown, path: readonly PropertyKey[] = []): Problem[] => {
  if (Array.isArray(tree)) return tree.flatMap((item, index) => cpcProblems(item, [...path, index]));
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) => {
    const here = [...path, key];
    const asMetric =
      /^metrics?$/i.test(key) && typeof value === "string" && /^(projected_)?cpc$/i.test(value.trim());
    return /^cpc$/i.test(key) || asMetric
      ? [{ path: pathText(here), message: cpcRefused }]
      : cpcProblems(value, here);
  });
};
