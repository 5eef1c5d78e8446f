import type { CurrencyChoice, Range } from "../api/answers.ts";
import { go, here, parameter } from "./address.ts";
import type { View } from "./context.ts";
import { h } from "./dom.ts";
import { platforms } from "./platforms.ts";

const ranges = [
  ["7d", "Last 7 days"],
  ["14d", "Last 14 days"],
  ["30d", "Last 30 days"],
  ["90d", "Last 90 days"],
  ["365d", "Last 365 days"],
  ["1095d", "Last 3 years"],
] as const;

const option = (value: string, text: string): HTMLOptionElement => h("option", { value }, text);

const field = (label: string, control: HTMLElement): HTMLLabelElement =>
  h("label", { class: "field" }, h("span", {}, label), control);

/** Range, platform and currency. They live in the address; a change is a step in the browser's history. */
export const filterBar = () => {
  const range = h(
    "select",
    {},
    ...ranges.map(([value, text]) => option(value, text)),
    option("", "Chosen days"),
  );
  const from = h("input", { type: "date" });
  const to = h("input", { type: "date" });
  const platform = h(
    "select",
    {},
    option("", "All platforms"),
    ...platforms().map(({ name, label }) => option(name, label)),
  );
  const currency = h("select", {}, option("", "Default"));
  const change = (changes: Record<string, string | undefined>): void =>
    go(here({ ...changes, page: undefined }));

  range.addEventListener("change", () => {
    if (range.value !== "") change({ range: range.value, from: undefined, to: undefined });
  });
  const days = (): void => {
    if (from.value !== "" && to.value !== "") change({ range: undefined, from: from.value, to: to.value });
  };
  from.addEventListener("change", days);
  to.addEventListener("change", days);
  platform.addEventListener("change", () =>
    change({ platform: platform.value, account: undefined, campaign: undefined }),
  );
  currency.addEventListener("change", () => change({ currency: currency.value }));

  const fields = {
    range: [field("Range", range), field("From", from), field("To", to)],
    platform: [field("Platform", platform)],
    currency: [field("Currency", currency)],
  };
  const root = h("form", { class: "filters", "aria-label": "Filters" }, ...Object.values(fields).flat());
  root.addEventListener("submit", (event) => event.preventDefault());

  return {
    root,
    show: (wanted: View["filters"]): void => {
      root.hidden = wanted.length === 0;
      for (const [name, labels] of Object.entries(fields))
        for (const label of labels) label.hidden = !wanted.some((filter) => filter === name);
      if (parameter("from") !== undefined) from.value = parameter("from") ?? "";
      if (parameter("to") !== undefined) to.value = parameter("to") ?? "";
      const chosen = parameter("from") !== undefined || parameter("to") !== undefined;
      const asked = parameter("range") ?? (chosen ? "" : "30d");
      if (![...range.options].some(({ value }) => value === asked))
        range.append(option(asked, `Last ${asked.replace("d", "")} days`));
      range.value = asked;
      platform.value = parameter("platform") ?? "";
      currency.value = parameter("currency") ?? "";
    },
    days: (shown: Range): void => {
      from.value = shown.from;
      to.value = shown.to;
    },
    currencies: ({ reporting, available, mode }: CurrencyChoice): void => {
      const asked = parameter("currency") ?? "";
      currency.replaceChildren(
        option(
          "",
          reporting === null
            ? mode === "each" || available.length > 1
              ? "Each apart"
              : (available[0] ?? "Default")
            : `${reporting}, reporting`,
        ),
        ...available
          .filter((code) => code !== reporting && (available.length > 1 || asked === code))
          .map((code) => option(code, `${code} accounts only`)),
      );
      if (asked !== "" && asked !== reporting) currency.value = asked;
      else currency.value = "";
    },
  };
};
