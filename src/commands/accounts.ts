import { configuredPlatforms } from "../connectors/registry.ts";
import type { Account } from "../domain/facts.ts";
import { asFailure } from "../domain/failure.ts";
import { bareAccountId } from "../connectors/account-ids.ts";
import type { Platform } from "../domain/platform.ts";
import { examples, type Frame, type Register } from "./frame.ts";
import { createConnectors, openMemory } from "../app.ts";
import { credentialStore } from "./credentials.ts";
import type { Config } from "../config.ts";
import type { Day } from "../domain/day.ts";
import { rollUpAccount } from "../metrics/rollup/rollup.ts";
import { acceptAccount } from "../warehouse/accept-account.ts";
import { migrate } from "../warehouse/migrate.ts";
import { registerPauses } from "./account-pauses.ts";
import { parseDay } from "./dates.ts";
import { UsageError } from "./errors.ts";
import { selectedPlatforms } from "./selection.ts";
import { reportUnfit } from "./unfit.ts";

const row = ({ platform, id, name, currency, timeZone, status, active }: Account) => ({
  platform,
  account_id: id,
  name,
  currency,
  time_zone: timeZone,
  status,
  active,
});

/** The account as the platform tells it now. @throws UsageError where the credentials do not reach it */
const findAccount = async (
  frame: Frame,
  config: Config,
  platform: Platform,
  id: string,
): Promise<Account> => {
  const kept = openMemory(config, { tokens: await credentialStore(frame, config) });
  frame.onEnd(kept.close);
  const connector = await createConnectors({
    config,
    log: frame.log,
    memory: kept.memory,
    tokens: kept.tokens,
  })(platform);
  for await (const account of connector.accounts(frame.signal))
    if (account.id === id) {
      if (account.failure) throw account.failure;
      return account;
    }
  throw new UsageError(
    `the credentials do not reach ${platform} ${id}`,
    "costper accounts lists what they reach",
  );
};

const refusals = {
  unknown: ["is not in the warehouse", "costper sync brings it; there is nothing to accept yet"],
  unchanged: ["has the currency and time zone that the warehouse knows", "there is nothing to accept"],
  early: ["began its present series on or after that day", "name a later day with --from"],
} as const;

interface AcceptOptions {
  readonly from?: Day;
}

const accept = async (
  frame: Frame,
  { from }: AcceptOptions,
  name: string,
  written: string,
): Promise<void> => {
  const config = await frame.loadConfig();
  const [platform] = selectedPlatforms(config, { platform: [name as Platform] });
  if (platform === undefined) throw new UsageError(`${name} is not in the config`);
  const id = bareAccountId(platform, written);
  const account = await findAccount(frame, config, platform, id);
  const app = await frame.openApp({ connections: 4 });
  const { pool } = app.database;
  await migrate(app.database);
  const acceptance = await acceptAccount(pool, account, { from, now: app.now() });
  if (acceptance.outcome !== "accepted") {
    const [what, remedy] = refusals[acceptance.outcome];
    throw new UsageError(`${platform} ${id} ${what}`, remedy);
  }
  const { series } = acceptance;
  await rollUpAccount(
    {
      pool,
      reportingCurrency: config.reportingCurrency ?? null,
      signal: app.signal,
      onUnfit: reportUnfit(frame),
    },
    series.closedKey,
  );
  if (frame.globals.json)
    frame.out.json({ platform, account_id: id, change: series.change, series_from: series.from });
  else
    frame.out.text(
      `${platform} ${id}: its ${series.change}; a new series begins on ${series.from}, earlier days stay as they are. costper sync brings it.`,
    );
};

export const register: Register = (command, act) => {
  registerPauses(command, act);
  command
    .command("accept <platform> <id>")
    .description(
      "Accept an account's changed currency or time zone: its days of before are closed, a new series begins.",
    )
    .option("--from <day>", "first day of the new series (default: after the last whole day)", parseDay)
    .addHelpText(
      "after",
      examples(["costper accounts accept meta 1234567890", "after its currency or time zone changed"]),
    )
    .action(
      act<AcceptOptions>((frame, options, platform, id) => accept(frame, options, platform ?? "", id ?? "")),
    );
  command
    .addHelpText(
      "after",
      examples(
        ["costper accounts", "one line an account"],
        ["costper accounts --json", "the same for a program"],
      ),
    )
    .action(
      act(async (frame) => {
        const { globals, out, log, signal, loadConfig, onEnd, report } = frame;
        const config = await loadConfig();
        const kept = openMemory(config, { tokens: await credentialStore(frame, config) });
        onEnd(kept.close);
        const connector = createConnectors({ config, log, memory: kept.memory, tokens: kept.tokens });
        const found: Account[] = [];
        const list = async (platform: Platform): Promise<void> => {
          try {
            for await (const account of (await connector(platform)).accounts(signal))
              if (account.failure)
                report({
                  platform,
                  accountId: account.id,
                  what: account.failure.message,
                  remedy: account.failure.remedy,
                });
              else found.push(account);
          } catch (error) {
            signal.throwIfAborted();
            const { message, remedy, accountId } = asFailure(error);
            report({ platform, accountId: accountId ?? "", what: message, remedy });
          }
        };
        const platforms = configuredPlatforms(config.connectors);
        await Promise.all(platforms.map(list));
        const rows = platforms
          .flatMap((platform) => found.filter((account) => account.platform === platform))
          .map(row);
        if (globals.json) out.json({ accounts: rows });
        else
          out.table(
            ["platform", "id", "name", "currency", "time zone", "status"].map((title) => ({ title })),
            rows.map((account) => [
              account.platform,
              account.account_id,
              account.name,
              account.currency,
              account.time_zone,
              account.status,
            ]),
          );
      }),
    );
};
