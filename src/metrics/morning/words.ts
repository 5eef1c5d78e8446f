import type { DayRange } from "../../domain/day.ts";
import type { Compared, Cost, Driver, DriverName, LeftOut, Method, Side } from "./answer.ts";
import type { Effect } from "./drivers.ts";
import { amountText, countText, decimalsOf, percentText, periodText, signedText } from "./text.ts";

/** By the way the cost went: what a cause did when it made conversions dearer, and when it made them cheaper. */
const causes: Readonly<Record<DriverName, readonly [dearer: string, cheaper: string]>> = {
  click_price: ["clicks cost more", "clicks cost less"],
  conversion_rate: ["fewer clicks converted", "more clicks converted"],
  platform_mix: [
    "more of the clicks came from dearer platforms",
    "more of the clicks came from cheaper platforms",
  ],
  campaign_mix: [
    "more of the clicks came from dearer campaigns",
    "more of the clicks came from cheaper campaigns",
  ],
  no_clicks: ["campaigns without clicks cost more", "campaigns without clicks cost less"],
  spend: ["more was spent", "less was spent"],
  conversions: ["there were fewer conversions", "there were more conversions"],
};

export const driverOf = ({ driver, amount, shown }: Effect, currency: string, decimals: number): Driver => {
  const [dearer, cheaper] = causes[driver];
  return {
    driver,
    amount,
    shown,
    text: `${amount.startsWith("-") ? cheaper : dearer}: ${signedText(shown, currency, decimals)}`,
  };
};

type Known = Omit<Side, "words">;

/** What a conversion cost, or that there is nothing to divide by. */
export const costWords = (
  { reported, expected, is_final }: Known,
  period: DayRange,
  currency: string,
): string => {
  const when = period.from === period.to ? `on ${periodText(period)}` : `from ${periodText(period)}`;
  if (reported.spend === null)
    return `What was spent ${when} is not known in ${currency}: an exchange rate is missing`;
  const spent = amountText(reported.spend, currency);
  const { cost_per_conversion: cost, conversions } = reported;
  if (cost === null || conversions === null)
    return /[1-9]/.test(reported.spend)
      ? `No paid conversion is known ${when}: ${spent} were spent`
      : `Nothing was spent ${when}`;
  const decimals = decimalsOf(currency, cost);
  const told = `A paid conversion cost ${amountText(cost, currency, decimals)} ${when}: ${spent} for ${countText(conversions)}`;
  return is_final || expected.cost_per_conversion === null
    ? told
    : `${told}; ${amountText(expected.cost_per_conversion, currency, decimals)} are expected once late conversions are in`;
};

const methodWords: Readonly<Record<Method, string>> = {
  same_age: "as it was known at the same age",
  projection: "both as they are expected to end",
};

export const againstWords = (before: DayRange, method: Method | null): string =>
  method === null
    ? `not compared with ${periodText(before)}`
    : `${periodText(before)}, ${methodWords[method]}`;

const oneCost = ({ cost_per_conversion: cost }: Cost, currency: string, decimals: number): string =>
  cost === null ? "no conversion" : amountText(cost, currency, decimals);

const unlike = (compared: Compared): string =>
  compared.now.spend === null || compared.before.spend === null
    ? "an exchange rate is missing"
    : compared.now.cost_per_conversion === null
      ? "no conversion is known yet"
      : "no conversion was known then";

/** How the cost moved, at equal age or by projection, and against what. */
export const changeWords = (options: {
  readonly compared: Compared | null;
  readonly before: DayRange;
  readonly method: Method | null;
  readonly leftOut: readonly LeftOut[];
  readonly currency: string;
}): string => {
  const { compared, before, method, leftOut, currency } = options;
  const because = leftOut[0];
  if (compared === null || method === null)
    return because === undefined
      ? `Not compared with ${periodText(before)}: there is nothing of it`
      : `Not compared with ${periodText(before)}: ${accountName(because)} ${because.reason}`;
  const { now, before: earlier, change, shown_change: shown, change_share: share } = compared;
  const decimals = decimalsOf(currency, now.cost_per_conversion);
  if (change === null || shown === null)
    return `Not compared with ${periodText(before)}: ${unlike(compared)}`;
  const without = leftOut.length === 0 ? "" : `, without ${withoutWords(leftOut)}`;
  const both = `${oneCost(now, currency, decimals)} against ${oneCost(earlier, currency, decimals)} on ${againstWords(before, method)}${without}`;
  if (!/[1-9]/.test(shown)) return `Unchanged: ${both}`;
  const size = amountText(shown.replace(/^-/, ""), currency, decimals);
  const part = share === null ? "" : ` (${percentText(share)})`;
  return `${size}${part} ${shown.startsWith("-") ? "cheaper" : "dearer"}: ${both}`;
};

const accountName = ({ platform, account_id, account_name }: LeftOut): string =>
  `${platform} ${account_name === null || account_name === "" ? account_id : account_name}`;

const withoutWords = (leftOut: readonly LeftOut[]): string => {
  const [first, ...more] = leftOut;
  if (first === undefined) return "";
  const others = more.length === 0 ? "" : ` and ${String(more.length)} more`;
  return `${accountName(first)}, which ${first.reason}${others}`;
};

/** The causes, the largest first. */
export const whyWords = (compared: Compared | null): string =>
  compared === null ? "" : compared.drivers.map(({ text }) => text).join("; ");

/** What a campaign did to the cost of all. */
export const moverWords = (options: {
  readonly contribution: string;
  readonly now: Cost;
  readonly before: Cost;
  readonly currency: string;
  readonly decimals: number;
}): string => {
  const { contribution, now, before, currency, decimals } = options;
  const side = ({ spend, conversions }: Cost): string =>
    `${amountText(spend ?? "0", currency)} for ${countText(conversions ?? "0")}`;
  return `${signedText(contribution, currency, decimals)}: ${side(now)}, before ${side(before)}`;
};
