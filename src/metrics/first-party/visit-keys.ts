import { escapeLiteral } from "pg";
import { profiles } from "../../connectors/registry.ts";

/** A click id of a row `t`: gclid has a column of its own. */
const clickIdOf = (name: string): string =>
  name === "gclid" ? "t.gclid" : `t.click_ids ->> ${escapeLiteral(name)}`;

/** The click id that a platform's click report explains, with its platform; the first there is, in the registry's order. */
export const reportedClick = (): { readonly id: string; readonly platform: string } => {
  const reported = profiles().flatMap(({ name, clicks }) =>
    clicks?.reportedId === undefined
      ? []
      : [{ platform: escapeLiteral(name), id: clickIdOf(clicks.reportedId) }],
  );
  const cases = reported.map(({ id, platform }) => `when ${id} is not null then ${platform}`);
  return {
    id: `coalesce(${["null::text", ...reported.map(({ id }) => id)].join(", ")})`,
    platform: `case ${["when false then ''", ...cases].join(" ")} end`,
  };
};

/** The campaign ids that platforms add to the landing page's address themselves. */
const taggedCampaignIds = (): readonly string[] =>
  profiles().flatMap(({ clicks }) =>
    clicks?.campaignId === undefined ? [] : [clickIdOf(clicks.campaignId)],
  );

/** In SQL: what a lead or conversion `t` names of the platforms. Indexes stand on just these expressions. */
export const visitKeys = {
  click: (): string => reportedClick().id,
  entity: (): string =>
    `coalesce(${["nullif(trim(t.campaign_id), '')", ...taggedCampaignIds()].join(", ")}, case when trim(t.campaign) ~ '^[0-9]+$' then trim(t.campaign) end)`,
  name: (): string => "lower(trim(t.campaign))",
} as const;
