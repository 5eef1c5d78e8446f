import type { CurrencyChoice, Range } from "../api/answers.ts";
import { address } from "./address.ts";
import type { View } from "./context.ts";
import { h } from "./dom.ts";
import { filterBar } from "./filter-bar.ts";
import { pagePaths } from "./paths.ts";
import { themeButton } from "./theme.ts";

const names: Readonly<Record<(typeof pagePaths)[number], string>> = {
  "/": "Overview",
  "/breakdown": "Breakdown",
  "/day": "A day’s history",
  "/excluded": "Excluded",
  "/health": "Health",
  "/alerts": "Alerts",
  "/dictionary": "Dictionary",
};

/** The server writes it into the document. */
const version = (): string => document.querySelector("[name=version]")?.getAttribute("content") ?? "";

export interface Shell {
  readonly root: HTMLElement;
  readonly main: HTMLElement;
  readonly currencies: (choice: CurrencyChoice) => void;
  readonly days: (range: Range) => void;
  /** Marks the view in the navigation and shows the filters that it knows. */
  show(path: string, view: View): void;
  /** What stands there until the first answer, as tall as what comes. */
  waiting(): HTMLElement;
}

/** What stays around the views: navigation, filters, and the place where a view is drawn. */
export const shell = (): Shell => {
  const links = pagePaths.map((path) => ({ path, node: h("a", { href: path }, names[path]) }));
  const nav = h("nav", { "aria-label": "Views" }, h("ul", {}, ...links.map(({ node }) => h("li", {}, node))));
  const filters = filterBar();
  const main = h("main", { id: "main", tabindex: -1 });
  const root = h(
    "div",
    { class: "page" },
    h("a", { class: "skip", href: "#main" }, "Skip to the figures"),
    h("header", { class: "top" }, h("a", { class: "brand", href: "/" }, "costper"), nav, themeButton()),
    filters.root,
    main,
    h("footer", { class: "foot" }, `costper ${version()}`),
  );
  return {
    root,
    main,
    currencies: filters.currencies,
    days: filters.days,
    show: (path, view) => {
      for (const item of links) {
        item.node.href = address(item.path, {});
        if (item.path === path) {
          item.node.setAttribute("aria-current", "page");
          nav.scrollLeft = item.node.offsetLeft - nav.clientWidth / 2;
        } else item.node.removeAttribute("aria-current");
      }
      filters.show(view.filters);
    },
    waiting: () =>
      h(
        "div",
        { class: "waiting", role: "status" },
        h("p", { class: "sr" }, "Loading"),
        h("div", { class: "card" }),
        h("div", { class: "card tall" }),
      ),
  };
};
