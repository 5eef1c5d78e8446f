import { addDays, addMonths, dayAt, eachDay, isDay, type Day } from "../../src/domain/day.ts";
import { statusesOf } from "./statuses.ts";
import { actionFields, amount } from "./actions.ts";
import type { AdFacts, Event, FactsOf } from "./facts.ts";
import { GraphFault, jsonParam, listParam, type Params } from "./wire.ts";
import type { SandboxAccount, SandboxAd, SandboxAdSet, SandboxCampaign } from "./world.ts";

const levels = ["account", "campaign", "adset", "ad"] as const;
type Level = (typeof levels)[number];

const knownFields = new Set(
  (
    "account_id account_currency account_name campaign_id campaign_name adset_id adset_name ad_id ad_name " +
    "date_start date_stop spend impressions clicks inline_link_clicks actions action_values conversions " +
    "conversion_values attribution_setting objective optimization_goal reach frequency ctr cpm"
  ).split(" "),
);
const liveWindows = new Set(["1d_click", "7d_click", "28d_click", "1d_view", "1d_ev"]);
const knownWindows = new Set([...liveWindows, "7d_view", "28d_view", "default", "dda"]);

type Labels = Readonly<Record<string, string | undefined>>;
type Shares = readonly (readonly [labels: Labels, share: number])[];

const sharesOf = (name: string, shares: readonly (readonly [string | undefined, number])[]): Shares =>
  shares.map(([value, share]) => [{ [name]: value }, share]);

/** Shares of the publisher platforms; the last one's rows lack their key, as some of Meta's do. */
const networks = sharesOf("publisher_platform", [
  ["facebook", 0.55],
  ["instagram", 0.34],
  ["audience_network", 0.09],
  [undefined, 0.02],
]);

const devices = sharesOf("impression_device", [
  ["iphone", 0.4],
  ["android_smartphone", 0.3],
  ["desktop", 0.15],
  ["ipad", 0.08],
  ["android_tablet", 0.05],
  ["other", 0.02],
]);

const countries = sharesOf("country", [
  ["DK", 0.6],
  ["DE", 0.35],
  ["unknown", 0.05],
]);

/** The breakdowns that may be asked for together, with the shares of their rows. */
const allowed: Readonly<Record<string, Shares>> = {
  "": [],
  publisher_platform: networks,
  "publisher_platform,impression_device": networks.flatMap(([network, share]) =>
    devices.map(([device, part]): Shares[number] => [{ ...network, ...device }, share * part]),
  ),
  country: countries,
};

interface Line {
  readonly campaign: SandboxCampaign;
  readonly adSet: SandboxAdSet;
  readonly ad: SandboxAd;
}

interface Query {
  readonly level: Level;
  readonly days: readonly Day[];
  readonly daily: boolean;
  readonly fields: ReadonlySet<string>;
  readonly windows: readonly string[];
  /** Empty: figures are not broken down. */
  readonly shares: Shares;
  readonly keeps: (line: Line) => boolean;
}

const invalid = (what: string): GraphFault => new GraphFault(`(#100) ${what}`, 100);

const filterOf = (params: Params, level: Level): ((line: Line) => boolean) => {
  const filters = jsonParam(params, "filtering") ?? [];
  if (!Array.isArray(filters)) throw invalid("filtering must be a list");
  let statusFiltered = false;
  const tests = filters.map((filter: { field?: string; operator?: string; value?: unknown }) => {
    const [target, what] = filter.field?.split(".") ?? [];
    const values = Array.isArray(filter.value) ? filter.value.map(String) : [];
    if ((target !== "campaign" && target !== "adset" && target !== "ad") || filter.operator !== "IN")
      throw invalid(
        `Filtering field ${filter.field ?? ""} with operation ${filter.operator ?? ""} is not supported`,
      );
    if (what === "effective_status") {
      const unknown = values.find((value) => !statusesOf[target].includes(value));
      if (unknown !== undefined) throw invalid(`${unknown} is not a status of a ${target}`);
      statusFiltered ||= target === level;
    } else if (what !== "id") throw invalid(`Filtering field ${filter.field ?? ""} is not supported`);
    const nodeOf = (line: Line) =>
      target === "campaign" ? line.campaign : target === "adset" ? line.adSet : line.ad;
    return (line: Line) => values.includes(what === "id" ? nodeOf(line).id : nodeOf(line).status);
  });
  if (level !== "account" && !statusFiltered)
    tests.push((line) => {
      const node = level === "campaign" ? line.campaign : level === "adset" ? line.adSet : line.ad;
      return node.status !== "ARCHIVED" && node.status !== "DELETED";
    });
  return (line) => tests.every((test) => test(line)) && !(level === "ad" && line.ad.vanished);
};

