import { addDays, dayAt } from "../../../src/domain/day.ts";
import { startCompany } from "../../../sandbox/company.ts";
import { onTestFinished } from "vitest";
import { openWorld, type World } from "../../sync/support.ts";

/** All worlds of a file begin at one moment: the platforms say the same in each. */
const now = new Date();

const last = addDays(dayAt(now, "UTC"), -1);

export const range = { from: addDays(last, -9), to: last } as const;

const since = addDays(last, -30);

/** All sandbox platforms with breakdowns, a CRM and a help desk, and a rule, over the database that is named. */
export const worldOver = async (databaseUrl: string): Promise<World> => {
  const company = await startCompany({ clock: () => now, since });
  onTestFinished(() => company.close());
  company.live({ from: since, to: last }, []);
  return openWorld({
    databaseUrl,
    now: now.toISOString(),
    settings: {
      google: { clicks: true, breakdowns: ["device", "country", "keyword", "search_term"] },
      meta: { breakdowns: ["device", "country"] },
      microsoft: { breakdowns: ["device", "country"] },
    },
    config: {
      sources: company.sources,
      alerts: [
        {
          name: "dear",
          metric: "cost_per_conversion",
          by: "campaign",
          above: 5,
          window: "3d",
          currency: "EUR",
        },
      ],
    },
  });
};
