import { bulkCampaignsOf, campaignsOf, type Fields, type SandboxCampaign } from "./campaigns.ts";

/** The accounts of the sandbox and their conversion actions. */

export interface SandboxAction {
  readonly id: string;
  readonly resourceName: string;
  readonly fields: Fields;
  readonly primary: boolean;
  /** Share of an account's conversions. */
  readonly share: number;
  readonly valueCents: number;
}

export interface SandboxAccount {
  readonly id: string;
  readonly fields: Fields;
  readonly timeZone: string;
  readonly status: "ENABLED" | "CANCELED";
  /** Absent where the user was added to it directly. */
  readonly managerId?: string;
  readonly campaigns: readonly SandboxCampaign[];
  readonly actions: readonly SandboxAction[];
  /** A large account for load tests, whose figures depend on the weekday alone. */
  readonly bulk: boolean;
}

export const managerId = "1000000001";
export const directAccountId = "2000000001";
export const canceledAccountId = "1000000099";
export const bulkAccountId = "3000000001";
/** The nth client account of the manager, from 0. */
export const clientAccountId = (index: number): string => String(1_000_000_011 + index);

const actionOf = (
  owner: string,
  id: string,
  [name, category, origin]: readonly [string, string, string],
  [primary, share, valueCents]: readonly [boolean, number, number],
): SandboxAction => ({
  id,
  resourceName: `customers/${owner}/conversionActions/${id}`,
  primary,
  share,
  valueCents,
  fields: {
    "conversion_action.resource_name": `customers/${owner}/conversionActions/${id}`,
    "conversion_action.id": id,
    "conversion_action.name": name,
    "conversion_action.status": "ENABLED",
    "conversion_action.type": "WEBPAGE",
    "conversion_action.category": category,
    "conversion_action.origin": origin,
    "conversion_action.primary_for_goal": primary,
    "conversion_action.include_in_conversions_metric": primary,
    "conversion_action.counting_type": "MANY_PER_CLICK",
    "conversion_action.click_through_lookback_window_days": "30",
    "conversion_action.view_through_lookback_window_days": "1",
    "conversion_action.owner_customer": `customers/${owner}`,
  },
});

/** Tracked by the manager for all of its clients. */
const managerAction = actionOf(
  managerId,
  "700000001",
  ["CRM: qualified", "QUALIFIED_LEAD", "WEBSITE"],
  [true, 0.15, 6_000],
);

const actionsOf = (accountId: string, account: number, managed: boolean): SandboxAction[] => {
  const id = (index: number) => String(710_000_000 + account * 100 + index);
  return [
    actionOf(accountId, id(1), ["Purchase", "PURCHASE", "WEBSITE"], [true, 0.5, 8_450]),
    actionOf(accountId, id(2), ["Lead form", "SUBMIT_LEAD_FORM", "WEBSITE"], [true, 0.3, 0]),
    actionOf(accountId, id(3), ["Newsletter", "SIGNUP", "WEBSITE"], [false, 0.4, 100]),
    actionOf(accountId, id(4), ["Channel subscriptions", "ENGAGEMENT", "YOUTUBE_HOSTED"], [false, 0.1, 0]),
    ...(managed ? [managerAction] : []),
  ];
};

const customerFields = (
  id: string,
  name: string,
  currency: string,
  timeZone: string,
  status: string,
  tracking: string,
): Fields => ({
  "customer.resource_name": `customers/${id}`,
  "customer.id": id,
  "customer.descriptive_name": name,
  "customer.currency_code": currency,
  "customer.time_zone": timeZone,
  "customer.manager": id === managerId,
  "customer.test_account": false,
  "customer.status": status,
  "customer.auto_tagging_enabled": id !== directAccountId,
  "customer.conversion_tracking_setting.conversion_tracking_status": "CONVERSION_TRACKING_MANAGED_BY_SELF",
  "customer.conversion_tracking_setting.google_ads_conversion_customer": `customers/${tracking}`,
});

export const managerFields = customerFields(
  managerId,
  "Sandbox manager",
  "EUR",
  "Europe/Berlin",
  "ENABLED",
  managerId,
);

const markets = [
  ["Shop DE", "EUR", "Europe/Berlin"],
  ["Butik DK", "DKK", "Europe/Copenhagen"],
  ["Shop US", "USD", "America/Los_Angeles"],
] as const;

export interface WorldOptions {
  readonly seed: string;
  /** How many client accounts the manager has. */
  readonly accounts: number;
  /** Campaigns of each client account, at most; absent: all that there are. */
  readonly campaigns?: number | undefined;
  readonly bulkAds: number;
}

/** The world: the manager's clients, one closed, one account reached directly and, if asked for, a large one. */
export const createWorld = ({ seed, accounts, campaigns, bulkAds }: WorldOptions): SandboxAccount[] => {
  const clients = Array.from({ length: accounts }, (_, index): SandboxAccount => {
    const [name, currency, timeZone] = markets[index % markets.length] ?? markets[0];
    const id = clientAccountId(index);
    return {
      id,
      timeZone,
      status: "ENABLED",
      managerId,
      bulk: false,
      fields: customerFields(
        id,
        index < markets.length ? name : `${name} ${String(index)}`,
        currency,
        timeZone,
        "ENABLED",
        managerId,
      ),
      campaigns: campaignsOf(id, index, seed, campaigns),
      actions: actionsOf(id, index, true),
    };
  });
  const direct: SandboxAccount = {
    id: directAccountId,
    timeZone: "Asia/Singapore",
    status: "ENABLED",
    bulk: false,
    fields: customerFields(directAccountId, "Direct", "USD", "Asia/Singapore", "ENABLED", directAccountId),
    campaigns: campaignsOf(directAccountId, 900, seed),
    actions: actionsOf(directAccountId, 900, false),
  };
  const canceled: SandboxAccount = {
    id: canceledAccountId,
    timeZone: "Europe/Berlin",
    status: "CANCELED",
    managerId,
    bulk: false,
    fields: customerFields(
      canceledAccountId,
      "Closed shop",
      "EUR",
      "Europe/Berlin",
      "CANCELED",
      canceledAccountId,
    ),
    campaigns: [],
    actions: [],
  };
  return [...clients, canceled, direct, ...(bulkAds > 0 ? [bulkAccount(bulkAds)] : [])];
};

const bulkAccount = (ads: number): SandboxAccount => ({
  id: bulkAccountId,
  timeZone: "Europe/Berlin",
  status: "ENABLED",
  bulk: true,
  fields: customerFields(bulkAccountId, "Bulk", "EUR", "Europe/Berlin", "ENABLED", bulkAccountId),
  campaigns: bulkCampaignsOf(bulkAccountId, ads),
  actions: actionsOf(bulkAccountId, 950, false),
});
