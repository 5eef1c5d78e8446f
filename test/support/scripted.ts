import type pg from "pg";
import pino from "pino";
import type { Connector, Pull } from "../../src/connectors/connector.ts";
import type { Day } from "../../src/domain/day.ts";
import type {
  Account,
  AdDay,
  CampaignDay,
  ConversionDay,
  Entity,
  NetworkDay,
} from "../../src/domain/facts.ts";
import type { Platform } from "../../src/domain/platform.ts";
import { runSlice, type Slice, type SliceResult } from "../../src/sync/slice.ts";
import { readAccounts, storeAccount } from "../../src/warehouse/accounts.ts";

/** A platform whose figures a test writes: money in cents, conversions in hundredths, all whole numbers. */

export interface ScriptedConversion {
  readonly action: string;
  readonly traffic: "paid" | "organic";
  readonly hundredths: number;
  readonly valueCents: number;
}

export interface ScriptedAd {
  readonly campaign: string;
  /** Empty where the platform gives figures of the campaign itself. */
  readonly ad: string;
  readonly cents: number;
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: readonly ScriptedConversion[];
}

export interface ScriptedDay {
  readonly ads: readonly ScriptedAd[];
  /** What campaigns have beyond their ads. */
  readonly campaignExtra?: Readonly<Record<string, number>>;
  /** What the account has beyond its campaigns. */
  readonly accountExtra?: number;
  /** The platform's total in cents, where it is not simply the sum; null: it gives none. */
  readonly total?: number | null;
}

export type ScriptedDays = Readonly<Record<Day, ScriptedDay>>;

