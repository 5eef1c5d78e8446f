import { Failure } from "../../domain/failure.ts";
import type { Platform } from "../../domain/platform.ts";

/** How far the clock of each server was ahead of ours when it last answered, in ms. */
const ahead = new Map<string, number>();
const mostHosts = 100;

/**
 * To be told of every answer. `Date` is the sender's clock at that moment, `Age` how long the answer lay in a cache
 * since (RFC 9110 section 6.6.1, RFC 9111 section 5.1).
 */
export const noteServerTime = (host: string, date: string | null, age: string | null): void => {
  const sentAt = Date.parse(date ?? "");
  if (Number.isNaN(sentAt)) return;
  if (ahead.size >= mostHosts) ahead.clear();
  ahead.set(host, sentAt + Number(age ?? 0) * 1_000 - Date.now());
};

/** A day is another one from here on; less is for `costper doctor` to say. */
export const tolerableMs = 3_600_000;

/** What a server's clock says of ours. */
export interface ClockDifference {
  readonly host: string;
  /** Positive where ours is behind. */
  readonly ms: number;
}

/** By the server that agrees with us most: a single one whose own clock is wrong proves nothing. Undefined before any answer. */
export const clockDifference = (): ClockDifference | undefined =>
  [...ahead].map(([host, ms]) => ({ host, ms })).sort((a, b) => Math.abs(a.ms) - Math.abs(b.ms))[0];

const minute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;

export const clockRemedy = "set the clock (timedatectl set-ntp true), and run the command again";

export const clockSentence = ({ host, ms }: ClockDifference): string =>
  `the clock of this machine is wrong: it says ${minute(Date.now())}, ${host} says ${minute(Date.now() + ms)}`;

/** The failure of whatever depends on the day, where our clock is wrong by all servers that have answered. */
export const wrongClock = (platform?: Platform): Failure | undefined => {
  const found = clockDifference();
  if (!found || Math.abs(found.ms) <= tolerableMs) return undefined;
  return new Failure({
    kind: "request",
    code: "clock",
    ...(platform === undefined ? {} : { platform }),
    message: clockSentence(found),
    remedy: `${clockRemedy}; no day was asked for`,
  });
};
