import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRates, type PublishedRate } from "../../src/metrics/rates/parse.ts";

const envelope = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
  <!-- 1 € > 1 $ in "1999" -->
  <gesmes:subject>Reference rates</gesmes:subject>
  <gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
  <Cube>${body}</Cube>
</gesmes:Envelope>
`;

const twoDays = envelope(`
  <Cube time="2026-11-20">
    <Cube currency="USD" rate="1.1"/><Cube currency='JPY' rate='163.07'/>
  </Cube>
  <Cube time='2026-11-19'><Cube currency="KWD" rate="0.33415"></Cube></Cube>`);

const read = async (text: string, cuts: readonly number[] = []): Promise<PublishedRate[]> => {
  const bytes = new TextEncoder().encode(text);
  const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  async function* chunks() {
    for (const [index, border] of borders.slice(1).entries()) yield bytes.slice(borders[index], border);
  }
  const rates: PublishedRate[] = [];
  for await (const rate of parseRates(chunks())) rates.push(rate);
  return rates;
};

const wanted = [
  { date: "2026-11-20", currency: "USD", rate: "1.1" },
  { date: "2026-11-20", currency: "JPY", rate: "163.07" },
  { date: "2026-11-19", currency: "KWD", rate: "0.33415" },
];

test("reads the same rates wherever the chunks are cut, also inside of a character", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(2_000), { maxLength: 40 }), async (cuts) => {
      expect(await read(twoDays, cuts)).toEqual(wanted);
    }),
    { numRuns: 200 },
  );
  expect(
    await read(
      twoDays,
      Array.from({ length: 1_200 }, (_, at) => at),
    ),
  ).toEqual(wanted);
});

test("a file that is cut off anywhere is refused", async () => {
  const end = twoDays.trimEnd().length;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: end - 1 }), async (length) => {
      await expect(read(twoDays.slice(0, length))).rejects.toMatchObject({ name: "Failure", kind: "data" });
    }),
    { numRuns: 200 },
  );
});

test.each([
  ["a page in place of the file", "<html><body>Sorry</body></html>", /no file of reference rates/],
  ["no text at all", "", /ends in the middle/],
  ["a file without rates", envelope(""), /holds no rate/],
  [
    "a rate that is no number",
    envelope(day('currency="USD" rate="N/A"')),
    /rate of USD that is none: "N\/A"/,
  ],
  ["a rate of nought", envelope(day('currency="USD" rate="0.000"')), /rate of USD that is none/],
  ["a negative rate", envelope(day('currency="USD" rate="-1"')), /rate of USD that is none/],
  ["a rate without a currency", envelope(day('rate="1"')), /currency ""/],
  ["a currency twice in a day", envelope(day('currency="USD" rate="1"').repeat(2)), /one twice/],
  ["a rate outside of a day", envelope('<Cube currency="USD" rate="1"/>'), /without a day/],
  ["a day that is none", envelope('<Cube time="2026-02-30"></Cube>'), /day that is none/],
  ["tags that cross", "<Envelope><a><b></a></b></Envelope>", /closes <a>/],
  ["more after the end", `${twoDays}<more/>`, /goes on after its end/],
  ["a document type with entities", "<!DOCTYPE x [<!ENTITY a 'b'>]><Envelope/>", /tag inside of a tag/],
  ["a tag without an end", `<Envelope ${"x".repeat(5_000)}`, /without an end/],
  ["an attribute without quotes", envelope(day("currency=USD rate=1")), /cannot be read/],
])("refuses %s", async (_, text, message) => {
  await expect(read(text)).rejects.toThrow(message);
});

function day(attributes: string): string {
  return `<Cube time="2026-11-20"><Cube ${attributes}/></Cube>`;
}