const decimalOf = (hundredths: number): string => {
  const digits = String(Math.abs(hundredths)).padStart(3, "0");
  return `${hundredths < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0);

export const campaignsOf = ({ ads, campaignExtra = {} }: ScriptedDay): readonly string[] => [
  ...new Set([...ads.map(({ campaign }) => campaign), ...Object.keys(campaignExtra)]),
];

const campaignCents = ({ ads, campaignExtra = {} }: ScriptedDay, campaign: string): number =>
  sum(ads.filter((ad) => ad.campaign === campaign).map(({ cents }) => cents)) +
  (campaignExtra[campaign] ?? 0);

export const totalCents = (day: ScriptedDay): number =>
  day.total ??
  sum(campaignsOf(day).map((campaign) => campaignCents(day, campaign))) + (day.accountExtra ?? 0);

const conversionFields = ({ action, traffic, valueCents }: ScriptedConversion, hundredths: number) => ({
  actionId: action,
  attribution: "",
  traffic,
  conversions: decimalOf(hundredths),
  conversionValue: decimalOf(valueCents),
});

export interface Scripted {
  readonly platform?: Platform;
  readonly split?: "exact" | "estimate";
  readonly account?: Partial<Account>;
  readonly accounts?: () => readonly Account[];
  readonly entities?: readonly Entity[];
  readonly days: () => ScriptedDays;
  /** Called before each stream gives its first row. */
  readonly onStream?: (name: string, pull: Pull) => void | Promise<void>;
}

export const scriptedAccount = (of: Partial<Account> = {}): Account => ({
  platform: "meta",
  id: "1",
  name: "Shop",
  currency: "EUR",
  timeZone: "UTC",
  status: "ACTIVE",
  active: true,
  ...of,
});

/** Half of each campaign goes to one network; where the split is exact, the rest to another. */
const networksOf = (date: Day, day: ScriptedDay, split: "exact" | "estimate"): NetworkDay[] =>
  campaignsOf(day).flatMap((campaign): NetworkDay[] => {
    const ads = day.ads.filter((ad) => ad.campaign === campaign);
    const whole = campaignCents(day, campaign);
    const impressions = sum(ads.map((ad) => ad.impressions));
    const clicks = sum(ads.map((ad) => ad.clicks));
    const half = (figure: number): number => Math.trunc(figure / 2);
    const delivery = (network: string, part: (figure: number) => number): NetworkDay => ({
      kind: "delivery",
      date,
      campaignId: campaign,
      network,
      spend: decimalOf(part(whole)),
      impressions: String(part(impressions)),
      clicks: String(part(clicks)),
    });
    const outcome = (network: string, part: (figure: number) => number): NetworkDay[] =>
      mergedConversions(ads).map((one) => ({
        kind: "conversions",
        date,
        campaignId: campaign,
        network,
        ...conversionFields({ ...one, valueCents: part(one.valueCents) }, part(one.hundredths)),
      }));
    const rest = (figure: number): number => figure - half(figure);
    return [
      delivery("SEARCH", half),
      ...outcome("SEARCH", half),
      ...(split === "exact" ? [delivery("CONTENT", rest), ...outcome("CONTENT", rest)] : []),
    ];
  });

const mergedConversions = (ads: readonly ScriptedAd[]): ScriptedConversion[] => {
  const merged = new Map<string, ScriptedConversion>();
  for (const one of ads.flatMap(({ conversions }) => conversions)) {
    const key = `${one.action} ${one.traffic}`;
    const before = merged.get(key);
    merged.set(key, {
      ...one,
      hundredths: one.hundredths + (before?.hundredths ?? 0),
      valueCents: one.valueCents + (before?.valueCents ?? 0),
    });
  }
  return [...merged.values()];
};

const adFields = ({ campaign, ad }: ScriptedAd) => ({
  campaignId: campaign,
  adGroupId: ad === "" ? "" : `${campaign}-group`,
  adId: ad,
});

/** A connector over the script; it reads the days anew for every stream, so that they can change in between. */
export const scriptedConnector = (script: Scripted): Connector => {
  const { platform = "meta", split = "estimate", onStream } = script;
  const daysOf = async (name: string, pull: Pull): Promise<[Day, ScriptedDay][]> => {
    await onStream?.(name, pull);
    return Object.entries(script.days()).filter(([date]) => date >= pull.from && date <= pull.to);
  };
  return {
    platform,
    windowDays: 400,
    historyMonths: 36,
    networkSplit: split,
    concurrency: { platform: 2, account: 2 },
    restatement: () => ({ nightlyDays: 5, finalAfterDays: 5 }),
    async *accounts() {
      yield* script.accounts?.() ?? [scriptedAccount({ platform, ...script.account })];
    },
    async *entities(pull) {
      await onStream?.("entities", pull);
      yield script.entities ?? [];
    },
    async *performance(pull) {
      const days = await daysOf("performance", pull);
      yield days.flatMap(([date, { ads }]) =>
        ads.map((ad): AdDay => ({
          date,
          ...adFields(ad),
          spend: decimalOf(ad.cents),
          impressions: String(ad.impressions),
          clicks: String(ad.clicks),
        })),
      );
    },
    async *conversions(pull) {
      const days = await daysOf("conversions", pull);
      yield days.flatMap(([date, { ads }]) =>
        ads.flatMap((ad) =>
          mergedConversions([ad]).map((one): ConversionDay => ({
            date,
            ...adFields(ad),
            ...conversionFields(one, one.hundredths),
          })),
        ),
      );
    },
    async *networks(pull) {
      const days = await daysOf("networks", pull);
      yield days.flatMap(([date, day]) => networksOf(date, day, split));
    },
    async *totals(pull) {
      const days = await daysOf("totals", pull);
      yield days
        .filter(([, { total }]) => total !== null)
        .map(([date, day]) => ({
          date,
          spend: decimalOf(totalCents(day)),
          impressions: String(sum(day.ads.map(({ impressions }) => impressions))),
          clicks: String(sum(day.ads.map(({ clicks }) => clicks))),
        }));
    },
    ...(split === "estimate" && {
      async *campaigns(pull: Pull) {
        const days = await daysOf("campaigns", pull);
        yield days.flatMap(([date, day]) =>
          campaignsOf(day).map((campaign): CampaignDay => {
            const ads = day.ads.filter((ad) => ad.campaign === campaign);
            return {
              kind: "delivery",
              date,
              campaignId: campaign,
              spend: decimalOf(campaignCents(day, campaign)),
              impressions: String(sum(ads.map(({ impressions }) => impressions))),
              clicks: String(sum(ads.map(({ clicks }) => clicks))),
            };
          }),
        );
      },
    }),
  };
};

/** Stores the account and what counts of it: every action, or those named. */
export const prepareAccount = async (
  pool: pg.Pool,
  connector: Connector,
  account: Account,
  counted: readonly string[] | null = null,
): Promise<number> => {
  const known = { clickWindowDays: [], viewWindowDays: [] };
  const before = await readAccounts(pool, account.platform, [account.id]);
  const { accountKey } = await storeAccount(
    pool,
    account,
    () => connector.restatement(known).finalAfterDays,
    before.get(account.id),
  );
  await pool.query(
    "insert into ops.counting_rule (account_key, measure, actions) values ($1, 'conversions', $2) on conflict do nothing",
    [accountKey, counted],
  );
  return accountKey;
};

const log = pino({ level: "silent" });

/** Pulls and publishes one window as a sync does. */
export const load = (
  pool: pg.Pool,
  connector: Connector,
  slice: Omit<Slice, "withEntities">,
): Promise<SliceResult> =>
  runSlice(
    { withEntities: true, ...slice },
    { pool, connector, log, signal: new AbortController().signal, runId: null, named: false },
  );
