import { configuredPlatforms } from "../connectors/registry.ts";
import type { Account } from "../domain/facts.ts";
import { asFailure } from "../domain/failure.ts";
import type { Platform } from "../domain/platform.ts";
import { examples, type Register } from "./frame.ts";
import { createConnectors, openMemory } from "../app.ts";

const row = ({ platform, id, name, currency, timeZone, status, active }: Account) => ({
  platform,
  account_id: id,
  name,
  currency,
  time_zone: timeZone,
  status,
  active,
});

export const register: Register = (command, act) => {
  command
    .addHelpText(
      "after",
      examples(
        ["costper accounts", "one line an account"],
        ["costper accounts --json", "the same for a program"],
      ),
    )
    .action(
      act(async ({ globals, out, log, signal, loadConfig, onEnd, report }) => {
        const config = await loadConfig();
        const kept = openMemory(config);
        onEnd(kept.close);
        const connector = createConnectors({ config, log, memory: kept.memory });
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
