import { type Device, unknownPart } from "../../domain/breakdown.ts";
import { countryOfName } from "../../domain/country.ts";

/** What the labels of networks, devices and countries stand for. */

/** Labels of the column `Network`; the first two are one network, of which an account shows the one or the other. */
const buckets: ReadonlyMap<string, string> = new Map([
  ["Bing and Yahoo! search", "bing_yahoo_search"],
  ["Microsoft sites and select traffic", "bing_yahoo_search"],
  ["AOL search", "aol_search"],
  ["Syndicated search partners", "search_partners"],
  ["Audience", "audience"],
  ["Content", "content"],
]);

/** Yahoo cannot be told from Bing in any report. Labels that nobody has heard of are `other`. */
export const bucketOf = (label: string, onUnknown: (label: string) => void): string => {
  const bucket = buckets.get(label);
  if (bucket === undefined) onUnknown(label);
  return bucket ?? "other";
};

/** Kinds of devices; what an account does not tell is `Unknown`. */
const devices: Readonly<Record<string, Device>> = {
  Computer: "desktop",
  Smartphone: "mobile",
  "Non-smartphone": "mobile",
  Tablet: "tablet",
  "Connected TV": "tv",
  TV: "tv",
  Other: "other",
};

/** What a label of each breakdown is. */
export const partsOf: Readonly<Record<"device" | "country", (label: string) => string>> = {
  device: (label) => devices[label] ?? unknownPart,
  country: (label) => countryOfName(label) ?? unknownPart,
};
