import { addDays, type Day, laterDay } from "../../src/domain/day.ts";
import { targetDays } from "../../src/domain/target-days.ts";
import { chance } from "../pattern.ts";
import type { SandboxPlatform } from "../server.ts";

export interface EcbOptions {
  /** The last day whose rates are out. */
  readonly asOf: () => Day;
  /** Where the history begins. */
  readonly from?: Day;
}

/** Units for one euro, about. KWD, with three decimals, is not among the bank's own currencies. */
const currencies: readonly (readonly [currency: string, around: number])[] = [
  ["USD", 1.09],
  ["JPY", 158],
  ["DKK", 7.46],
  ["GBP", 0.855],
  ["SEK", 11.3],
  ["NOK", 11.5],
  ["CHF", 0.955],
  ["PLN", 4.33],
  ["KWD", 0.334],
  ["KRW", 1_450],
];

/** The rate of a day, seeded: the krone keeps to its band, the others swing over the year and jitter by the day. */
export const sandboxRate = (currency: string, day: Day): string => {
  const around = currencies.find(([name]) => name === currency)?.[1];
  if (around === undefined) throw new RangeError(`the sandbox has no rate of ${currency}`);
  const width = currency === "DKK" ? 0.02 : 1;
  const days = Date.parse(day) / 86_400_000;
  const swing =
    0.05 * Math.sin(days / 58 + chance("rate", currency) * 6) + 0.006 * (chance(currency, day) - 0.5);
  // Five significant digits, as the bank publishes them.
  return (around * (1 + width * swing)).toPrecision(5);
};

const document = (days: readonly Day[], quote: string): string => {
  const attribute = (name: string, value: string) => `${name}=${quote}${value}${quote}`;
  const cubes = days.map(
    (day) =>
      `\t\t<Cube ${attribute("time", day)}>\n${currencies
        .map(
          ([name]) =>
            `\t\t\t<Cube ${attribute("currency", name)} ${attribute("rate", sandboxRate(name, day))}/>\n`,
        )
        .join("")}\t\t</Cube>\n`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
\t<gesmes:subject>Reference rates</gesmes:subject>
\t<gesmes:Sender>
\t\t<gesmes:name>European Central Bank</gesmes:name>
\t</gesmes:Sender>
\t<Cube>
${cubes.join("")}\t</Cube>
</gesmes:Envelope>
`;
};

/** The European Central Bank's three files of reference rates, newest day first. */
export const createEcbSandbox = ({ asOf, from = "1999-01-04" }: EcbOptions): SandboxPlatform<"ecb"> => {
  const daysBack = (first: Day): Day[] => targetDays({ from: laterDay(first, from), to: asOf() }).reverse();
  return {
    platform: "ecb",
    answer: (exchange) => {
      const xml = (days: readonly Day[], quote: string) =>
        exchange.text(200, document(days, quote), { "content-type": "text/xml" });
      switch (exchange.path) {
        case "/stats/eurofxref/eurofxref-daily.xml":
          return xml(daysBack(addDays(asOf(), -14)).slice(0, 1), "'");
        case "/stats/eurofxref/eurofxref-hist-90d.xml":
          return xml(daysBack(addDays(asOf(), -90)), '"');
        case "/stats/eurofxref/eurofxref-hist.xml":
          return xml(daysBack(from), '"');
        default:
          return exchange.text(404, "not found", { "content-type": "text/plain" });
      }
    },
  };
};
