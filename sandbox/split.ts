/** Parts of what a campaign did, for reports by device, country and the like. */

/** A whole number in shares that add up to it: what is left over by rounding down is the first's. Shares of 1 or less. */
export const shareOut = (figure: number, shares: readonly number[]): number[] => {
  const parts = shares.map((share) => Math.floor(figure * share));
  const whole = shares.reduce((sum, share) => sum + share, 0) > 0.999;
  const rest = whole ? figure - parts.reduce((sum, part) => sum + part, 0) : 0;
  return parts.map((part, index) => (index === 0 ? part + rest : part));
};
