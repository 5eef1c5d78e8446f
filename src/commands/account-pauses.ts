import { bareAccountId } from "../connectors/account-ids.ts";
import type { Platform } from "../domain/platform.ts";
import { pauseAccount, resumeAccount } from "../warehouse/account-pauses.ts";
import { migrate } from "../warehouse/migrate.ts";
import { UsageError } from "./errors.ts";
import { examples, type Frame, type Register } from "./frame.ts";
import { selectedPlatforms } from "./selection.ts";
import { userName } from "./who.ts";

interface Named {
  readonly platform: Platform;
  readonly accountId: string;
}

const namedAccount = async (frame: Frame, name: string, written: string): Promise<Named> => {
  const [platform] = selectedPlatforms(await frame.loadConfig(), { platform: [name as Platform] });
  if (platform === undefined) throw new UsageError(`${name} is not in the config`);
  return { platform, accountId: bareAccountId(platform, written) };
};

const pause = async (frame: Frame, account: Named, reason: string | null): Promise<void> => {
  const { database } = await frame.openApp({ connections: 4 });
  await migrate(database);
  const { platform, accountId } = account;
  if (!(await pauseAccount(database.db, { ...account, madeBy: userName(), reason })))
    throw new UsageError(
      `${platform} ${accountId} is not in the warehouse`,
      "costper status lists the accounts that are",
    );
  if (frame.globals.json) frame.out.json({ platform, account_id: accountId, paused: true });
  else
    frame.out.text(
      `${platform} ${accountId} is paused: nothing is pulled of it until costper accounts resume ${platform} ${accountId}. Its figures stay.`,
    );
};

const resume = async (frame: Frame, account: Named): Promise<void> => {
  const { database } = await frame.openApp({ connections: 4 });
  await migrate(database);
  const { platform, accountId } = account;
  if (!(await resumeAccount(database.db, account)))
    throw new UsageError(`${platform} ${accountId} is not paused`, "costper status lists what is");
  if (frame.globals.json) frame.out.json({ platform, account_id: accountId, paused: false });
  else
    frame.out.text(
      `${platform} ${accountId} goes on: the next night, or costper sync, asks for the days that were left out.`,
    );
};

/** `costper accounts pause` and `costper accounts resume`. */
export const registerPauses: Register = (command, act) => {
  command
    .command("pause <platform> <id>")
    .description("Pull nothing of an account until it is resumed. Its figures stay; no night fails for it.")
    .option("--reason <text>", "why, for those who wonder later")
    .addHelpText(
      "after",
      examples([
        'costper accounts pause meta 1234567890 --reason "moves to another agency"',
        "until it is resumed",
      ]),
    )
    .action(
      act<{ reason?: string }>(async (frame, { reason }, platform = "", id = "") =>
        pause(frame, await namedAccount(frame, platform, id), reason ?? null),
      ),
    );
  command
    .command("resume <platform> <id>")
    .description("Pull a paused account again, with the days that were left out.")
    .addHelpText("after", examples(["costper accounts resume meta 1234567890", "from the next night on"]))
    .action(
      act(async (frame, _options, platform = "", id = "") =>
        resume(frame, await namedAccount(frame, platform, id)),
      ),
    );
};
