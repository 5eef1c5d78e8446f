import type { Breakdown } from "../../api/answers.ts";
import { rangeText, words } from "../format.ts";
import { Answered } from "../parts/answered.tsx";
import { Downloads } from "../parts/download.tsx";
import { Pager } from "../parts/pager.tsx";
import { Empty, Heading, Hidden } from "../parts/words.tsx";
import { address, go, here, parameter } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { useShown } from "../state/shown.ts";
import { BreakdownTable } from "./breakdown-table.tsx";
import { BreakdownTabs } from "./breakdown-tabs.tsx";
import { ChannelBreakdown } from "./channels.tsx";
import type { View } from "./view.ts";
import { Field } from "../parts/field.tsx";

const names = [
  "range",
  "from",
  "to",
  "platform",
  "account",
  "campaign",
  "ad_group",
  "currency",
  "by",
  "q",
  "sort",
  "order",
  "page",
];

/** The filters that drilling down has set, each of which can be taken back. */
const Crumbs = () => {
  const set = ["account", "campaign", "ad_group"].flatMap((name) => {
    const value = parameter(name);
    return value === undefined ? [] : [{ name, value }];
  });
  return set.length === 0 ? null : (
    <p class="crumbs">
      {set.map(({ name, value }) => (
        <a
          key={name}
          class="chip"
          href={here({
            [name]: undefined,
            page: undefined,
            ...(name === "account" ? { campaign: undefined } : {}),
          })}
        >
          {words(name)} {value}
          <span aria-hidden="true"> ×</span>
          <Hidden>, remove this filter</Hidden>
        </a>
      ))}
    </p>
  );
};

const SearchBox = () => (
  <form
    class="search"
    role="search"
    onSubmit={(event) => {
      event.preventDefault();
      const typed = new FormData(event.currentTarget).get("q");
      go(here({ q: typeof typed === "string" ? typed.trim() : undefined, page: undefined }));
    }}
  >
    <Field label="Find">
      <input
        type="search"
        name="q"
        placeholder="Part of a name or id"
        value={parameter("q") ?? ""}
        maxLength={200}
      />
    </Field>
    <button>Find</button>
  </form>
);

const Body = ({ answer }: { readonly answer: Breakdown }) => {
  useShown(answer);
  const { by, rows, range } = answer;
  return (
    <>
      <Heading title="Breakdown">
        {rangeText(range)}. Every total is a ratio of sums.
        {rows.some(({ is_final }) => !is_final) && " The youngest days are not final."}
      </Heading>
      <BreakdownTabs current={by} />
      <Crumbs />
      <div class="tools">
        <SearchBox />
        <Downloads path="breakdown" names={names} stem={`costper-${by}`} />
      </div>
      {rows.length === 0 ? (
        <Empty title="Nothing matches">
          Choose a longer range or <a href={address("/breakdown", {})}>take the filters off</a>.
        </Empty>
      ) : (
        <BreakdownTable answer={answer} />
      )}
      {by === "action" && (
        <p class="dim small">
          Spend is never split among actions: each is set against all that its platform cost in these days and
          filters, so these rows do not add up.
        </p>
      )}
      <Pager page={answer.page} size={answer.size} count={answer.count} of="rows" />
    </>
  );
};

const Figures = () => {
  const breakdown = useAnswer<Breakdown>(apiPath("breakdown", names));
  return <Answered to={{ breakdown }}>{({ breakdown: answer }) => <Body answer={answer} />}</Answered>;
};

const isByChannel = (): boolean => parameter("by") === "channel";

/** A sortable, searchable, paged table that leads down to the campaign. */
export const breakdownView: View = {
  title: "Breakdown",
  filters: () => (isByChannel() ? ["range"] : ["range", "platform", "currency"]),
  Content: () => (isByChannel() ? <ChannelBreakdown /> : <Figures />),
};
