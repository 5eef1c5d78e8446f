import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../package-root.ts";
import { overlay } from "./overlay.ts";

export type SourceCategory = "search" | "shopping" | "social" | "video";

/** The source lists, all keys lower case. */
export interface SourceLists {
  category(source: string): SourceCategory | undefined;
  isAssistant(source: string): boolean;
}

const categories: Readonly<Record<string, SourceCategory>> = {
  SOURCE_CATEGORY_SEARCH: "search",
  SOURCE_CATEGORY_SHOPPING: "shopping",
  SOURCE_CATEGORY_SOCIAL: "social",
  SOURCE_CATEGORY_VIDEO: "video",
};

const withoutWww = (source: string): string => (source.startsWith("www.") ? source.slice(4) : source);

/** Reads `source,source_category` lines and lays the overlay over them. */
export const parseSourceLists = (csv: string): SourceLists => {
  const known = new Map<string, SourceCategory>();
  for (const line of csv.split(/\r?\n/)) {
    const comma = line.lastIndexOf(",");
    const category = categories[line.slice(comma + 1)];
    if (category !== undefined) known.set(line.slice(0, comma).toLowerCase(), category);
  }
  for (const source of overlay.social) known.set(source, "social");
  for (const source of overlay.search) known.set(source, "search");
  const assistants = new Set<string>(overlay.assistants);

  return {
    category: (source) => {
      const name = withoutWww(source);
      const listed = known.get(name);
      if (listed !== undefined) return listed;
      const dot = name.indexOf(".");
      if (dot > 0 && overlay.socialDomains.some((domain) => name.endsWith(`.${domain}`))) return "social";
      return undefined;
    },
    isAssistant: (source) => assistants.has(withoutWww(source)),
  };
};

/** Beside `src` in development and beside `dist` in the package. */
const file = join(packageRoot, "data", "ga4-source-categories.csv");

export const loadSourceLists = async (): Promise<SourceLists> =>
  parseSourceLists(await readFile(file, "utf8"));
