import { type Day, isDay } from "../../domain/day.ts";
import type { Decimal } from "../../domain/decimal.ts";
import { malformed } from "./malformed.ts";
import { attributesOf, tags } from "./tags.ts";

/** One euro cost `rate` units of `currency` on `date`. */
export interface PublishedRate {
  readonly date: Day;
  /** ISO 4217. */
  readonly currency: string;
  readonly rate: Decimal;
}

/** What the file says between `time` and the end of its `Cube`. */
interface OpenDay {
  readonly date: Day;
  readonly depth: number;
  readonly currencies: Set<string>;
}

/** The file's own tags are four deep. */
const deepest = 20;

/** As many digits as warehouse.exchange_rate holds. */
const ratePattern = /^\d{1,12}(\.\d{1,12})?$/;

const rateOf = ({ date, currencies }: OpenDay, currency: string, rate: string): PublishedRate => {
  if (!/^[A-Z]{3}$/.test(currency))
    throw malformed(`${date} has a currency ${JSON.stringify(currency.slice(0, 20))}`);
  if (!ratePattern.test(rate) || /^[0.]+$/.test(rate))
    throw malformed(`${date} has a rate of ${currency} that is none: ${JSON.stringify(rate.slice(0, 40))}`);
  if (currencies.has(currency)) throw malformed(`${date} has ${currency} twice`);
  currencies.add(currency);
  return { date, currency, rate };
};

/**
 * Reads a eurofxref file (daily, 90 days or the whole history) as it arrives, in chunks cut anywhere.
 * @throws Failure of kind `data` where it is no such file, is damaged, holds no rate, or ends before its end.
 */
export async function* parseRates(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<PublishedRate> {
  const open: string[] = [];
  const days = new Set<Day>();
  let day: OpenDay | undefined;
  let rates = 0;
  let finished = false;

  for await (const tag of tags(chunks)) {
    if (finished) throw malformed(`goes on after its end with <${tag.name}>`);
    if (tag.kind === "close") {
      if (open.pop() !== tag.name) throw malformed(`closes <${tag.name}> where it is not open`);
      if (day && open.length < day.depth) day = undefined;
      finished = open.length === 0;
      continue;
    }
    if (open.length === 0 && tag.name.replace(/^.*:/, "") !== "Envelope")
      throw malformed(`is no file of reference rates: it begins with <${tag.name.slice(0, 20)}>`);
    open.push(tag.name);
    if (open.length > deepest) throw malformed(`is nested more than ${String(deepest)} deep`);
    if (tag.name === "Cube") {
      const { time, currency, rate } = attributesOf(tag.text);
      if (time !== undefined) {
        if (day) throw malformed(`has ${time.slice(0, 20)} inside of ${day.date}`);
        if (!isDay(time) || days.has(time))
          throw malformed(`has a day that is none, or one twice: ${time.slice(0, 20)}`);
        days.add(time);
        day = { date: time, depth: open.length, currencies: new Set() };
      } else if (currency !== undefined || rate !== undefined) {
        if (!day) throw malformed(`has a rate of ${currency?.slice(0, 20) ?? "nothing"} without a day`);
        yield rateOf(day, currency ?? "", rate ?? "");
        rates += 1;
      }
    }
    if (tag.kind === "empty") {
      open.pop();
      if (day && open.length < day.depth) day = undefined;
      finished = open.length === 0;
    }
  }
  if (!finished) throw malformed("the file ends in the middle", { code: "incomplete" });
  if (rates === 0) throw malformed("the file holds no rate");
}
