import { h } from "./dom.ts";

const order = ["auto", "light", "dark"] as const;
type Theme = (typeof order)[number];

const stored = (): Theme => {
  try {
    return order.find((theme) => theme === localStorage.getItem("theme")) ?? "auto";
  } catch {
    return "auto";
  }
};

const apply = (theme: Theme): void => {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
};

/** Goes round the system's theme, light and dark; charts are drawn anew, since a canvas keeps its colours. */
export const themeButton = (): HTMLElement => {
  let theme = stored();
  apply(theme);
  const button = h("button", { type: "button", class: "quiet" });
  const name = (): void => {
    button.textContent = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" }[theme];
    button.setAttribute("aria-label", `Theme: ${theme}. Change`);
  };
  name();
  const announce = (): void => void dispatchEvent(new Event("themechange"));
  button.addEventListener("click", () => {
    theme = order[(order.indexOf(theme) + 1) % order.length] ?? "auto";
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // A browser that keeps nothing still shows it until the page is left.
    }
    apply(theme);
    name();
    announce();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
  return button;
};
