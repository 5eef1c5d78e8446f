const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const pattern = /^(\d{1,5})([mhd])$/;

/** Whether the text is a length of time such as `30m`, `24h` or `7d`. */
export const isDuration = (text: string): boolean => pattern.test(text);

/** The length in ms of `30m`, `24h` or `7d`. @throws RangeError where it is none */
export const durationMs = (text: string): number => {
  const [, count, unit] = pattern.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new RangeError(`no length of time: ${text}`);
  return Number(count) * unitMs[unit as keyof typeof unitMs];
};

/** Whole days of a length of time; undefined where it is not made of whole days. */
export const wholeDays = (text: string): number | undefined => {
  if (!isDuration(text)) return undefined;
  const days = durationMs(text) / unitMs.d;
  return Number.isInteger(days) ? days : undefined;
};
