import type { TrueDay, Truth } from "../../sandbox/platforms.ts";
import type { Connector, Pull } from "../../src/connectors/connector.ts";
import type { Account } from "../../src/domain/facts.ts";
import type { Platform } from "../../src/domain/platform.ts";

export type { TrueDay };

/** A sandbox as the backtest needs it: its accounts, what they came to, and how deep its platform restates. */
export interface TrueWorld extends Truth {
  readonly platform: Platform;
}

const only = { campaignId: "1", adGroupId: "1", adId: "1" };

/**
 * The platform's figures without its wire: one campaign per account with the account's whole day. A backtest asks
 * for thousands of account-days; what it measures lies behind the connector.
 */
export const truthConnector = (world: TrueWorld): Connector => {
  const days = ({ account, from, to }: Pull) => world.days(account.id, from, to);
  return {
    platform: world.platform,
    windowDays: 400,
    historyMonths: 36,
    networkSplit: "estimate",
    concurrency: { platform: 1, account: 1 },
    restatement: () => ({ nightlyDays: world.finalAfterDays, finalAfterDays: world.finalAfterDays }),
    async *accounts() {
      yield* world.accounts.map(({ id, timeZone }): Account => ({
        platform: world.platform,
        id,
        name: `Account ${id}`,
        currency: "EUR",
        timeZone,
        status: "ACTIVE",
        active: true,
      }));
    },
    async *entities() {
      yield [];
    },
    async *performance(pull) {
      yield days(pull).map((day) => ({ ...day, ...only }));
    },
    async *networks() {
      yield [];
    },
    async *conversions(pull) {
      yield days(pull).map(({ date, conversions, conversionValue }) => ({
        date,
        ...only,
        actionId: "1",
        attribution: "",
        traffic: "paid" as const,
        conversions,
        conversionValue,
      }));
    },
    async *totals(pull) {
      yield days(pull);
    },
  };
};
