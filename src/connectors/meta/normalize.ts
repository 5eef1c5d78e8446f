import * as z from "zod";
import type { DayRange } from "../../domain/day.ts";
import { type Decimal, decimal, orZero, wholeNumber } from "../../domain/decimal.ts";
import type { Account, CampaignKey, Conversions, Delivery, SplitRow } from "../../domain/facts.ts";
import { Failure } from "../../domain/failure.ts";
import { isEngagement } from "./actions.ts";
import { attributionWindows, type Level } from "./queries.ts";

const id = z.union([z.string(), z.number().int().transform(String)]);
/** Names may hold anything but NUL, which Postgres cannot store. */
export const nameText = z.string().transform((text) => text.replaceAll("\0", ""));
const name = nameText.nullish();
const figure = z.union([z.string(), z.number()]).nullish();
const actionList = z.array(z.looseObject({ action_type: z.string() })).nullish();

/** One row of any insights report; unknown keys are let through, absent ones are undefined. */
const insightsRow = z.object({
  date_start: z.string(),
  date_stop: z.string(),
  // Discovery says it too: here it only proves that nothing was mixed.
  account_currency: z.string().nullish(),
  campaign_id: id.optional(),
  campaign_name: name,
  adset_id: id.optional(),
  adset_name: name,
  ad_id: id.optional(),
  ad_name: name,
  publisher_platform: z.string().nullish(),
  impression_device: z.string().nullish(),
  country: z.string().nullish(),
  spend: figure,
  impressions: figure,
  clicks: figure,
  inline_link_clicks: figure,
  actions: actionList,
  action_values: actionList,
  conversions: actionList,
  conversion_values: actionList,
});
export type InsightsRow = z.infer<typeof insightsRow>;
type Actions = InsightsRow["actions"];

const dataFailure = (account: Account, message: string): Failure =>
  new Failure({
    kind: "data",
    platform: "meta",
    accountId: account.id,
    message,
    remedy: "nothing of this window was published; report it to costper with the account and the day",
  });

/** What each level is asked for; the account itself has no id of this kind. */
const idFields = {
  account: [],
  campaign: ["campaign_id"],
  adset: ["campaign_id", "adset_id"],
  ad: ["campaign_id", "adset_id", "ad_id"],
} as const;

/**
 * Reads a row off the wire, and refuses one that is not about a single day of the window, in the account's currency
 * and with an id: such a row cannot be stored without falsifying another.
 */
export const readRow = (
  raw: unknown,
  account: Account,
  range: DayRange,
  level: Level | "account",
): InsightsRow => {
  const parsed = insightsRow.safeParse(raw);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join(".") ?? "";
    const said = typeof raw === "object" && raw !== null && "date_start" in raw ? String(raw.date_start) : "";
    throw dataFailure(
      account,
      `an insights row${said && ` of ${said.slice(0, 10)}`} is not as documented at ${where || "its root"}`,
    );
  }
  const row = parsed.data;
  const day = row.date_start;
  if (row.date_stop !== day)
    throw dataFailure(
      account,
      `an insights row is about ${day} to ${row.date_stop}, single days were asked for`,
    );
  if (day < range.from || day > range.to)
    throw dataFailure(account, `an insights row of ${day} was not asked for (${range.from} to ${range.to})`);
  if (row.account_currency && row.account_currency !== account.currency)
    throw dataFailure(
      account,
      `figures of ${day} are in ${row.account_currency}, the account is in ${account.currency}`,
    );
  for (const field of idFields[level])
    if (!row[field]) throw dataFailure(account, `an insights row of ${day} has no ${field}`);
  return row;
};

/** Clicks on links are part of all clicks: where they are, the others are missing rather than none. */
const clicksOf = (row: InsightsRow): unknown => {
  if (row.clicks !== undefined && row.clicks !== null) return row.clicks;
  const link = byType(row.actions).get("link_click");
  const some = [row.inline_link_clicks, link?.["value"]].some(
    (value) => !isZero(decimal(orZero(value), "inline_link_clicks")),
  );
  return some ? undefined : 0;
};

/** Spend is in major units already, unlike budgets. A row without delivery says so: its spend and impressions are "0". */
export const deliveryOf = (row: InsightsRow): Delivery => ({
  spend: decimal(row.spend, "spend"),
  impressions: wholeNumber(row.impressions, "impressions"),
  clicks: wholeNumber(clicksOf(row), "clicks"),
});

const isZero = (figure: Decimal): boolean => !/[1-9]/.test(figure.replace(/[eE].*$/, ""));

/**
 * One entry per action type and explicit window. The key `value` is never read: which window it stands for depends
 * on the ad set. A type that comes as an action and as a conversion is the same one, and is taken once.
 */
export const conversionsOf = (row: InsightsRow): Conversions[] => {
  const actions = collect(row.actions, row.action_values);
  const known = new Set(actions.map(({ actionId }) => actionId));
  const others = collect(row.conversions, row.conversion_values);
  return [...actions, ...others.filter(({ actionId }) => !known.has(actionId))];
};

/** A row of a campaign's day, by whatever else names it: its delivery, and what each action brought. */
export const campaignRowsOf = <Rest extends object>(
  row: InsightsRow,
  rest: Rest,
): SplitRow<CampaignKey & Rest>[] => {
  const key = { date: row.date_start, campaignId: row.campaign_id ?? "", ...rest };
  return [
    { kind: "delivery", ...key, ...deliveryOf(row) },
    ...conversionsOf(row).map((conversions) => ({ kind: "conversions" as const, ...key, ...conversions })),
  ];
};

const collect = (counts: Actions, values: Actions): Conversions[] => {
  const countOf = byType(counts);
  const valueOf = byType(values);
  return [...new Set([...countOf.keys(), ...valueOf.keys()])]
    .filter((actionId) => !isEngagement(actionId))
    .flatMap((actionId) =>
      attributionWindows
        .map((attribution): Conversions => ({
          actionId,
          attribution,
          traffic: "paid",
          conversions: decimal(orZero(countOf.get(actionId)?.[attribution]), `actions.${attribution}`),
          conversionValue: decimal(
            orZero(valueOf.get(actionId)?.[attribution]),
            `action_values.${attribution}`,
          ),
        }))
        .filter(({ conversions, conversionValue }) => !isZero(conversions) || !isZero(conversionValue)),
    );
};

const byType = (list: Actions): Map<string, Readonly<Record<string, unknown>>> =>
  new Map((list ?? []).map((entry) => [entry.action_type, entry]));
