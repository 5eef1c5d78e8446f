import { classify, type ClassifyOptions, type VisitInput } from "../channels/classify.ts";
import { platformOfSource } from "../channels/click-ids.ts";
import type { SourceLists } from "../channels/lists.ts";
import { normalize } from "../channels/normalize.ts";

/** The columns of a row that hold what `sortVisit` says, each with its type. */
export const sortedColumns = {
  tag_channel: "text",
  tag_traffic: "text",
  tag_platform: "text",
  tag_evidence: "text",
  source_platform: "text",
  is_conflict: "boolean",
  is_stale_suspected: "boolean",
} as const;

/** What a lead's or conversion's row holds of the visit that brought it, as text for the database. */
export const sortVisit = (visit: VisitInput, lists: SourceLists, options: ClassifyOptions) => {
  const { channel, traffic, platform, evidence, conflict, staleSuspected } = classify(visit, lists, options);
  return {
    tag_channel: channel as string,
    tag_traffic: traffic as string,
    tag_platform: platform ?? undefined,
    tag_evidence: evidence as string,
    source_platform: platform ?? platformOfSource(normalize(visit.source)),
    is_conflict: String(conflict),
    is_stale_suspected: String(staleSuspected),
  };
};
