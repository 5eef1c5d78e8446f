import * as z from "zod";
import type { Entity } from "../../domain/facts.ts";
import type { Pull } from "../connector.ts";
import { accountPart } from "./account-parts.ts";
import type { Ask } from "./client.ts";
import { countedByDefault, webConversionTypes } from "./conversion-types.ts";
import type { Funding } from "./fundings.ts";
import { pagesOf } from "./paging.ts";

const common = {
  id: z.string().min(1),
  entity_status: z.string().nullish(),
  deleted: z.boolean().nullish(),
};
const campaignShape = z.object({
  ...common,
  name: z.string().nullish(),
  currency: z.string().nullish(),
  funding_instrument_id: z.string().nullish(),
});
const lineItemShape = z.object({
  ...common,
  name: z.string().nullish(),
  campaign_id: z.string().min(1),
  objective: z.string().nullish(),
});
const tweetShape = z.object({
  ...common,
  line_item_id: z.string().min(1),
  tweet_id: z.union([z.string(), z.number()]).transform(String).nullish(),
});

const statusOf = ({
  deleted,
  entity_status,
}: {
  deleted?: boolean | null | undefined;
  entity_status?: string | null | undefined;
}): string => (deleted === true ? "DELETED" : (entity_status ?? ""));

/** The database keeps no NUL. */
const nameOf = (name: string | null | undefined): string => (name ?? "").replaceAll("\0", "");

type Kind<K extends Entity["kind"]> = Extract<Entity, { readonly kind: K }>;

/** What exists in one currency of an X account, deleted things too. */
export interface Catalogue {
  readonly campaigns: ReadonlyMap<string, Kind<"campaign">>;
  readonly adGroups: ReadonlyMap<string, Kind<"ad_group">>;
  readonly ads: ReadonlyMap<string, Kind<"ad">>;
}

/** X has no list by currency: the whole account is read, and what is paid in another currency is left out. */
export const readCatalogue = async (
  ask: Ask,
  { account, signal }: Pull,
  fundings: readonly Funding[],
): Promise<Catalogue> => {
  const { ownId } = accountPart(account.id);
  const currencyOf = new Map(fundings.map(({ id, currency }) => [id, currency]));
  const list = <Item extends z.ZodType>(name: string, item: Item) =>
    pagesOf(
      ask,
      { path: ["accounts", ownId, name], name: name.replace("_", " "), accountId: ownId, signal },
      item,
    );

  const campaigns = new Map<string, Kind<"campaign">>();
  for await (const page of list("campaigns", campaignShape))
    for (const campaign of page) {
      const currency = currencyOf.get(campaign.funding_instrument_id ?? "") ?? campaign.currency;
      if (currency !== account.currency) continue;
      const { id, name } = campaign;
      campaigns.set(id, { kind: "campaign", id, name: nameOf(name), status: statusOf(campaign), type: "" });
    }

  const adGroups = new Map<string, Kind<"ad_group">>();
  for await (const page of list("line_items", lineItemShape))
    for (const lineItem of page) {
      const { id, campaign_id: campaignId, objective } = lineItem;
      const campaign = campaigns.get(campaignId);
      if (!campaign) continue;
      adGroups.set(id, {
        kind: "ad_group",
        id,
        campaignId,
        name: nameOf(lineItem.name),
        status: statusOf(lineItem),
      });
      // The objective stands on line items; those of one campaign share it.
      if (campaign.type === "" && objective) campaigns.set(campaignId, { ...campaign, type: objective });
    }

  const ads = new Map<string, Kind<"ad">>();
  for await (const page of list("promoted_tweets", tweetShape))
    for (const tweet of page) {
      const { id, line_item_id: adGroupId, tweet_id } = tweet;
      const campaignId = adGroups.get(adGroupId)?.campaignId;
      if (campaignId === undefined) continue;
      ads.set(id, { kind: "ad", id, adGroupId, campaignId, name: nameOf(tweet_id), status: statusOf(tweet) });
    }
  return { campaigns, adGroups, ads };
};

const counted: readonly string[] = countedByDefault;

/** A conversion type is a conversion action. X's own id of it is its name without `conversion_`. */
export const conversionAction = (type: string): Kind<"conversion_action"> => ({
  kind: "conversion_action",
  id: type,
  name: type.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase()),
  status: "ENABLED",
  category: type.toUpperCase(),
  origin: "WEBSITE",
  primary: counted.includes(type),
});

export const knownActions: readonly Entity[] = webConversionTypes.map(conversionAction);
