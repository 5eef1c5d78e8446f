import type { ConnectorContext, Pull } from "../connector.ts";
import { accountPart } from "./account-parts.ts";
import { type ActiveKind, type Activity, readActivity } from "./activity.ts";
import type { Ask } from "./client.ts";
import { type Catalogue, readCatalogue } from "./entities.ts";
import { currenciesOf, type Funding, type Fundings } from "./fundings.ts";

/** What is known of a slice before its figures: what exists, and what of it was active. Each asked for once. */
export interface SliceKnowledge {
  catalogue(): Promise<Catalogue>;
  active(kind: ActiveKind): Promise<readonly Activity[]>;
}

const once = <T>(load: () => Promise<T>): (() => Promise<T>) => {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      // A failed answer is asked for anew.
      loading = undefined;
      throw error;
    });
    return loading;
  };
};

export const knowledgeOf = (
  ask: Ask,
  fundings: Fundings,
  { now }: ConnectorContext,
  pull: Pull,
): SliceKnowledge => {
  const { ownId } = accountPart(pull.account.id);
  const paidFrom = once(() => fundings(ownId, pull.signal));
  const catalogue = once(async () => readCatalogue(ask, pull, await paidFrom()));
  const all = {
    FUNDING_INSTRUMENT: once(() => readActivity(ask, pull, "FUNDING_INSTRUMENT", now())),
    CAMPAIGN: once(() => readActivity(ask, pull, "CAMPAIGN", now())),
    PROMOTED_TWEET: once(() => readActivity(ask, pull, "PROMOTED_TWEET", now())),
  };

  /** What no list names belongs to the account where it has one currency; with several nobody can tell. */
  const ofOneCurrency = async (): Promise<boolean> => currenciesOf(await paidFrom()).length <= 1;

  const isOwnFunding = (list: readonly Funding[], id: string, single: boolean): boolean => {
    const found = list.find((funding) => funding.id === id);
    return found ? found.currency === pull.account.currency : single;
  };

  return {
    catalogue,
    async active(kind) {
      const [activities, single] = [await all[kind](), await ofOneCurrency()];
      switch (kind) {
        case "FUNDING_INSTRUMENT": {
          const list = await paidFrom();
          return activities.filter(({ id }) => isOwnFunding(list, id, single));
        }
        case "CAMPAIGN": {
          const { campaigns } = await catalogue();
          return single ? activities : activities.filter(({ id }) => campaigns.has(id));
        }
        case "PROMOTED_TWEET": {
          // Of a tweet without a known campaign the figures stand in the campaign's rest.
          const { ads } = await catalogue();
          return activities.filter(({ id }) => ads.has(id));
        }
      }
    },
  };
};
