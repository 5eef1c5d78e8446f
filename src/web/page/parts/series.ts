/** A day as the chart's place: seconds since 1970 at its midnight in UTC. */
export const seconds = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 1000;

/** The day at a place of the chart. */
export const placeDay = (place: number): string => new Date(place * 1000).toISOString().slice(0, 10);

/** One value a date, null where there is none. For drawing only: figures to read stay decimal text. */
export const valuesBy = <Row extends { readonly date: string }>(
  dates: readonly string[],
  rows: readonly Row[],
  pick: (row: Row) => string | null,
): (number | null)[] => {
  const byDate = new Map(rows.map((row) => [row.date, pick(row)]));
  return dates.map((date) => {
    const value = byDate.get(date) ?? null;
    return value === null ? null : Number(value);
  });
};

/** The runs of dates on which anything is not final; none where nothing is: a shade over all tells nothing apart. */
export const settling = (
  dates: readonly string[],
  rows: readonly { readonly date: string; readonly is_final: boolean }[],
): (readonly [number, number])[] => {
  const young = new Set(rows.filter(({ is_final }) => !is_final).map(({ date }) => date));
  const runs: [number, number][] = [];
  let open: [number, number] | undefined;
  for (const date of dates) {
    if (!young.has(date)) open = undefined;
    else if (open === undefined) runs.push((open = [seconds(date), seconds(date)]));
    else open[1] = seconds(date);
  }
  return dates.every((date) => young.has(date)) ? [] : runs;
};