const readQuery = (params: Params, account: SandboxAccount, now: Date): Query => {
  const level = levels.find((level) => level === (params.get("level") ?? "account"));
  if (!level) throw invalid("level must be one of ad, adset, campaign, account");
  const range = jsonParam(params, "time_range") as { since?: unknown; until?: unknown } | undefined;
  const today = dayAt(now, account.timeZone);
  const since = String(range?.since ?? addDays(today, -30));
  const until = String(range?.until ?? addDays(today, -1));
  if (!isDay(since) || !isDay(until) || since > until) throw invalid("time_range is not a range of days");
  if (since < addMonths(today, -37))
    throw new GraphFault("(#3018) The start date of the time range cannot be beyond 37 months", 3018);
  const fields = listParam(params, "fields") ?? ["account_id", "spend", "impressions"];
  const unknown = fields.find((field) => !knownFields.has(field));
  if (unknown !== undefined)
    throw invalid(`${unknown} is not valid for fields param. please check documentation`);
  const windows = listParam(params, "action_attribution_windows") ?? [];
  const wrong = windows.find((window) => !knownWindows.has(window));
  if (wrong !== undefined) throw invalid(`${wrong} is not an attribution window`);
  const shares = allowed[(listParam(params, "breakdowns") ?? []).join()];
  if (!shares) throw new GraphFault("Invalid breakdowns", 2, 1504041);
  return {
    level,
    days: eachDay({ from: since, to: until < today ? until : today }),
    daily: params.get("time_increment") === "1",
    fields: new Set([...fields, "date_start", "date_stop"]),
    windows: windows.filter((window) => liveWindows.has(window)),
    shares,
    keeps: filterOf(params, level),
  };
};

interface Group {
  readonly line: Line;
  readonly day: Day;
  readonly labels: Labels;
  impressions: number;
  clicks: number;
  spendMinor: number;
  readonly events: Event[];
}

/** A part of an ad's day. An estimate: rounded down, the parts do not add up to the whole. */
const parts = (facts: AdFacts, shares: Shares): readonly (AdFacts & { readonly labels: Labels })[] => {
  if (shares.length === 0) return [{ ...facts, labels: {} }];
  let below = 0;
  return shares.map(([labels, share]) => {
    const from = below;
    below += share;
    const to = below;
    return {
      labels,
      impressions: Math.floor(facts.impressions * share),
      clicks: Math.floor(facts.clicks * share),
      spendMinor: Math.floor(facts.spendMinor * share),
      events: facts.events.filter(({ place }) => place >= from && place < to),
    };
  });
};

const groupsOf = (account: SandboxAccount, query: Query, factsOf: FactsOf): Iterable<Group> => {
  const groups = new Map<string, Group>();
  const { level } = query;
  for (const campaign of account.campaigns)
    for (const adSet of campaign.adSets)
      for (const ad of adSet.ads) {
        const line = { campaign, adSet, ad };
        if (!query.keeps(line)) continue;
        const node = { account: account.id, campaign: campaign.id, adset: adSet.id, ad: ad.id }[level];
        for (const day of query.days) {
          const facts = factsOf(account, campaign, ad, day);
          if (!facts) continue;
          for (const part of parts(facts, query.shares)) {
            if (part.impressions === 0 && part.spendMinor === 0 && part.events.length === 0) continue;
            const key = `${query.daily ? day : ""} ${node} ${JSON.stringify(part.labels)}`;
            const group: Group = groups.get(key) ?? {
              line,
              day,
              labels: part.labels,
              impressions: 0,
              clicks: 0,
              spendMinor: 0,
              events: [],
            };
            groups.set(key, group);
            group.impressions += part.impressions;
            group.clicks += part.clicks;
            group.spendMinor += part.spendMinor;
            group.events.push(...part.events);
          }
        }
      }
  return groups.values();
};

/** The rows of an insights request, in no order that a client may rely on. */
export const insightsRows = (
  params: Params,
  account: SandboxAccount,
  now: Date,
  factsOf: FactsOf,
): readonly Readonly<Record<string, unknown>>[] => {
  const query = readQuery(params, account, now);
  const { level, days, windows } = query;
  return [...groupsOf(account, query, factsOf)].map(({ line, day, labels, events, ...sums }) => {
    const { campaign, adSet, ad } = line;
    const all: Readonly<Record<string, unknown>> = {
      account_id: account.id,
      account_currency: account.currency,
      account_name: account.name,
      ...(level === "account" ? {} : { campaign_id: campaign.id, campaign_name: campaign.name }),
      ...(level === "ad" || level === "adset" ? { adset_id: adSet.id, adset_name: adSet.name } : {}),
      ...(level === "ad" ? { ad_id: ad.id, ad_name: ad.name, attribution_setting: "7d_click_1d_view" } : {}),
      date_start: query.daily ? day : days[0],
      date_stop: query.daily ? day : days.at(-1),
      spend: amount(sums.spendMinor, account.places),
      impressions: String(sums.impressions),
      ...(sums.clicks > 0 ? { clicks: String(sums.clicks) } : {}),
      ...actionFields({ events, clicks: sums.clicks, windows, places: account.places }),
    };
    return {
      ...Object.fromEntries(Object.entries(all).filter(([field]) => query.fields.has(field))),
      ...Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== undefined)),
    };
  });
};
