import { sql } from "kysely";
import type { Day } from "../domain/day.ts";
import { expectedDay, type Schedule } from "../domain/schedule.ts";
import type { Read } from "../warehouse/reading.ts";
import { type Configured, type Expected, expectedAccounts } from "./morning/accounts.ts";

/** What the configuration asks for and no figure tells of: absent is not zero, so it is said wherever figures are. */
export interface Missing {
  readonly platform: string;
  /** Null where nothing of the whole platform is known. */
  readonly account_id: string | null;
  readonly account_name: string | null;
  readonly last_good_date: Day | null;
  readonly text: string;
  readonly remedy: string;
}

interface Trouble {
  readonly platform: string;
  readonly account_id: string;
  readonly failure: string | null;
  readonly remedy: string | null;
}

/** What went wrong with each account's last slice. */
const readTroubles = (read: Read): Promise<readonly Trouble[]> =>
  read(sql`
    select k.platform, k.account_id, s.failure, nullif(s.remedy, '') as remedy
    from (select distinct platform, account_id from ops.account_day) k
    cross join lateral (
      select outcome, failure, remedy from ops.slice s
      where s.platform = k.platform and s.account_id = k.account_id order by started_at desc limit 1
    ) s
    where s.outcome = 'failed'`);

const usualRemedy = "costper doctor says what is wrong, costper sync tries again";

const nameOf = ({ account_id, account_name }: Expected): string =>
  account_name === null || account_name === "" ? account_id : `${account_name} (${account_id})`;

export interface MissingQuestion {
  readonly read: Read;
  readonly configured: Configured | undefined;
  readonly schedule: Schedule;
  readonly now: Date;
}

/** Configured platforms without any figure, and active accounts that lack the day that they should have by now. */
export const readMissing = async ({
  read,
  configured,
  schedule,
  now,
}: MissingQuestion): Promise<readonly Missing[]> => {
  const accounts = await expectedAccounts(read, configured);
  const troubles = new Map(
    (await readTroubles(read)).map((row) => [`${row.platform} ${row.account_id}`, row]),
  );
  const troubleOf = ({ platform, account_id }: Expected): Trouble | undefined =>
    troubles.get(`${platform} ${account_id}`);
  const platforms = configured?.map(({ platform }) => platform) ?? [];
  const silent = [...new Set([...platforms, ...accounts.map(({ platform }) => platform)])].filter(
    (platform) =>
      !accounts.some((account) => account.platform === platform && account.last_good_date !== null),
  );
  const whole = silent.map((platform): Missing => {
    const own = accounts.filter((account) => account.platform === platform);
    const trouble = own.map(troubleOf).find((one) => one?.failure != null);
    return {
      platform,
      account_id: null,
      account_name: null,
      last_good_date: null,
      text:
        own.length === 0
          ? `${platform} is configured and has no account yet: every figure is without it`
          : `${platform} is configured and has no figures yet: every figure is without it${trouble?.failure == null ? "" : ` (${trouble.failure})`}`,
      remedy:
        own.length === 0
          ? `costper sync looks for them; costper connect ${platform} signs in`
          : (trouble?.remedy ?? usualRemedy),
    };
  });
  const behind = accounts
    .filter(({ platform, is_active }) => is_active && !silent.includes(platform))
    .filter(({ last_good_date, time_zone }) => (last_good_date ?? "") < expectedDay(schedule, time_zone, now))
    .map((account): Missing => {
      const { platform, account_id, account_name, last_good_date } = account;
      const trouble = troubleOf(account);
      const since =
        last_good_date === null ? "has no figures yet" : `has figures up to ${last_good_date} only`;
      return {
        platform,
        account_id,
        account_name,
        last_good_date,
        text: `${platform} ${nameOf(account)} ${since}${trouble?.failure == null ? "" : `: ${trouble.failure}`}`,
        remedy: trouble?.remedy ?? usualRemedy,
      };
    });
  return [...whole, ...behind];
};
