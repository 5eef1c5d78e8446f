import { type Channel, type ChannelTraffic, channelNamed, trafficOf } from "../../domain/channel.ts";
import type { Platform } from "../../domain/platform.ts";
import {
  type ClickIdName,
  isInFamily,
  paidClickIds,
  platformOfReferrer,
  platformOfSource,
} from "./click-ids.ts";
import type { SourceLists } from "./lists.ts";
import { channelOfNetwork, type ClickJoin } from "./networks.ts";
import { isPresent, normalize, normalizeHost } from "./normalize.ts";
import { sourceOfReferrer } from "./referrer.ts";
import { channelOfTags, hasDisplayMedium, hasPaidMedium, isCrossNetwork, type Tags } from "./rules.ts";

/** What is known about a visit. Click ids are those of its own landing URL. Numbers are read as text. */
export interface VisitInput extends Readonly<Partial<Record<ClickIdName, unknown>>> {
  readonly source?: unknown;
  readonly medium?: unknown;
  readonly campaign?: unknown;
  /** utm_id */
  readonly campaignId?: unknown;
  readonly term?: unknown;
  readonly content?: unknown;
  readonly referrerHost?: unknown;
  /** What the ad platform's click report says about the click id. */
  readonly clickJoin?: ClickJoin | undefined;
  /** GA4's own channel, which knows more than the tags. */
  readonly reportedChannel?: unknown;
}

export interface ClassifyOptions {
  readonly ownHosts?: ReadonlySet<string>;
  /** Hosts that only send buyers back, such as a payment page. */
  readonly unwantedReferrers?: ReadonlySet<string>;
  readonly affiliatesArePaid?: boolean;
}

/** Which step decided. `campaign_id` is given later, by the warehouse; see `metrics/first-party`. */
export type ChannelEvidence =
  | "click_join"
  | "click_id"
  | "utm"
  | "fbclid"
  | "referrer"
  | "none"
  | "reported"
  | "campaign_id";

export interface Classification {
  readonly channel: Channel;
  readonly traffic: ChannelTraffic;
  /** The ad platform that was paid; null for unpaid traffic and where the source names none that is known. */
  readonly platform: Platform | null;
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  /** A click id overruled the tags. */
  readonly conflict: boolean;
  /** A Google or Microsoft id together with fbclid: perhaps an ad's link that somebody shared. */
  readonly staleSuspected: boolean;
  readonly evidence: ChannelEvidence;
  /** For a reported channel: whether the tags say another one; null where nothing was reported. */
  readonly disagrees: boolean | null;
}

const notSet = "(not set)";

interface Effective extends Tags {
  readonly evidence: ChannelEvidence;
  readonly platform?: Platform;
  readonly conflict?: boolean;
}

/** Sorts a visit into one channel and traffic class. Pure; throws on no text. */
export const classify = (
  input: VisitInput,
  lists: SourceLists,
  options: ClassifyOptions = {},
): Classification => {
  const tagged: Tags = {
    source: normalize(input.source),
    medium: normalize(input.medium),
    campaign: normalize(input.campaign),
  };
  const reported = normalize(input.reportedChannel);
  if (reported === "" && input.clickJoin !== undefined)
    return joined(input, input.clickJoin, tagged, options);

  const effective = effectiveTags(input, tagged, lists, options);
  const channel = channelOfTags(effective, lists);
  const label = channelNamed(reported) ?? "Unassigned";
  const decided = reported === "" ? channel : label;
  const traffic = trafficOf(decided, options);
  return {
    channel: decided,
    traffic,
    platform: traffic === "paid" ? (effective.platform ?? platformOfSource(effective.source) ?? null) : null,
    source: effective.source,
    medium: effective.medium,
    campaign: effective.campaign,
    conflict: effective.conflict ?? false,
    staleSuspected: isStale(input),
    evidence: reported === "" ? effective.evidence : "reported",
    disagrees: reported === "" ? null : label !== channel,
  };
};

