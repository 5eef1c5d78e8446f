import { migrate } from "../warehouse/migrate.ts";
import { accountStatus, type AccountStatus, staleAfterHours } from "../warehouse/status.ts";
import { configuredPlatforms } from "../connectors/registry.ts";
import { examples, type Register } from "./frame.ts";

/** What is wrong with an account; null where nothing is. */
const problemOf = ({ outcome, failure, freshness_hours }: AccountStatus): string | null => {
  if (outcome === "closed") return null;
  if (outcome === "failed") return failure ?? "the last sync failed";
  if (freshness_hours === null) return "was never synced";
  if (freshness_hours > staleAfterHours)
    return `its last good day ended ${String(Math.round(freshness_hours))} hours ago`;
  return null;
};

export const register: Register = (command, act) => {
  command
    .addHelpText(
      "after",
      examples(
        ["costper status", "one line an account; exit 1 where one is stale or failing"],
        ["costper status --json", "the same for a program"],
      ),
    )
    .action(
      act(async ({ globals, out, loadConfig, openApp, report }) => {
        const config = await loadConfig();
        const { database, now } = await openApp();
        await migrate(database);
        const named = configuredPlatforms(config.connectors).flatMap((platform) =>
          (config.connectors[platform]?.accounts ?? []).map((accountId) => ({ platform, accountId })),
        );
        const accounts = await accountStatus(database.db, named, now());
        if (globals.json) out.json({ accounts });
        else
          out.table(
            [
              { title: "platform" },
              { title: "account" },
              { title: "last good day" },
              { title: "hours since", right: true },
              { title: "last sync" },
              { title: "failure" },
            ],
            accounts.map((account) => [
              account.platform,
              account.account_id,
              account.last_good_date,
              account.freshness_hours,
              account.outcome,
              account.failure,
            ]),
          );
        for (const account of accounts) {
          const problem = problemOf(account);
          if (problem !== null)
            report({
              platform: account.platform,
              accountId: account.account_id,
              what: problem,
              remedy: "costper doctor says what is wrong, costper sync tries again",
            });
        }
      }),
    );
};
