import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { addDays, dayAt } from "../../../src/domain/day.ts";
import { startCompany } from "../../../sandbox/company.ts";
import { onTestFinished } from "vitest";
import { folderWith } from "../../jobs/start-process.ts";
import { openWorld, type World } from "../../sync/support.ts";

/** All worlds of a file begin at one moment: the platforms say the same in each. */
const now = new Date();

const last = addDays(dayAt(now, "UTC"), -1);

export const range = { from: addDays(last, -9), to: last } as const;

const since = addDays(last, -30);

/** All sandbox platforms with breakdowns, a CRM and a help desk, over the database that is named. */
export const worldOver = async (
  databaseUrl: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<World> => {
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
      ...more,
    },
  });
};

/** A folder with the world's config in it, for commands. */
export const folderOf = async ({ configText }: World): Promise<string> => {
  const folder = await folderWith({});
  await writeFile(join(folder, "costper.yaml"), configText(), { mode: 0o600 });
  return folder;
};