const joined = (
  input: VisitInput,
  click: ClickJoin,
  { source, medium, campaign }: Tags,
  options: ClassifyOptions,
): Classification => {
  const channel = channelOfNetwork(click);
  return {
    channel,
    traffic: trafficOf(channel, options),
    platform: click.platform,
    source: source === "" ? click.platform : source,
    medium: medium === "" ? "cpc" : medium,
    campaign: campaign === "" ? notSet : campaign,
    conflict: false,
    staleSuspected: isStale(input),
    evidence: "click_join",
    disagrees: null,
  };
};

/** Source, medium and campaign that count: click id, tags, fbclid, referrer, nothing, in this order. */
const effectiveTags = (
  input: VisitInput,
  tagged: Tags,
  lists: SourceLists,
  options: ClassifyOptions,
): Effective => {
  const host = foreignHost(input.referrerHost, options);
  const paid = paidClick(input, tagged, host);
  if (paid !== undefined) return paid;

  const campaign = tagged.campaign === "" ? notSet : tagged.campaign;
  if (tagged.source !== "" || tagged.medium !== "" || tagged.campaign !== "" || isPresent(input.campaignId)) {
    const fallback = host === "" ? notSet : sourceOfReferrer(host, lists).source;
    return {
      source: tagged.source === "" ? fallback : tagged.source,
      medium: tagged.medium === "" ? notSet : tagged.medium,
      campaign,
      evidence: "utm",
    };
  }
  if (isPresent(input.srsltid))
    return {
      source: "google",
      medium: "organic",
      campaign: "shopping free listings",
      evidence: "click_id",
    };
  if (isPresent(input.fbclid)) {
    const source = lists.category(host) === "social" ? host : "facebook";
    return { source, medium: "referral", campaign, evidence: "fbclid" };
  }
  if (host !== "") return { ...sourceOfReferrer(host, lists), campaign, evidence: "referrer" };
  return { source: "(direct)", medium: "(none)", campaign, evidence: "none" };
};

const foreignHost = (value: unknown, options: ClassifyOptions): string => {
  const host = normalizeHost(value);
  return options.ownHosts?.has(host) === true || options.unwantedReferrers?.has(host) === true ? "" : host;
};

/** A paid-only click id wins over every tag that does not agree with it: its presence means that a click was billed. */
const paidClick = (input: VisitInput, tagged: Tags, host: string): Effective | undefined => {
  const present = paidClickIds.filter(({ name }) => isPresent(input[name]));
  const [first] = present;
  if (first === undefined) return undefined;
  const referred = present.length > 1 ? platformOfReferrer(host) : undefined;
  const id = present.find(({ platform }) => platform === referred) ?? first;

  const defaults = id.platform === "google" ? refineByReferrer(id, host) : id;
  const paidLike =
    hasPaidMedium(tagged.medium) || hasDisplayMedium(tagged.medium) || isCrossNetwork(tagged.campaign);
  const keeps = paidLike && (tagged.source === "" || isInFamily(tagged.source, id.platform));
  return {
    source: keeps && tagged.source !== "" ? tagged.source : defaults.source,
    medium: keeps && tagged.medium !== "" ? tagged.medium : defaults.medium,
    campaign: tagged.campaign === "" ? notSet : tagged.campaign,
    platform: id.platform,
    conflict: !keeps && (tagged.source !== "" || tagged.medium !== ""),
    evidence: "click_id",
  };
};

const refineByReferrer = (
  id: { readonly source: string; readonly medium: string },
  host: string,
): { readonly source: string; readonly medium: string } => {
  if (host === "youtube.com" || host === "m.youtube.com") return { ...id, source: "youtube.com" };
  if (/\.(googlesyndication|doubleclick|googleadservices)\.(com|net)$/.test(`.${host}`))
    return { ...id, medium: "display" };
  return id;
};

const isStale = (input: VisitInput): boolean =>
  isPresent(input.fbclid) &&
  paidClickIds.some(
    ({ name, platform }) => (platform === "google" || platform === "microsoft") && isPresent(input[name]),
  );
