import { createHash } from "node:crypto";
import { Failure, type FailureDetails } from "../../domain/failure.ts";

/** Bounds of one listing; far beyond what any account has. */
const most = { pages: 10_000, emptyPages: 100 } as const;

export interface PageGuardOptions extends Partial<FailureDetails> {
  /** What is listed, as messages begin. */
  readonly what: string;
  readonly mostPages?: number;
}

/** Sees to it that a listing ends. */
export interface PageGuard {
  /**
   * To be told of each page as it comes.
   * @param next the token or cursor of the page after it; undefined on the last page, or where pages are counted.
   * @throws Failure (default `data`) where a page or a token comes twice, or there are too many pages.
   */
  check(items: readonly unknown[], next?: string): void;
  /** The listing begins again, with pages of another size. */
  restart(): void;
}

/** One guard for each listing. */
export const createPageGuard = ({
  what,
  mostPages = most.pages,
  ...details
}: PageGuardOptions): PageGuard => {
  const tokens = new Set<string>();
  const contents = new Set<string>();
  let pages = 0;
  let empty = 0;
  const stop = (message: string): never => {
    throw new Failure({
      kind: "data",
      message: `${what}: ${message}`,
      remedy: "try again later; if it stays, report it to costper",
      ...details,
    });
  };
  return {
    check(items, next) {
      pages += 1;
      empty = items.length === 0 ? empty + 1 : 0;
      if (next !== undefined && tokens.has(next)) stop("a page token came twice");
      if (next !== undefined) tokens.add(next);
      if (items.length > 0) {
        const content = createHash("sha1").update(JSON.stringify(items)).digest("base64");
        if (contents.has(content)) stop("a page came twice");
        contents.add(content);
      }
      if (pages > mostPages) stop(`it does not end after ${String(mostPages)} pages`);
      if (empty >= most.emptyPages) stop(`${String(empty)} empty pages came in a row`);
    },
    restart() {
      tokens.clear();
      contents.clear();
    },
  };
};
