import { performance } from "node:perf_hooks";
import { classify } from "../src/metrics/channels/classify.ts";
import { loadSourceLists } from "../src/metrics/channels/lists.ts";

const sources = [
  "google",
  "facebook",
  "bing",
  "partner.example",
  "",
  "newsletter",
  "youtube.com",
  "(direct)",
];
const mediums = ["cpc", "organic", "referral", "email", "", "paid-social", "(none)"];
const campaigns = ["", "Brand DK", "summer shopping", "cross-network", "workshop"];

/** Classifies `rows` visits of mixed kinds, no two neighbours alike. */
export const run = async (
  rows = 1_000_000,
): Promise<{
  readonly rows: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly paid: number;
}> => {
  const lists = await loadSourceLists();
  const started = performance.now();
  let paid = 0;
  for (let row = 0; row < rows; row += 1) {
    const { traffic } = classify(
      {
        source: sources[row % sources.length],
        medium: mediums[row % mediums.length],
        campaign: campaigns[row % campaigns.length],
        referrerHost: row % 3 === 0 ? "www.google.dk" : undefined,
        gclid: row % 11 === 0 ? `Cj0${String(row)}` : undefined,
        fbclid: row % 13 === 0 ? `IwAR${String(row)}` : undefined,
      },
      lists,
    );
    if (traffic === "paid") paid += 1;
  }
  const seconds = (performance.now() - started) / 1000;
  return { rows, seconds: Number(seconds.toFixed(3)), rowsPerSecond: Math.round(rows / seconds), paid };
};

if (import.meta.filename === process.argv[1]) process.stdout.write(`${JSON.stringify(await run())}\n`);
