import type { App } from "../app.ts";
import { addDays, dayAt, type DayRange } from "../domain/day.ts";
import { asFailure } from "../domain/failure.ts";
import type { Account } from "../domain/facts.ts";
import { isNamed, meanTheSame, namesAccount } from "../connectors/account-ids.ts";
import type { Platform } from "../domain/platform.ts";
import { type Difference, reconcileAccount } from "../metrics/reconcile.ts";
import { compareRollups } from "../metrics/rollup/compare.ts";
import { countDays } from "../domain/day.ts";
import { readPauses } from "../warehouse/account-pauses.ts";
import { migrate } from "../warehouse/migrate.ts";
import { checkRange } from "./dates.ts";
import { credentialStore } from "./credentials.ts";
import { examples, type Frame, type Register } from "./frame.ts";
import { formatMoney } from "./output.ts";
import {
  addSelectionOptions,
  askedAccounts,
  refuseUnreached,
  selectedPlatforms,
  type SelectionOptions,
} from "./selection.ts";

interface ReconcileOptions extends SelectionOptions {
  readonly rollups?: boolean;
}

interface AccountResult {
  readonly account: Account;
  readonly days: number;
  readonly differences: readonly Difference[];
}

/** A day that has not ended where the account is adds up to nothing yet: it is left out, unless only it is asked for. */
export const rangeOf = (
  account: Pick<Account, "timeZone">,
  options: Pick<SelectionOptions, "from" | "to">,
  depth: number,
  now: Date,
): DayRange => {
  const today = dayAt(now, account.timeZone);
  const yesterday = addDays(today, -1);
  const isOpenAlone = options.from !== undefined && options.from > yesterday;
  const asked = options.to ?? (isOpenAlone ? today : yesterday);
  const to = asked > yesterday && !isOpenAlone ? yesterday : asked;
  return { from: options.from ?? addDays(to, 1 - depth), to };
};

const reconcilePlatform = async (
  app: App,
  frame: Frame,
  platform: Platform,
  options: ReconcileOptions,
  asked: readonly string[] | undefined,
): Promise<readonly AccountResult[]> => {
  const connector = await app.connector(platform);
  const settings = app.config.connectors[platform];
  const results: AccountResult[] = [];
  const found = new Set<string>();
  const pauses = await readPauses(app.database.pool, platform);
  for (const id of pauses.keys()) app.log.info({ platform, account: id }, "account is paused: left out");
  try {
    for await (const account of connector.accounts(app.signal)) {
      found.add(account.id);
      if (pauses.has(account.id)) continue;
      if (settings?.accounts && !isNamed(platform, settings.accounts, account.id)) continue;
      if (asked && !isNamed(platform, asked, account.id)) continue;
      const depth =
        settings?.lookbackDays ??
        app.config.lookbackDays ??
        connector.restatement({ clickWindowDays: [], viewWindowDays: [] }).nightlyDays;
      const range = rangeOf(account, options, depth, app.now());
      try {
        if (account.failure) throw account.failure;
        const differences = await reconcileAccount({
          db: app.database.db,
          connector,
          account,
          range,
          signal: app.signal,
        });
        results.push({ account, days: countDays(range), differences });
      } catch (error) {
        app.signal.throwIfAborted();
        const failure = asFailure(error);
        const isClosed = failure.kind === "account" && (failure.closed || !account.active);
        if (!isClosed || isNamed(platform, settings?.accounts, account.id))
          frame.report({ platform, accountId: account.id, what: failure.message, remedy: failure.remedy });
      }
    }
  } catch (error) {
    app.signal.throwIfAborted();
    const failure = asFailure(error);
    frame.report({ platform, accountId: "", what: failure.message, remedy: failure.remedy });
    return results;
  }
  for (const accountId of settings?.accounts ?? [])
    if (
      ![...found, ...pauses.keys()].some((id) => namesAccount(platform, accountId, id)) &&
      (asked?.some((id) => meanTheSame(platform, id, accountId)) ?? true)
    )
      frame.report({
        platform,
        accountId,
        what: "the credentials do not reach this account",
        remedy: `give them access to it, or leave it out of connectors.${platform}.accounts`,
      });
  return results;
};

const print = ({ globals, out }: Frame, results: readonly AccountResult[]): void => {
  if (globals.json)
    return out.json({
      accounts: results.map(({ account, days, differences }) => ({
        platform: account.platform,
        account_id: account.id,
        days,
        differences,
      })),
    });
  const rows = results.flatMap(({ account, differences }) =>
    differences.map((day) => [
      account.platform,
      account.id,
      day.date,
      formatMoney(day.platform_spend, account.currency),
      formatMoney(day.our_spend, account.currency),
      formatMoney(day.difference, account.currency),
      day.cause,
    ]),
  );
  if (rows.length > 0)
    out.table(
      ["platform", "account", "date", "platform says", "we have", "difference", "cause"].map((title) => ({
        title,
      })),
      rows,
    );
  const days = results.reduce((sum, result) => sum + result.days, 0);
  return out.text(
    rows.length === 0
      ? `${String(days)} account-days add up to the platforms' own totals`
      : `${String(rows.length)} of ${String(days)} account-days differ`,
  );
};

const proveRollups = async (
  app: App,
  { globals, out }: Frame,
  options: ReconcileOptions,
): Promise<number> => {
  const differences = await compareRollups(
    { pool: app.database.pool, reportingCurrency: app.config.reportingCurrency ?? null, signal: app.signal },
    { from: options.from ?? null, to: options.to ?? null },
  );
  const rows = differences.reduce((sum, difference) => sum + difference.rows, 0);
  if (globals.json) out.json({ rollups: differences });
  else
    out.text(
      rows === 0
        ? "the rollups are what the facts say"
        : `${String(rows)} rows of the rollups do not match the facts; run costper rollup to rebuild them`,
    );
  return rows === 0 ? 0 : 1;
};

export const register: Register = (command, act) => {
  addSelectionOptions(command)
    .option("--rollups", "instead: recompute the rollups from the facts and compare")
    .addHelpText(
      "after",
      examples(
        ["costper reconcile", "the lookback of every account"],
        ["costper reconcile --from 2026-10-01 --json", "for a program; exit 1 where something differs"],
        ["costper reconcile --rollups", "prove that the rollups equal the facts"],
      ),
    )
    .action(
      act<ReconcileOptions>(async (frame, options) => {
        checkRange(options, new Date());
        const config = await frame.loadConfig();
        const platforms = selectedPlatforms(config, options);
        const asked = askedAccounts(config, platforms, options);
        await refuseUnreached(config, options, frame);
        const app = await frame.openApp({ tokens: await credentialStore(frame, config) });
        await migrate(app.database);
        if (options.rollups) return proveRollups(app, frame, options);
        const results = await Promise.all(
          platforms.map((platform) => reconcilePlatform(app, frame, platform, options, asked(platform))),
        );
        const all = results.flat();
        print(frame, all);
        for (const { account, differences } of all)
          if (differences.length > 0)
            frame.report({
              platform: account.platform,
              accountId: account.id,
              what: `${differences.length === 1 ? "1 day differs:" : `${String(differences.length)} days differ, the first is`} ${differences[0]?.date ?? ""}`,
              remedy: "costper sync asks for those days again",
            });
        return undefined;
      }),
    );
};
