import { migrate } from "../warehouse/migrate.ts";
import { sourceStatus, sourceTrouble } from "../sources/status.ts";
import { accountStatus, type AccountStatus } from "../warehouse/status.ts";
import { unmatchedActions } from "../metrics/counting.ts";
import { nextDue, scheduleOf } from "../domain/schedule.ts";
import { configuredPlatforms } from "../connectors/registry.ts";
import { daysLeft } from "../warehouse/credentials.ts";
import { credentialStore } from "./credentials.ts";
import { examples, type Register } from "./frame.ts";

/** What is wrong with an account; null where nothing is. */
const problemOf = ({
  outcome,
  failure,
  last_good_date,
  expected_date,
  stale,
}: AccountStatus): string | null => {
  if (outcome === "closed" || outcome === "paused") return null;
  if (outcome === "failed") return failure ?? "the last sync failed";
  if (last_good_date === null) return "was never synced";
  return stale
    ? `the night should have brought ${expected_date}; its last good day is ${last_good_date}`
    : null;
};

const pauseText = (
  platform: string,
  id: string,
  { since, by, reason }: NonNullable<AccountStatus["paused"]>,
): string =>
  `${platform} ${id} is paused since ${since.slice(0, 10)}${by === null ? "" : ` by ${by}`}${reason === null ? "" : `: ${reason}`}; costper accounts resume ${platform} ${id} ends it`;

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
      act(async (frame) => {
        const { globals, out, loadConfig, openApp, report } = frame;
        const config = await loadConfig();
        const { database, now } = await openApp();
        await migrate(database);
        const named = configuredPlatforms(config.connectors).flatMap((platform) =>
          (config.connectors[platform]?.accounts ?? []).map((accountId) => ({ platform, accountId })),
        );
        const accounts = await accountStatus(database.db, named, now(), scheduleOf(config));
        const tokens = (await (await credentialStore(frame, config))(database).ends()).map(
          ({ platform, expiresAt }) => ({
            platform,
            expires_at: expiresAt.toISOString(),
            days: daysLeft(expiresAt, now()),
          }),
        );
        const warnings = (
          await Promise.all(
            configuredPlatforms(config.connectors).map((platform) =>
              unmatchedActions(database.pool, platform, config.connectors),
            ),
          )
        ).flat();
        // A platform that is configured and has no account at all would otherwise just not be there.
        const without = configuredPlatforms(config.connectors).filter(
          (platform) => !accounts.some((account) => account.platform === platform),
        );
        const night = nextDue(scheduleOf(config), now()).toISOString();
        const sources = await sourceStatus(database.pool, config.sources, now());
        if (globals.json)
          out.json({
            accounts,
            tokens,
            warnings,
            platforms_without_account: without,
            next_night: night,
            sources: sources.map(({ name, type, last_good_at, freshness_hours, outcome, failure }) => ({
              name,
              type,
              last_good_at,
              freshness_hours,
              outcome,
              failure,
            })),
          });
        else {
          out.table(
            [
              { title: "platform" },
              { title: "account" },
              { title: "name" },
              { title: "last good day" },
              { title: "hours since", right: true },
              { title: "last sync" },
              { title: "failure" },
            ],
            accounts.map((account) => [
              account.platform,
              account.account_id,
              account.name,
              account.last_good_date,
              account.freshness_hours,
              account.outcome,
              account.failure,
            ]),
          );
          if (sources.length > 0) {
            out.text("");
            out.table(
              [
                { title: "source" },
                { title: "type" },
                { title: "last good" },
                { title: "hours since", right: true },
                { title: "last pull" },
                { title: "failure" },
              ],
              sources.map((source) => [
                source.name,
                source.type,
                source.last_good_at?.slice(0, 16).replace("T", " ") ?? null,
                source.freshness_hours,
                source.outcome,
                source.failure,
              ]),
            );
          }
          if (tokens.length > 0) {
            out.text("");
            out.table(
              [{ title: "platform" }, { title: "token ends" }, { title: "days left", right: true }],
              tokens.map(({ platform, expires_at, days }) => [platform, expires_at.slice(0, 10), days]),
            );
          }
          for (const { platform, account_id, paused } of accounts)
            if (paused !== null) out.text(`\n${pauseText(platform, account_id, paused)}`);
          out.text(`\nNext night: ${night.slice(0, 16).replace("T", " ")} UTC, where costper start runs`);
          for (const { message, remedy } of warnings) out.text(`\n${message}; ${remedy}`);
        }
        for (const platform of without)
          report({
            platform,
            accountId: "",
            what: "has no account yet",
            remedy: `costper sync looks for them; costper connect ${platform} signs in`,
          });
        for (const source of sources) {
          const trouble = sourceTrouble(source, config.sources[source.name]?.maxAgeHours ?? 36);
          if (trouble !== null) report({ platform: "source", accountId: source.name, ...trouble });
        }
        for (const account of accounts) {
          const problem = problemOf(account);
          if (problem !== null)
            report({
              platform: account.platform,
              accountId: account.account_id,
              what: problem,
              remedy: account.remedy ?? "costper doctor says what is wrong, costper sync tries again",
            });
        }
      }),
    );
};
