import { addDays, dayAt, type Day, type DayRange, eachDay } from "../../domain/day.ts";
import { type Decimal, fromUnits, toUnits } from "../../domain/decimal.ts";
import type { Read } from "../../warehouse/reading.ts";
import {
  chooseDay,
  type Configured,
  type Expected,
  expectedAccounts,
  readDays,
  WholeDays,
} from "./accounts.ts";
import type { Compared, Cost, LeftOut, Method, Morning, Mover, Side } from "./answer.ts";
import { comparable } from "./comparable.ts";
import { effectsOf, ratioOf, text, totalsOf } from "./drivers.ts";
import {
  type CampaignSums,
  type AmountsIn,
  type PairSums,
  type PlatformSums,
  readComparison,
  readSums,
} from "./sums.ts";
import { decimalsOf, momentText } from "./text.ts";
import { againstWords, changeWords, costWords, driverOf, moverWords, whyWords } from "./words.ts";

export interface MorningQuestion {
  readonly read: Read;
  readonly now: Date;
  /** Whose clock "as of 03:41" is on. */
  readonly timeZone: string;
  readonly configured: Configured | undefined;
  readonly money: AmountsIn;
  /** Only accounts of this platform, or that spend in this currency. */
  readonly platform?: string | undefined;
  readonly currency?: string | undefined;
  /** The last day; undefined: yesterday, or the last day that all accounts have. */
  readonly day?: Day | undefined;
  /** How many days up to it are told of. */
  readonly days?: number;
  /** How many days before the comparison lies; the usual week compares like weekdays. */
  readonly back?: number;
}

const cost = (spend: Decimal | null, conversions: Decimal | null): Cost => {
  const known = spend !== null && conversions !== null;
  const units = (value: Decimal): bigint => toUnits(value, 18);
  return {
    spend,
    conversions,
    cost_per_conversion: known ? ratioOf({ spend: units(spend), conversions: units(conversions) }) : null,
  };
};

/** A sum that is unknown as soon as one of its parts is. */
const sumOf = (values: readonly (Decimal | null)[]): Decimal | null => {
  let sum = 0n;
  for (const value of values) {
    if (value === null) return null;
    sum += toUnits(value, 6);
  }
  return fromUnits(sum, 6);
};

const comparedOf = (pairs: readonly PairSums[], currency: string): Compared | null => {
  if (pairs.length === 0) return null;
  const unknown = pairs.some((pair) => pair.unknown);
  const [then, now] = totalsOf(pairs);
  const [from, to] = unknown ? [null, null] : [ratioOf(then), ratioOf(now)];
  const decimals = decimalsOf(currency, to);
  const change = from === null || to === null ? null : toUnits(to, 6) - toUnits(from, 6);
  const side = (sums: typeof now, ratio: Decimal | null): Cost => ({
    spend: unknown ? null : text(sums.spend),
    conversions: text(sums.conversions),
    cost_per_conversion: ratio,
  });
  return {
    now: side(now, to),
    before: side(then, from),
    change: change === null ? null : fromUnits(change, 6),
    shown_change:
      from === null || to === null
        ? null
        : fromUnits(toUnits(to, decimals) - toUnits(from, decimals), decimals),
    change_share:
      change === null || from === null || toUnits(from, 6) === 0n
        ? null
        : fromUnits((change * 1_000_000n) / toUnits(from, 6), 6),
    drivers:
      change === null ? [] : effectsOf(pairs, decimals).map((effect) => driverOf(effect, currency, decimals)),
  };
};

interface Scene {
  readonly period: DayRange;
  readonly before: DayRange;
  readonly method: Method | null;
  readonly leftOut: readonly LeftOut[];
  readonly currency: string;
}

const sideOf = (
  platform: string | null,
  sums: readonly PlatformSums[],
  pairs: readonly PairSums[],
  scene: Scene,
): Side => {
  const { period, currency } = scene;
  const spend = sumOf(sums.map((row) => row.spend));
  const known = {
    platform,
    clicks: sumOf(sums.map((row) => row.clicks))?.split(".")[0] ?? "0",
    reported: cost(spend, sumOf(sums.map((row) => row.conversions))),
    expected: cost(spend, sumOf(sums.map((row) => row.expected_conversions))),
    is_final: sums.every((row) => row.is_final),
    compared: comparedOf(pairs, currency),
  };
  const leftOut = scene.leftOut.filter((account) => platform === null || account.platform === platform);
  return {
    ...known,
    words: {
      cost: costWords(known, period, currency),
      change: changeWords({ ...scene, compared: known.compared, leftOut }),
      why: whyWords(known.compared),
    },
  };
};

