import { addDays, countDays, type DayRange, eachDay } from "../../domain/day.ts";
import { asFailure, type Failure } from "../../domain/failure.ts";
import { markDays } from "../account-days.ts";
import { type LoadedSlice, loadSlice, type SliceToLoad } from "./load-slice.ts";
import { totalsOf } from "./unchanged.ts";

/** How often parts of one window are pulled to find its unreadable days: enough for two among thirty-one. */
const pullsForDays = 20;

const halvesOf = ({ from, to }: DayRange): readonly DayRange[] => {
  const middle = addDays(from, Math.floor(countDays({ from, to }) / 2));
  return [
    { from: middle, to },
    { from, to: addDays(middle, -1) },
  ];
};

const unreadable = (date: string, { message }: Failure) => ({
  date,
  platform_spend: "0",
  fetched_spend: "0",
  problem: message,
  warning: null,
});

/**
 * Loads a slice of which the day is the unit of truth: where the platform's answer cannot be read, the days that are
 * to blame are found by halving, and fail alone.
 * @throws Failure of kind `data` where no day of the window can be read; any other as the load gives it.
 */
export const loadApart = async (slice: SliceToLoad): Promise<LoadedSlice> => {
  const { pool, pull } = slice;
  const parts: LoadedSlice[] = [];
  const failed: ReturnType<typeof unreadable>[] = [];
  let first: Failure | undefined;
  let left = pullsForDays;

  const load = async (window: DayRange): Promise<void> => {
    try {
      left -= 1;
      const withEntities = slice.withEntities && parts.length === 0;
      parts.push(await loadSlice({ ...slice, withEntities, pull: { ...pull, ...window } }));
    } catch (error) {
      const failure = asFailure(error);
      if (failure.kind !== "data" || pull.signal.aborted) throw error;
      first ??= failure;
      if (window.from < window.to && left >= 2) for (const half of halvesOf(window)) await load(half);
      else failed.push(...eachDay(window).map((date) => unreadable(date, failure)));
    }
  };
  await load(pull);
  const [only] = parts;
  if (first === undefined && only !== undefined) return only;
  if (first !== undefined && parts.length === 0) throw first;
  const account = { platform: pull.account.platform, accountId: pull.account.id };
  for (const { date, problem } of failed)
    await markDays(pool, { ...account, from: date, to: date }, "failed", problem);
  return {
    rowsRead: parts.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
    rowsWritten: parts.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    failedDays: [...parts.flatMap(({ failedDays }) => failedDays), ...failed].sort((a, b) =>
      a.date < b.date ? -1 : 1,
    ),
    oddDays: parts.flatMap(({ oddDays }) => oddDays),
    lackingBreakdowns: parts.flatMap(({ lackingBreakdowns }) => lackingBreakdowns),
    ...(await totalsOf(pool, pull)),
  };
};
