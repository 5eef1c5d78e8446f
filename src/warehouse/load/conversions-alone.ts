import type { NetworkDay } from "../../domain/facts.ts";

const keyOf = ({ date, campaignId, network }: NetworkDay): string => `${date} ${campaignId} ${network}`;

/**
 * Conversions by network of which the platform reports no delivery: late ones of a campaign that has ended. Each such
 * campaign-day and network has a row of delivery too, without any figure, so that nobody who joins from delivery loses them.
 */
export async function* withConversionsAlone(
  batches: AsyncIterable<readonly NetworkDay[]>,
): AsyncGenerator<readonly NetworkDay[]> {
  const delivered = new Set<string>();
  const alone = new Map<string, NetworkDay>();
  for await (const batch of batches) {
    for (const row of batch) {
      const key = keyOf(row);
      if (row.kind === "delivery") {
        delivered.add(key);
        alone.delete(key);
      } else if (!delivered.has(key) && !alone.has(key)) {
        const { date, campaignId, network } = row;
        alone.set(key, {
          kind: "delivery",
          date,
          campaignId,
          network,
          spend: "0",
          impressions: "0",
          clicks: "0",
        });
      }
    }
    yield batch;
  }
  if (alone.size > 0) yield [...alone.values()];
}
