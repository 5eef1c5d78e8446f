import type { Entity } from "../../domain/facts.ts";
import type { NoteAd, NoteGoal } from "./normalize.ts";

/** A name outlives its row: on its own, it does not keep the piece of the file alive that it was cut from. */
const detached = (text: string): string => (text === "" ? "" : Buffer.from(text).toString());

interface Action {
  readonly name: string;
  readonly type: string;
  counted: boolean;
}

/**
 * What the reports of one slice tell of campaigns, ad groups, ads and goals. Names are taken from the reports alone:
 * a deleted ad vanishes from entity lists while its rows stay.
 */
export const createLearned = () => {
  const campaigns = new Map<string, string>();
  const adGroups = new Map<string, { readonly campaignId: string; readonly name: string }>();
  const ads = new Map<
    string,
    { readonly campaignId: string; readonly adGroupId: string; readonly name: string }
  >();
  const actions = new Map<string, Action>();
  const idsByName = new Map<string, Set<string>>();

  const noteCampaign = (id: string, name: string): void => {
    if (id !== "" && (!campaigns.has(id) || (campaigns.get(id) === "" && name !== "")))
      campaigns.set(detached(id), detached(name));
  };
  const noteAd: NoteAd = ({ campaignId, adGroupId, adId }, adGroupName, adTitle) => {
    if (adId !== "" && !ads.has(adId)) {
      ads.set(detached(adId), {
        campaignId: detached(campaignId),
        adGroupId: detached(adGroupId),
        name: detached(adTitle),
      });
      noteCampaign(campaignId, "");
      if (adGroupId !== "" && !adGroups.has(adGroupId))
        adGroups.set(detached(adGroupId), { campaignId: detached(campaignId), name: detached(adGroupName) });
    }
  };
  const noteGoal: NoteGoal = ({ id, name, type, counted }) => {
    const known = actions.get(id);
    if (known) known.counted ||= counted;
    else actions.set(detached(id), { name: detached(name), type: detached(type), counted });
    const ids = idsByName.get(name);
    if (!ids) idsByName.set(detached(name), new Set([detached(id)]));
    else if (!ids.has(id)) ids.add(detached(id));
  };

  return {
    noteCampaign,
    noteAd,
    noteGoal,
    /** The ids of the goals of that name. */
    idsOf: (name: string): readonly string[] => [...(idsByName.get(name) ?? [])],
    *entities(): Generator<Entity> {
      for (const [id, name] of campaigns) yield { kind: "campaign", id, name, status: "", type: "" };
      for (const [id, { campaignId, name }] of adGroups)
        yield { kind: "ad_group", id, campaignId, name, status: "" };
      for (const [id, { campaignId, adGroupId, name }] of ads)
        yield { kind: "ad", id, campaignId, adGroupId, name, status: "" };
      for (const [id, { name, type, counted }] of actions)
        yield {
          kind: "conversion_action",
          id,
          name,
          status: "",
          category: type,
          origin: "",
          primary: counted,
        };
    },
  };
};

export type Learned = ReturnType<typeof createLearned>;
