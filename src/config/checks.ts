import { accountIdProblem, bareAccountId } from "../connectors/account-ids.ts";
import type { PlatformProfile, PlatformSettings } from "../connectors/platform.ts";
import { type ConnectorSettings, platforms, profiles } from "../connectors/registry.ts";
import { sourceProblems } from "../sources/registry.ts";
import type { Platform } from "../domain/platform.ts";
import { type Problem, pathText } from "./problems.ts";

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

// These look at the tree before it is known to fit the schema, so that every problem is told in one go.
type Section = Readonly<Record<string, unknown>>;

const sectionOf = (tree: unknown, key: string): Section => {
  const section = (tree as Section | undefined)?.[key];
  return typeof section === "object" && section !== null ? (section as Section) : {};
};

/** What is wrong with the ids of one platform's accounts. */
const accountProblems = (platform: Platform, written: unknown): Problem[] => {
  if (!Array.isArray(written)) return [];
  const seen = new Map<string, number>();
  return written.flatMap((text: unknown, index): Problem[] => {
    if (text === undefined || typeof text === "object") return [];
    const path = pathText(["connectors", platform, "accounts", index]);
    const wrong = accountIdProblem(platform, String(text));
    if (wrong !== undefined) return [{ path, message: wrong }];
    const id = bareAccountId(platform, String(text));
    const before = seen.get(id);
    if (before !== undefined)
      return [{ path, message: `names the account of accounts[${String(before)}] again; remove one` }];
    seen.set(id, index);
    return [];
  });
};

/** What is wrong with one platform's section beyond its schema. */
const sectionProblems = (
  profile: PlatformProfile,
  connectors: Section,
  unset: ReadonlySet<string>,
): readonly Problem[] => {
  const { name } = profile;
  if (connectors[name] === undefined) return [];
  const values = sectionOf(connectors, name);
  const isWritten = (key: string) =>
    values[key] !== undefined || unset.has(pathText(["connectors", name, key]));
  const ids = (profile.accountIdSettings ?? []).flatMap((key) => {
    const value = values[key];
    const message =
      value === undefined || typeof value === "object" ? undefined : accountIdProblem(name, String(value));
    return message === undefined ? [] : [{ key, message }];
  });
  return [...ids, ...(profile.problems?.({ values, isWritten }) ?? [])].map(({ key, message }) => ({
    path: `connectors.${name}.${key}`,
    message,
  }));
};

/** What is wrong with who may open the dashboard. Never tells a token. */
const webProblems = (web: Section, unset: ReadonlySet<string>): readonly Problem[] => {
  const { host = "127.0.0.1", token, tokens } = web;
  const operator = token !== undefined || unset.has("web.token");
  const entries = Array.isArray(tokens) ? tokens : [];
  const further = entries.map((entry: unknown): Section => (entry ?? {}) as Section);
  const problems: Problem[] = [];
  const opened = operator || further.some(({ role }) => role !== "feed");
  if (!loopback.test(String(host)) && !opened)
    problems.push({
      path: "web.host",
      message: "reaches beyond this machine without a token: set web.token, or use 127.0.0.1",
    });
  else if (further.length > 0 && !opened)
    problems.push({
      path: "web.tokens",
      message:
        "has tokens of the role feed alone, so that nobody could open the page: set web.token, or add a reader",
    });
  for (const key of ["name", "token"] as const) {
    const seen = new Map<unknown, string>(
      key === "token" && token !== undefined ? [[token, "web.token"]] : [],
    );
    for (const [index, entry] of further.entries()) {
      const before = seen.get(entry[key]);
      if (entry[key] === undefined) continue;
      if (before !== undefined)
        problems.push({
          path: pathText(["web", "tokens", index, key]),
          message: `is that of ${before} again; each has its own`,
        });
      else seen.set(entry[key], pathText(["web", "tokens", index]));
    }
  }
  return problems;
};

/** What keys say together that cannot be. `unset` are the paths whose variable is not set: they count as written. */
export const combinationProblems = (tree: unknown, unset: ReadonlySet<string>): Problem[] => {
  if (typeof tree !== "object" || Array.isArray(tree)) return [];
  const connectors = sectionOf(tree, "connectors");
  const problems = platforms.flatMap((platform) =>
    accountProblems(platform, sectionOf(connectors, platform)["accounts"]),
  );
  const sources = sectionOf(tree, "sources");
  if (!platforms.some((platform) => connectors[platform] !== undefined) && Object.keys(sources).length === 0)
    problems.push({
      path: "connectors",
      message: `names no platform: add at least one of ${platforms.join(", ")}`,
    });
  problems.push(...sourceProblems(sources));

  problems.push(...profiles().flatMap((profile) => sectionProblems(profile, connectors, unset)));

  problems.push(...webProblems(sectionOf(tree, "web"), unset));
  return problems;
};

/** A section with account ids in the bare form that the warehouse keeps. */
const withBareIdsOf = (profile: PlatformProfile, settings: PlatformSettings): PlatformSettings => {
  const bare = (id: string) => bareAccountId(profile.name, id);
  const further = (profile.accountIdSettings ?? []).flatMap((key): [string, string][] => {
    const id: unknown = settings[key as keyof PlatformSettings];
    return typeof id === "string" ? [[key, bare(id)]] : [];
  });
  return {
    ...settings,
    ...(settings.accounts && { accounts: settings.accounts.map(bare) }),
    ...Object.fromEntries(further),
  };
};

/** The sections of the platforms that are configured, with bare account ids. */
export const withBareIds = (connectors: ConnectorSettings): ConnectorSettings =>
  Object.fromEntries(
    profiles().flatMap((profile): [Platform, PlatformSettings][] => {
      const settings = connectors[profile.name];
      return settings === undefined ? [] : [[profile.name, withBareIdsOf(profile, settings)]];
    }),
  );

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
