import { attributionProblems, goalProblems } from "../connectors/meta/goals.ts";
import type { ConnectorSettings } from "../connectors/registry.ts";
import { bareAccountId, type Platform, platforms } from "../domain/platform.ts";
import { type Problem, pathText } from "./problems.ts";

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

const bareForm: Readonly<Record<Platform, { pattern: RegExp; words: string }>> = {
  google: { pattern: /^\d{10}$/, words: "ten digits, with or without dashes (111-222-3333)" },
  meta: { pattern: /^\d+$/, words: "digits, with or without act_" },
  linkedin: { pattern: /^\d+$/, words: "digits, or urn:li:sponsoredAccount: and digits" },
};

// These look at the tree before it is known to fit the schema, so that every problem is told in one go.
type Section = Readonly<Record<string, unknown>>;

const sectionOf = (tree: unknown, key: string): Section => {
  const section = (tree as Section | undefined)?.[key];
  return typeof section === "object" && section !== null ? (section as Section) : {};
};

const idProblem = (platform: Platform, written: unknown): string | undefined =>
  bareForm[platform].pattern.test(bareAccountId(platform, String(written)))
    ? undefined
    : `is no ${platform} account id: must be ${bareForm[platform].words}`;

/** What is wrong with the ids of one platform's accounts. */
const accountProblems = (platform: Platform, written: unknown): Problem[] => {
  if (!Array.isArray(written)) return [];
  const seen = new Map<string, number>();
  return written.flatMap((text: unknown, index): Problem[] => {
    if (text === undefined || typeof text === "object") return [];
    const path = pathText(["connectors", platform, "accounts", index]);
    const wrong = idProblem(platform, text);
    if (wrong !== undefined) return [{ path, message: wrong }];
    const id = bareAccountId(platform, String(text));
    const before = seen.get(id);
    if (before !== undefined)
      return [{ path, message: `names the account of accounts[${String(before)}] again; remove one` }];
    seen.set(id, index);
    return [];
  });
};

/** LinkedIn takes an access token, or what is needed to get one. */
const linkedinProblems = (isWritten: (key: string) => boolean): Problem[] => {
  const needed = ["clientId", "clientSecret", "refreshToken"];
  const missing = needed.filter((key) => !isWritten(key));
  if (isWritten("accessToken") || missing.length === 0) return [];
  if (missing.length === needed.length)
    return [
      {
        path: "connectors.linkedin.accessToken",
        message: "is missing: give accessToken, or all of clientId, clientSecret and refreshToken",
      },
    ];
  return missing.map((key) => ({
    path: `connectors.linkedin.${key}`,
    message: "is missing: without accessToken it takes clientId, clientSecret and refreshToken",
  }));
};

/** Sets of conversions or attribution windows that would count something twice. */
const metaProblems = ({ conversions, attribution }: Readonly<Record<string, unknown>>): Problem[] => [
  ...(Array.isArray(conversions) ? goalProblems(conversions.map(String)) : []).map((message) => ({
    path: "connectors.meta.conversions",
    message,
  })),
  ...(Array.isArray(attribution) ? attributionProblems(attribution.map(String)) : []).map((message) => ({
    path: "connectors.meta.attribution",
    message,
  })),
];

/** What keys say together that cannot be. `unset` are the paths whose variable is not set: they count as written. */
export const combinationProblems = (tree: unknown, unset: ReadonlySet<string>): Problem[] => {
  if (typeof tree !== "object" || Array.isArray(tree)) return [];
  const connectors = sectionOf(tree, "connectors");
  const problems = platforms.flatMap((platform) =>
    accountProblems(platform, sectionOf(connectors, platform)["accounts"]),
  );
  if (!platforms.some((platform) => connectors[platform] !== undefined))
    problems.push({
      path: "connectors",
      message: `names no platform: add at least one of ${platforms.join(", ")}`,
    });

  const manager = sectionOf(connectors, "google")["loginCustomerId"];
  const wrongManager = manager === undefined ? undefined : idProblem("google", manager);
  if (wrongManager !== undefined)
    problems.push({ path: "connectors.google.loginCustomerId", message: wrongManager });

  if (connectors["linkedin"] !== undefined) {
    const section = sectionOf(connectors, "linkedin");
    const isWritten = (key: string) =>
      section[key] !== undefined || unset.has(pathText(["connectors", "linkedin", key]));
    problems.push(...linkedinProblems(isWritten));
  }

  problems.push(...metaProblems(sectionOf(connectors, "meta")));

  const { host = "127.0.0.1", token } = sectionOf(tree, "web");
  if (!loopback.test(String(host)) && token === undefined && !unset.has("web.token"))
    problems.push({
      path: "web.host",
      message: "reaches beyond this machine without a token: set web.token, or use 127.0.0.1",
    });
  return problems;
};

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
