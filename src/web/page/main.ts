import { go } from "./address.ts";
import { ApiProblem } from "./api.ts";
import { h } from "./dom.ts";
import { empty } from "./parts.ts";
import type { PagePath } from "./paths.ts";
import { shell } from "./shell.ts";
import type { View } from "./context.ts";
import { alertsView } from "./views/alerts.ts";
import { breakdownView } from "./views/breakdown.ts";
import { dayView } from "./views/day.ts";
import { dictionaryView } from "./views/dictionary.ts";
import { excludedView } from "./views/excluded.ts";
import { healthView } from "./views/health.ts";
import { overviewView } from "./views/overview.ts";

const views: Readonly<Record<PagePath, View>> = {
  "/": overviewView,
  "/breakdown": breakdownView,
  "/day": dayView,
  "/excluded": excludedView,
  "/health": healthView,
  "/alerts": alertsView,
  "/dictionary": dictionaryView,
};

const retryMs = 5000;

const page = shell();
document.querySelector("#app")?.append(page.root);

let running = new AbortController();
let shown = "";
let retry: number | undefined;

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const problemOf = (error: unknown): HTMLElement => {
  const known = error instanceof ApiProblem ? error : undefined;
  const passing = known !== undefined && (known.status === 0 || known.status === 503);
  if (passing) retry = window.setTimeout(() => void draw(), retryMs);
  const advice = known === undefined ? "Reload the page." : `${sentence(known.remedy)}.`;
  const card = empty(
    `${sentence(known?.message ?? "this view could not be drawn")}.`,
    h("span", {}, advice, passing ? " Trying again in a few seconds." : ""),
  );
  card.setAttribute("role", "alert");
  return card;
};

const draw = async (): Promise<void> => {
  running.abort();
  clearTimeout(retry);
  const mine = new AbortController();
  running = mine;
  const path = location.pathname as PagePath;
  const view = views[path] ?? overviewView;
  const moved = shown !== "" && shown !== path;
  page.show(path, view);
  document.title = `${view.title} · costper`;
  page.main.setAttribute("aria-busy", "true");
  if (shown !== path) page.main.replaceChildren(page.waiting());
  shown = path;
  const content = await view
    .draw({ signal: mine.signal, currencies: page.currencies, days: page.days, refresh: () => void draw() })
    .catch((error: unknown) => [problemOf(error)]);
  if (mine.signal.aborted) return;
  page.main.replaceChildren(...content);
  page.main.removeAttribute("aria-busy");
  if (moved) {
    scrollTo(0, 0);
    page.main.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }
};

addEventListener("popstate", () => void draw());
addEventListener("themechange", () => void draw());
document.addEventListener("click", (event) => {
  const anchor = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
  if (anchor === null || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (anchor.origin !== location.origin || !(anchor.pathname in views)) return;
  event.preventDefault();
  go(anchor.pathname + anchor.search);
});
void draw();
