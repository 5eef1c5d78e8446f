import { useRef, useState } from "preact/hooks";
import type { CurrencyChoice } from "../../api/answers.ts";
import { rangeText } from "../format.ts";
import { Hidden } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { go, here, parameter } from "../state/address.ts";
import { comparisons, ranges } from "../state/ranges.ts";
import { shown } from "../state/shown.ts";
import { useStore } from "../state/store.ts";
import type { Filter } from "../views/view.ts";
import { Field, PlatformOptions } from "../parts/field.tsx";

const change = (changes: Record<string, string | undefined>): void =>
  go(here({ ...changes, page: undefined }));

const RangeFields = () => {
  const from = useRef<HTMLInputElement>(null);
  const to = useRef<HTMLInputElement>(null);
  const { range } = useStore(shown);
  const days = { from: parameter("from") ?? range?.from ?? "", to: parameter("to") ?? range?.to ?? "" };
  const isChosen = parameter("from") !== undefined || parameter("to") !== undefined;
  const asked = parameter("range") ?? (isChosen ? "" : "30d");
  const choose = (): void => {
    const [first = "", last = ""] = [from.current?.value, to.current?.value];
    if (first !== "" && last !== "") change({ range: undefined, from: first, to: last });
  };
  return (
    <>
      <Field label="Range">
        <select
          value={asked}
          onChange={({ currentTarget: { value } }) =>
            value !== "" && change({ range: value, from: undefined, to: undefined })
          }
        >
          {ranges.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
          {asked !== "" && !ranges.some(([value]) => value === asked) && (
            <option value={asked}>Last {asked.replace("d", "")} days</option>
          )}
          <option value="">Chosen days</option>
        </select>
      </Field>
      <Field label="From">
        <input type="date" ref={from} value={days.from} onChange={choose} />
      </Field>
      <Field label="To">
        <input type="date" ref={to} value={days.to} onChange={choose} />
      </Field>
    </>
  );
};

const PlatformField = () => (
  <Field label="Platform">
    <select
      value={parameter("platform") ?? ""}
      onChange={({ currentTarget: { value } }) =>
        change({ platform: value, account: undefined, campaign: undefined })
      }
    >
      <PlatformOptions />
    </select>
  </Field>
);

const CompareField = () => (
  <Field label="Compared with">
    <select
      value={parameter("compare") ?? "previous"}
      onChange={({ currentTarget: { value } }) =>
        change({ compare: value === "previous" ? undefined : value })
      }
    >
      {comparisons.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  </Field>
);

const defaultText = ({ reporting, available, mode }: CurrencyChoice): string =>
  reporting === null
    ? mode === "each" || available.length > 1
      ? "Each apart"
      : (available[0] ?? "Default")
    : `${reporting}, reporting`;

const CurrencyField = () => {
  const { currency } = useStore(shown);
  const asked = parameter("currency") ?? "";
  const others =
    currency?.available.filter(
      (code) => code !== currency.reporting && (currency.available.length > 1 || asked === code),
    ) ?? [];
  return (
    <Field label="Currency">
      <select
        value={asked === currency?.reporting ? "" : asked}
        onChange={({ currentTarget: { value } }) => change({ currency: value })}
      >
        <option value="">{currency === undefined ? "Default" : defaultText(currency)}</option>
        {others.map((code) => (
          <option key={code} value={code}>
            {code} accounts only
          </option>
        ))}
      </select>
    </Field>
  );
};

/** What is chosen, in a line: read where the fields are folded. */
const Chosen = ({ wanted }: { readonly wanted: readonly Filter[] }) => {
  const { range } = useStore(shown);
  const platform = parameter("platform");
  const parts = [
    ...(wanted.includes("range") && range !== undefined ? [rangeText(range)] : []),
    ...(wanted.includes("platform")
      ? [platform === undefined ? "all platforms" : platformName(platform)]
      : []),
    ...(wanted.includes("currency") && parameter("currency") !== undefined ? [parameter("currency")] : []),
  ];
  return <>{parts.join(" · ")}</>;
};

/**
 * Range, comparison, platform and currency. They live in the address; a change is a step in the browser's history. On a
 * phone they are folded into a line, so that the figures come first.
 */
export const FilterBar = ({ wanted }: { readonly wanted: readonly Filter[] }) => {
  const [isOpen, setOpen] = useState(false);
  if (wanted.length === 0) return null;
  return (
    <div class="filter-bar">
      <button
        type="button"
        class="fold"
        aria-expanded={isOpen}
        aria-controls="filters"
        onClick={() => setOpen(!isOpen)}
      >
        <span>
          <Hidden>Filters: </Hidden>
          <Chosen wanted={wanted} />
        </span>
        <span aria-hidden="true">{isOpen ? "▴" : "▾"}</span>
      </button>
      <form
        id="filters"
        class={`filters${isOpen ? " open" : ""}`}
        aria-label="Filters"
        onSubmit={(event) => event.preventDefault()}
      >
        {wanted.includes("range") && <RangeFields />}
        {wanted.includes("compare") && <CompareField />}
        {wanted.includes("platform") && <PlatformField />}
        {wanted.includes("currency") && <CurrencyField />}
      </form>
    </div>
  );
};
