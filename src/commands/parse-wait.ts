import { InvalidArgumentError } from "commander";

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `90s`, `15m`, `1h`; a bare number is seconds. In ms. */
export const parseWait = (text: string): number => {
  const [, amount, unit = "s"] = /^(\d+)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  if (amount === undefined) throw new InvalidArgumentError("A duration looks like 90s, 15m or 1h.");
  return Number(amount) * unitMs[unit as keyof typeof unitMs];
};
