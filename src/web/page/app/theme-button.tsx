import { useStore } from "../state/store.ts";
import { chooseTheme, type Theme, theme, themes } from "../state/theme.ts";

const names: Readonly<Record<Theme, string>> = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" };

/** Goes round the system's theme, light and dark. */
export const ThemeButton = () => {
  const now = useStore(theme);
  return (
    <button
      type="button"
      class="quiet"
      aria-label={`Theme: ${now}. Change`}
      onClick={() => chooseTheme(themes[(themes.indexOf(now) + 1) % themes.length] ?? "auto")}
    >
      {names[now]}
    </button>
  );
};
