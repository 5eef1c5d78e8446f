/** Random numbers of a seed that is printed: COSTPER_TEST_SEED brings the same ones back. */
export const seededRandom = (what: string): (() => number) => {
  const seed = Number(process.env["COSTPER_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`${what}: COSTPER_TEST_SEED=${String(seed)}\n`);
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
