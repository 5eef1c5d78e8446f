import { channelNamed, channels, trafficOf } from "../../domain/channel.ts";
import { clickIdNames } from "../../metrics/channels/click-ids.ts";
import { sortedColumns, sortVisit } from "../../metrics/first-party/visit.ts";
import type { ReadCell } from "../value-format.ts";
import { id, text } from "../values.ts";
import type { ImportContext, Refuse, Values } from "./kind.ts";

const tagNames = ["source", "medium", "campaign", "campaign_id", "term", "content", "referrer_host"] as const;

export const visitIds: readonly string[] = ["campaign_id", ...clickIdNames];

/** The columns that say which visit brought a lead or a conversion. */
export const visitColumns: Readonly<Record<string, ReadCell>> = Object.fromEntries(
  [...tagNames, ...clickIdNames].map((name) => [name, visitIds.includes(name) ? id : text]),
);

const otherIds = clickIdNames.filter((name) => name !== "gclid");

export const visitStaging: Readonly<Record<string, string>> = {
  ...Object.fromEntries(tagNames.map((name) => [name, "text"])),
  gclid: "text",
  click_ids: "jsonb",
  reported_channel: "text",
  ...sortedColumns,
};

/** Sorts the row's visit into a channel; an unknown or contradictory stated channel refuses the row. */
export const stageVisit = (values: Values, refuse: Refuse, context: ImportContext): Values => {
  const { channel, traffic } = values;
  const named = channel === undefined ? undefined : channelNamed(channel);
  if (channel !== undefined && named === undefined)
    refuse("channel", `${JSON.stringify(channel)} is no channel. Known: ${channels.join(", ")}`);
  if (traffic !== undefined && channel === undefined)
    refuse("traffic", "may only be given together with channel");
  if (traffic !== undefined && named !== undefined) {
    const expected = trafficOf(named, context.classify);
    if (traffic.toLowerCase() !== expected) refuse("traffic", `${named} is ${expected}, not ${traffic}`);
  }

  // Plain loops: this runs for every row of files of any size.
  const others: Record<string, string> = {};
  for (const name of otherIds) {
    const id = values[name];
    if (id !== undefined) others[name] = id;
  }
  const visit = sortVisit(
    {
      ...others,
      gclid: values.gclid,
      source: values.source,
      medium: values.medium,
      campaign: values.campaign,
      campaignId: values.campaign_id,
      referrerHost: values.referrer_host,
      reportedChannel: named,
    },
    context.lists,
    context.classify,
  );
  const staged: Record<string, string | undefined> = {
    gclid: values.gclid,
    click_ids: JSON.stringify(others),
    reported_channel: named,
    ...visit,
  };
  for (const name of tagNames) staged[name] = values[name];
  return staged;
};
