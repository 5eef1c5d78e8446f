import { words } from "../format.ts";
import { Field, PlatformOptions } from "../parts/field.tsx";

/** A rule as costper.yaml has it. */
export type WrittenRule = Readonly<Record<string, unknown>>;

const metrics = [
  "cost_per_conversion",
  "spend",
  "conversions",
  "cost_per_click",
  "conversion_rate",
  "return_on_ad_spend",
];
const conditions = [
  ["above", "is above"],
  ["below", "is below"],
  ["changeAbove", "rose by more than, in %"],
  ["changeBelow", "fell by more than, in %"],
] as const;
const series = ["platform", "account", "campaign", "network", "action"];

const ruleOf = (form: HTMLFormElement): WrittenRule => {
  const given = new FormData(form);
  const text = (name: string): string => String(given.get(name) ?? "").trim();
  const some = (name: string, value = text(name)) => (value === "" ? {} : { [name]: value });
  const condition = text("condition");
  const limit = text("limit");
  const notify = given.getAll("notify").map(String);
  return {
    name: text("name"),
    metric: text("metric"),
    ...some("by"),
    ...(text("platform") !== "" && { where: { platform: text("platform") } }),
    window: `${text("days")}d`,
    [condition]: condition.startsWith("change") ? `${limit}%` : limit,
    ...some("currency", text("currency").toUpperCase()),
    ...some("minSpend"),
    severity: text("severity"),
    ...(notify.length > 0 && { notify }),
  };
};

/** The parts of a rule that most rules have; what else there is, is written into the YAML. */
export const RuleForm = ({
  notifiers,
  sending,
  onTry,
}: {
  readonly notifiers: readonly string[];
  readonly sending: boolean;
  readonly onTry: (rule: WrittenRule) => void;
}) => (
  <form
    class="tools rule-form"
    aria-label="A new rule"
    onSubmit={(event) => {
      event.preventDefault();
      onTry(ruleOf(event.currentTarget));
    }}
  >
    <Field label="Name">
      <input name="name" required maxLength={200} defaultValue="too-expensive" />
    </Field>
    <Field label="Figure">
      <select name="metric">
        {metrics.map((metric) => (
          <option key={metric} value={metric}>
            {words(metric)}
          </option>
        ))}
      </select>
    </Field>
    <Field label="Condition">
      <select name="condition">
        {conditions.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </Field>
    <Field label="Limit">
      <input name="limit" required inputMode="decimal" pattern="-?[0-9]+([.][0-9]+)?" size={8} />
    </Field>
    <Field label="Over days">
      <input name="days" type="number" min={1} max={90} required defaultValue="7" />
    </Field>
    <Field label="For each">
      <select name="by">
        <option value="">all together</option>
        {series.map((key) => (
          <option key={key} value={key}>
            {key}
          </option>
        ))}
      </select>
    </Field>
    <Field label="Platform">
      <select name="platform">
        <PlatformOptions />
      </select>
    </Field>
    <Field label="Currency">
      <input name="currency" maxLength={3} size={5} placeholder="EUR" />
    </Field>
    <Field label="From a spend of">
      <input name="minSpend" inputMode="decimal" pattern="[0-9]+([.][0-9]+)?" size={8} />
    </Field>
    <Field label="Severity">
      <select name="severity">
        <option>warning</option>
        <option>critical</option>
        <option>info</option>
      </select>
    </Field>
    {notifiers.length > 0 && (
      <Field label="Told to">
        <select name="notify" multiple size={Math.min(3, notifiers.length)}>
          {notifiers.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </Field>
    )}
    <button disabled={sending}>Try it</button>
  </form>
);
