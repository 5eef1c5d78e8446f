import { store } from "./store.ts";

export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const kept = (): Theme => {
  try {
    return themes.find((known) => known === localStorage.getItem("theme")) ?? "auto";
  } catch {
    return "auto";
  }
};

/** What was chosen; `auto` is the system's. */
export const theme = store(kept());
/** Counts changes of the colours: what paints on a canvas paints again, since a canvas keeps its colours. */
export const colours = store(0);

const apply = (): void => {
  const now = theme.get();
  if (now === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = now;
  colours.set(colours.get() + 1);
};

apply();
theme.watch(apply);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);

export const chooseTheme = (chosen: Theme): void => {
  try {
    localStorage.setItem("theme", chosen);
  } catch {
    // A browser that keeps nothing still shows it until the page is left.
  }
  theme.set(chosen);
};
