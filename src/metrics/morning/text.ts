import { DateTime } from "luxon";
import type { Day, DayRange } from "../../domain/day.ts";
import { type Decimal, fromUnits, toUnits } from "../../domain/decimal.ts";

/** Figures and days as a morning writes them, in a page, a chat, a mail or a terminal alike. */

/** Decimals of the unit that is paid in: euro 2, yen 0; two more where a conversion costs less than one. */
export const decimalsOf = (currency: string, cost: Decimal | null): number => {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const decimals = format.resolvedOptions().maximumFractionDigits ?? 2;
  const small = cost !== null && toUnits(cost, 6) !== 0n && toUnits(cost, 6) < 1_000_000n;
  return small ? decimals + 2 : decimals;
};

const grouped = (digits: string): string => digits.replaceAll(/\B(?=(\d{3})+$)/g, ",");

export const decimalText = (value: Decimal, decimals: number): string => {
  const [whole = "", fraction] = fromUnits(toUnits(value, decimals), decimals).split(".");
  const units = whole.startsWith("-") ? `-${grouped(whole.slice(1))}` : grouped(whole);
  return fraction === undefined ? units : `${units}.${fraction}`;
};

/** "1,234.50 EUR" */
export const amountText = (value: Decimal, currency: string, decimals = decimalsOf(currency, null)): string =>
  `${decimalText(value, decimals)} ${currency}`;

/** "+2.10 EUR", "-0.40 EUR": with a sign unless it is nothing. */
export const signedText = (value: Decimal, currency: string, decimals: number): string =>
  `${toUnits(value, decimals) > 0n ? "+" : ""}${amountText(value, currency, decimals)}`;

/** "25.6", "12": a count with as many decimals as it has, two at most. */
export const countText = (value: Decimal): string =>
  decimalText(value, 2)
    .replace(/\.00$/, "")
    .replace(/(\.\d)0$/, "$1");

/** "7.1 %", without its sign. */
export const percentText = (share: Decimal): string =>
  `${fromUnits(toUnits(share.replace(/^-/, ""), 3), 1)} %`;

/** "Saturday, 28 November 2026" */
export const dayText = (day: Day): string =>
  DateTime.fromISO(day, { zone: "utc" }).setLocale("en-GB").toFormat("cccc, d LLLL yyyy");

const shortDay = (day: Day): string =>
  DateTime.fromISO(day, { zone: "utc" }).setLocale("en-GB").toFormat("d LLL yyyy");

/** The day, or "22 Nov 2026 to 28 Nov 2026". */
export const periodText = ({ from, to }: DayRange): string =>
  from === to ? dayText(from) : `${shortDay(from)} to ${shortDay(to)}`;

/** "03:41" on the day it is, "28 Nov 2026 03:41" on others. */
export const momentText = (at: Date, now: Date, timeZone: string): string => {
  const local = DateTime.fromJSDate(at, { zone: timeZone }).setLocale("en-GB");
  const today = DateTime.fromJSDate(now, { zone: timeZone }).toISODate();
  return local.toFormat(local.toISODate() === today ? "HH:mm" : "d LLL yyyy HH:mm");
};
