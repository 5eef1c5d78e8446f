/** The page's address is its state: what is shown can be sent to someone as it is. */

const shared = ["range", "from", "to", "platform", "currency"] as const;

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

export const go = (to: string, how: "push" | "replace" = "push"): void => {
  if (how === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  dispatchEvent(new PopStateEvent("popstate"));
};