const moverOf = (row: CampaignSums, decimals: number): Mover => {
  const { platform, account_id, account_name, campaign_id, campaign_name, contribution, currency } = row;
  const now = cost(row.spend_1, row.conversions_1);
  const before = cost(row.spend_0, row.conversions_0);
  return {
    platform,
    account_id,
    account_name,
    campaign_id,
    campaign_name,
    contribution,
    now,
    before,
    text: moverWords({ contribution, now, before, currency, decimals }),
  };
};

const latest = (moments: readonly (Date | null | undefined)[]): Date | null =>
  moments.reduce<Date | null>((youngest, at) => (at && (!youngest || at > youngest) ? at : youngest), null);

const nobody = (accounts: number): Morning => ({
  period: null,
  is_yesterday: false,
  partial: true,
  fresh: {
    as_of: null,
    accounts,
    accounts_whole: 0,
    behind: [],
    text: accounts === 0 ? "no account is known yet" : `no whole day yet, 0 of ${String(accounts)} accounts`,
  },
  against: null,
  groups: [],
});

/** Who has every day of the period, and who of those expected has not. */
const wholeness = (accounts: readonly Expected[], period: DayRange, whole: WholeDays) => {
  const lacks = (account: Expected) => whole.lacking(account, period);
  const behind = accounts
    .filter((account) => account.is_active && lacks(account) !== undefined)
    .map((account) => ({ account, cause: lacks(account)?.day?.cause ?? null }));
  return { behind, having: accounts.filter((account) => lacks(account) === undefined) };
};

/**
 * What a paid conversion cost yesterday and why that changed. Both sides of every comparison hold the same accounts,
 * each with every day fetched whole, and are known at the same age or projected alike.
 */
export const morning = async (question: MorningQuestion): Promise<Morning> => {
  const { read, now, timeZone, configured, money, platform, currency, days = 1, back = 7 } = question;
  const accounts = (await expectedAccounts(read, configured)).filter(
    (account) =>
      (platform === undefined || account.platform === platform) &&
      (currency === undefined || account.currency === currency),
  );
  const active = accounts.filter(({ is_active }) => is_active);
  const to = question.day ?? (await chooseDay(read, accounts));
  if (to === undefined) return nobody(active.length);
  const period = { from: addDays(to, 1 - days), to };
  const before = { from: addDays(period.from, -back), to: addDays(period.to, -back) };
  const whole = new WholeDays(await readDays(read, [...new Set([...eachDay(before), ...eachDay(period)])]));
  const { behind, having } = wholeness(accounts, period, whole);
  const known = having.filter(({ account_key }) => account_key !== null);
  const asOf = latest(known.map((account) => whole.of(account, to)?.fetched_at));
  const {
    accounts: alike,
    method,
    leftOut,
  } = await comparable({
    read,
    accounts: known,
    period,
    shift: back,
    whole,
  });
  const keysOf = (some: readonly Expected[]): number[] =>
    some.flatMap(({ account_key }) => account_key ?? []);
  const sums = await readSums(read, { keys: keysOf(known), period, money });
  const pairQuestion = { keys: keysOf(alike), period, shift: back, money };
  const { pairs, movers } =
    method === null ? { pairs: [], movers: [] } : await readComparison(read, { ...pairQuestion, method });
  const currencies = [...new Set([...sums, ...pairs].map((row) => row.currency))];
  const scene = { period, before, method, leftOut };
  const wholeActive = active.length - behind.length;
  const since = asOf === null ? "not fetched yet" : `as of ${momentText(asOf, now, timeZone)}`;
  return {
    period,
    is_yesterday: to === addDays(dayAt(now, timeZone), -1),
    partial: behind.length > 0,
    fresh: {
      as_of: asOf?.toISOString() ?? null,
      accounts: active.length,
      accounts_whole: wholeActive,
      behind: behind.map(
        ({ account: { platform: on, account_id, account_name, last_good_date }, cause }) => ({
          platform: on,
          account_id,
          account_name,
          last_good_date,
          cause,
        }),
      ),
      text: `${since}, ${String(wholeActive)} of ${String(active.length)} accounts`,
    },
    against: { period: before, method, left_out: leftOut, text: againstWords(before, method) },
    groups: currencies.map((code) => {
      const own = sums.filter((row) => row.currency === code);
      const ownPairs = pairs.filter((row) => row.currency === code);
      const all = sideOf(null, own, ownPairs, { ...scene, currency: code });
      const decimals = decimalsOf(code, all.compared?.now.cost_per_conversion ?? null);
      return {
        currency: code,
        all,
        platforms: [...new Set([...own, ...ownPairs].map((row) => row.platform))].map((one) =>
          sideOf(
            one,
            own.filter((row) => row.platform === one),
            ownPairs.filter((row) => row.platform === one),
            { ...scene, currency: code },
          ),
        ),
        movers: movers.filter((row) => row.currency === code).map((row) => moverOf(row, decimals)),
      };
    }),
  };
};
