import { addDays, type Day, dayAt, type DayRange } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import { linesOf } from "../lines.ts";
import type { Pulled, SourceContext, StreamAsk } from "../source.ts";

/** How people reach a company. */
const contactChannels = ["email", "form", "chat", "call", "social", "message", "api", "other"] as const;

export type ContactChannel = (typeof contactChannels)[number];

/** The last whole days, or those that were asked for. @throws Failure `request` */
export const daysAsked = (
  { name, timeZone, now }: SourceContext,
  lookbackDays: number,
  { from, to }: StreamAsk,
): DayRange => {
  const yesterday = addDays(dayAt(now(), timeZone), -1);
  const last = to !== undefined && to < yesterday ? to : yesterday;
  const range = { from: from ?? addDays(last, 1 - lookbackDays), to: last };
  if (range.from <= range.to) return range;
  throw new Failure({
    kind: "request",
    message: `source ${name}: no day is over yet from ${range.from} on`,
    remedy: "name an earlier --from",
  });
};

/** A day's count as `warehouse.measure_daily` keeps it. */
export interface Figure {
  readonly date: Day;
  readonly measure: "calls_in" | "calls_out" | "contacts";
  readonly label: string;
  readonly value: number;
}

/** The figures of a day's calls; what is answered and comes in is a contact, too, where contacts are counted. */
export const callFigures = (
  date: Day,
  source: string,
  counts: { readonly in: number; readonly out: number; readonly contacts: number | undefined },
): readonly Figure[] => [
  { date, measure: "calls_in", label: source, value: counts.in },
  { date, measure: "calls_out", label: source, value: counts.out },
  ...(counts.contacts === undefined
    ? []
    : [{ date, measure: "contacts" as const, label: `${source}/call`, value: counts.contacts }]),
];

/** The figures of a day's written contacts: zeros too, so that a channel that vanished from the day goes. */
export const contactFigures = (
  date: Day,
  source: string,
  counts: ReadonlyMap<ContactChannel, number>,
): readonly Figure[] =>
  contactChannels
    .filter((channel) => channel !== "call")
    .map((channel) => ({
      date,
      measure: "contacts",
      label: `${source}/${channel}`,
      value: counts.get(channel) ?? 0,
    }));

/** A recount that is so much lower than before tells of a purge, not of the day. */
const leastShare = 0.9;

/** Leaves out days whose recount lost too much of what is stored. */
const withoutPurged = async (
  { name, log, database }: SourceContext,
  figures: readonly Figure[],
): Promise<readonly Figure[]> => {
  const labels = [...new Set(figures.map(({ label }) => label))];
  const { rows } = await database.pool.query<{ date: Day; measure: string; value: string }>(
    `select date, measure, sum(value) as value from warehouse.measure_daily
     where label = any ($1) and import_source = $2 and date = any ($3::date[]) group by date, measure`,
    [labels, name, [...new Set(figures.map(({ date }) => date))]],
  );
  const purged = new Set<string>();
  for (const { date, measure, value } of rows) {
    const now = figures
      .filter((figure) => figure.date === date && figure.measure === measure)
      .reduce((sum, figure) => sum + figure.value, 0);
    if (now >= Number(value) * leastShare) continue;
    purged.add(`${date} ${measure}`);
    log.warn(
      { date, measure, before: Number(value), now },
      "a recount lost so much that the day stays as it was; --from takes it",
    );
  }
  return figures.filter(({ date, measure }) => !purged.has(`${date} ${measure}`));
};

/** Lands counts in the place of those of the same days; a day asked for by `--from` is taken as it comes. */
export const landFigures = async (
  context: SourceContext,
  ask: StreamAsk,
  figures: readonly Figure[],
  read: number,
): Promise<Pulled> => {
  const kept = ask.from === undefined ? await withoutPurged(context, figures) : figures;
  const rows = kept.map((figure) => ({ ...figure, value: String(figure.value) }));
  const result = await ask.land({
    kind: "measures",
    bytes: { records: linesOf(["date", "measure", "label", "value"], [rows]) },
  });
  return { rowsRead: read, rowsWritten: result.inserted + result.changed, mark: context.now() };
};
