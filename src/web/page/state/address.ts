import { store } from "./store.ts";

/** The page's address is its state: what is shown can be sent to someone as it is. */

const shared = ["range", "from", "to", "compare", "platform", "currency"] as const;

export const parameter = (name: string): string | undefined =>
  new URLSearchParams(location.search).get(name) ?? undefined;

/** An address with some parameters changed; an undefined or empty one is dropped. */
export const address = (
  path: string,
  changes: Readonly<Record<string, string | undefined>>,
  keep: "all" | "shared" = "shared",
): string => {
  const now = new URLSearchParams(location.search);
  const next = new URLSearchParams();
  for (const [name, value] of now)
    if (keep === "all" || shared.some((key) => key === name)) next.set(name, value);
  for (const [name, value] of Object.entries(changes))
    if (value === undefined || value === "") next.delete(name);
    else next.set(name, value);
  const query = next.toString();
  return query === "" ? path : `${path}?${query}`;
};

/** The same view with some parameters changed. */
export const here = (changes: Readonly<Record<string, string | undefined>>): string =>
  address(location.pathname, changes, "all");

const written = (): string => location.pathname + location.search;

/** Where the page is and how it came there; the whole page is drawn again when it changes. */
export const place = store<{ readonly path: string; readonly address: string; readonly back: boolean }>({
  path: location.pathname,
  address: written(),
  back: false,
});

const arrive = (back: boolean): void => place.set({ path: location.pathname, address: written(), back });

export const go = (to: string): void => {
  history.pushState(null, "", to);
  arrive(false);
};

/** The browser's own steps through its history. */
addEventListener("popstate", () => arrive(true));
