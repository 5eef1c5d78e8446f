import { sql } from "kysely";
import { addDays, type Day, type DayRange, eachDay } from "../../domain/day.ts";
import type { Read } from "../../warehouse/reading.ts";

/** The platforms of the configuration and, where it names them, their accounts. */
export type Configured = readonly {
  readonly platform: string;
  readonly accounts?: readonly string[] | undefined;
}[];

/** An account that figures are expected of, or that has some of its own. */
export interface Expected {
  readonly account_key: number | null;
  readonly platform: string;
  readonly account_id: string;
  readonly account_name: string | null;
  readonly currency: string | null;
  readonly time_zone: string;
  readonly is_active: boolean;
  /** Before this day its currency or time zone was another. */
  readonly series_from: Day | null;
  readonly last_good_date: Day | null;
  readonly first_asked: Day | null;
}

/** Where an id stands for several accounts (X: one for each currency), the part before the colon names them all. */
const isConfigured = (configured: Configured | undefined, { platform, account_id }: Expected): boolean => {
  if (configured === undefined) return true;
  const found = configured.find((one) => one.platform === platform);
  if (found === undefined) return false;
  return found.accounts?.some((id) => id === account_id || id === account_id.split(":")[0]) ?? true;
};

/** Every account that the configuration reaches, those included that were asked for and never found. */
export const expectedAccounts = async (
  read: Read,
  configured: Configured | undefined,
): Promise<readonly Expected[]> => {
  const rows = await read<Expected>(sql`
    with asked as (
      select platform, account_id from warehouse.account where series_to is null
      union
      select platform, account_id from ops.account_day
    )
    select a.account_key, k.platform, k.account_id, a.name as account_name, a.currency,
           coalesce(a.time_zone, 'UTC') as time_zone, coalesce(a.is_active, true) as is_active, a.series_from,
           (select d.date from ops.account_day d
            where d.platform = k.platform and d.account_id = k.account_id and d.state in ('complete', 'no_spend')
            order by d.date desc limit 1) as last_good_date,
           (select min(d.date) from ops.account_day d
            where d.platform = k.platform and d.account_id = k.account_id) as first_asked
    from asked k
    left join (select * from warehouse.account where series_to is null) a using (platform, account_id)
    order by k.platform, k.account_id`);
  return rows.filter((account) => isConfigured(configured, account));
};

/** How far back a day is looked for that every account has; beyond that a partial yesterday tells more. */
const patienceDays = 3;

/** What is known of an account's day. */
export interface DayState {
  readonly platform: string;
  readonly account_id: string;
  readonly date: Day;
  readonly state: string;
  readonly cause: string | null;
  readonly fetched_at: Date | null;
}

const wholeStates: ReadonlySet<string> = new Set(["complete", "no_spend", "account_closed"]);

export const readDays = async (read: Read, days: readonly Day[]): Promise<readonly DayState[]> =>
  read<DayState>(sql`
    select platform, account_id, date, state, cause, fetched_at from ops.account_day
    where date = any (${[...days]}::date[])`);

/** Which of the days each account has whole, by platform and id. */
export class WholeDays {
  readonly #days = new Map<string, DayState>();

  constructor(days: readonly DayState[]) {
    for (const day of days) this.#days.set(`${day.platform} ${day.account_id} ${day.date}`, day);
  }

  of({ platform, account_id }: Expected, date: Day): DayState | undefined {
    return this.#days.get(`${platform} ${account_id} ${date}`);
  }

  /** The first day of the range that the account lacks, or undefined. */
  lacking(
    account: Expected,
    range: DayRange,
  ): { readonly date: Day; readonly day: DayState | undefined } | undefined {
    for (const date of eachDay(range)) {
      const day = this.of(account, date);
      if (day === undefined || !wholeStates.has(day.state)) return { date, day };
    }
    return undefined;
  }
}

/**
 * Yesterday: the last day that every active account has. Where that is further back than a few days, the youngest day
 * that any of them has. Undefined where none has any.
 */
export const chooseDay = async (read: Read, accounts: readonly Expected[]): Promise<Day | undefined> => {
  const active = accounts.filter(({ is_active }) => is_active);
  const candidates = active.length > 0 ? active : accounts;
  const youngest = candidates
    .flatMap(({ last_good_date }) => last_good_date ?? [])
    .reduce<Day | undefined>((day, other) => (day === undefined || other > day ? other : day), undefined);
  if (youngest === undefined) return undefined;
  const days = eachDay({ from: addDays(youngest, 1 - patienceDays), to: youngest });
  const whole = new WholeDays(await readDays(read, days));
  const all = days
    .toReversed()
    .find((day) =>
      candidates.every((account) => whole.lacking(account, { from: day, to: day }) === undefined),
    );
  return all ?? youngest;
};
