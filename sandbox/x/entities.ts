import type { SandboxAccount } from "./world.ts";

/** Entities as X shows them: members that a reader needs, and some that it does not. */

export const accountElement = (account: SandboxAccount) => ({
  id: account.id,
  name: account.name,
  business_name: null,
  timezone: account.timeZone,
  timezone_switch_at: "2016-07-21T07:00:00Z",
  approval_status: account.approval,
  created_at: account.createdAt,
  updated_at: account.createdAt,
  deleted: account.deleted,
});

const effective = (status: string, deleted: boolean) => ({
  entity_status: status,
  effective_status: deleted ? "UNKNOWN" : status,
  deleted,
});

const dated = { created_at: "2024-05-01T10:00:00Z", updated_at: "2026-01-01T10:00:00Z" };

export const fundingElements = (account: SandboxAccount) =>
  account.fundings.map(({ id, currency, createdAt, deleted }) => ({
    id,
    currency,
    type: "CREDIT_CARD",
    entity_status: "ACTIVE",
    start_time: createdAt,
    end_time: null,
    able_to_fund: !deleted,
    created_at: createdAt,
    deleted,
  }));

export const campaignElements = (account: SandboxAccount) =>
  account.campaigns.map((campaign) => ({
    id: campaign.id,
    name: campaign.name,
    currency: campaign.currency,
    funding_instrument_id: campaign.fundingId,
    servable: false,
    daily_budget_amount_local_micro: Number(campaign.dailySpend),
    total_budget_amount_local_micro: null,
    budget_optimization: "LINE_ITEM",
    ...effective(campaign.status, campaign.deleted),
    ...dated,
  }));

export const lineItemElements = (account: SandboxAccount) =>
  account.campaigns.flatMap((campaign) =>
    campaign.lineItems.map((lineItem) => ({
      id: lineItem.id,
      name: lineItem.name,
      campaign_id: campaign.id,
      funding_instrument_id: campaign.fundingId,
      currency: campaign.currency,
      objective: campaign.objective,
      goal: "LINK_CLICKS",
      product_type: lineItem.productType,
      placements: campaign.placements,
      start_time: null,
      end_time: null,
      bid_amount_local_micro: null,
      primary_web_event_tag: null,
      pay_by: "LINK_CLICK",
      creative_source: "MANUAL",
      entity_status: lineItem.status,
      // What belongs to a deleted campaign is deleted with it.
      deleted: lineItem.deleted || campaign.deleted,
    })),
  );

/** A promoted tweet of a deleted line item says of itself that it is not deleted, and is listed with the deleted ones. */
export const promotedTweets = (account: SandboxAccount) =>
  account.campaigns.flatMap((campaign) =>
    campaign.lineItems.flatMap((lineItem) =>
      lineItem.tweets.map((tweet) => ({
        listed: !tweet.deleted && !lineItem.deleted && !campaign.deleted,
        element: {
          id: tweet.id,
          line_item_id: lineItem.id,
          tweet_id: tweet.tweetId,
          entity_status: "ACTIVE",
          approval_status: "ACCEPTED",
          deleted: tweet.deleted,
          ...dated,
        },
      })),
    ),
  );
