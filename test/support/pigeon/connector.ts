import type { OpenConnector, Pull } from "../../../src/connectors/connector.ts";
import { Failure } from "../../../src/domain/failure.ts";
import type { PigeonSettings } from "./platform.ts";
import type { pigeonDay } from "./sandbox.ts";

type Day = typeof pigeonDay & { readonly date: string };

const ids = { campaignId: "c1", adGroupId: "", adId: "p1" };

/** Speaks to the pigeons' sandbox as the connectors of `src` speak to theirs. */
const openPigeon: OpenConnector<PigeonSettings> = ({ key, endpoints }, { limits }) => {
  const get = (accountId: string | null, path: string, signal: AbortSignal): Promise<unknown> =>
    limits.run(accountId, signal, async () => {
      const answer = await fetch(`${endpoints.api}${path}`, {
        headers: { authorization: `Key ${key}` },
        signal,
      });
      if (answer.status === 401)
        throw new Failure({
          kind: "credentials",
          platform: "pigeon",
          message: "the key is refused",
          remedy: "set connectors.pigeon.key",
        });
      return answer.json();
    });
  const daysOf = async ({ account, from, to, signal }: Pull): Promise<readonly Day[]> => {
    const path = `/accounts/${encodeURIComponent(account.id)}/days?from=${from}&to=${to}`;
    return (await get(account.id, path, signal)) as readonly Day[];
  };
  return {
    platform: "pigeon",
    windowDays: 30,
    historyMonths: 24,
    networkSplit: "exact",
    concurrency: { platform: 2, account: 1 },
    restatement: () => ({ nightlyDays: 3, finalAfterDays: 3 }),
    async *accounts(signal) {
      const found = await get(null, "/accounts", signal);
      for (const { id, name, currency, zone } of found as readonly Record<
        "id" | "name" | "currency" | "zone",
        string
      >[])
        yield { platform: "pigeon", id, name, currency, timeZone: zone, status: "AWAKE", active: true };
    },
    async *entities() {
      yield [
        { kind: "campaign", id: "c1", name: "Bread crumbs", status: "FLYING", type: "square" },
        { kind: "ad", id: "p1", campaignId: "c1", adGroupId: "", name: "Ring", status: "FLYING" },
        ...["landing", "coo"].map((id) => ({
          kind: "conversion_action" as const,
          id,
          name: id,
          status: "ON",
          category: "",
          origin: "",
          primary: true,
        })),
      ];
    },
    async *performance(pull) {
      yield (await daysOf(pull)).map(({ date, spend, impressions, clicks }) => ({
        date,
        ...ids,
        spend,
        impressions,
        clicks,
      }));
    },
    async *conversions(pull) {
      yield (await daysOf(pull)).flatMap(({ date, conversions, value, coos }) =>
        [
          { actionId: "landing", conversions, conversionValue: value },
          { actionId: "coo", conversions: coos, conversionValue: "0" },
        ].map((counted) => ({ date, ...ids, attribution: "", traffic: "paid" as const, ...counted })),
      );
    },
    async *networks(pull) {
      yield (await daysOf(pull)).map(({ date, spend, impressions, clicks }) => ({
        kind: "delivery" as const,
        date,
        campaignId: ids.campaignId,
        network: "square",
        spend,
        impressions,
        clicks,
      }));
    },
    async *totals(pull) {
      yield (await daysOf(pull)).map(({ date, spend, impressions, clicks }) => ({
        date,
        spend,
        impressions,
        clicks,
      }));
    },
  };
};

export default openPigeon;
