/** A `Retry-After` header as ms from now, seconds or a date; undefined where there is none that can be read. */
export const retryAfterMs = (header: string | null | undefined, now: Date): number | undefined => {
  if (header == null) return undefined;
  const ms = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now.getTime();
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
};
