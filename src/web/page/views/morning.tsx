import type { Driver, Morning, Mover, Side } from "../../../metrics/morning/answer.ts";
import type { MorningAnswer } from "../../api/morning.ts";
import { changeOf, changeText, dash, dayText, money, rangeText } from "../format.ts";
import { DataTable } from "../parts/data-table.tsx";
import { Empty, sentence } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { address } from "../state/address.ts";

type Group = Morning["groups"][number];

/** Dearer is bad, cheaper is good, and nothing is neither. */
const toneOf = (change: string | null): string =>
  change === null || !/[1-9]/.test(change) ? "dim" : change.startsWith("-") ? "good" : "bad";

const Change = ({ side, currency }: { readonly side: Side; readonly currency: string }) => {
  const { compared } = side;
  if (compared === null || compared.shown_change === null) return <>{dash}</>;
  const share = changeOf(compared.now.cost_per_conversion, compared.before.cost_per_conversion);
  const sign = compared.shown_change.startsWith("-") ? "" : "+";
  return (
    <span class={toneOf(compared.shown_change)}>
      {sign}
      {money(compared.shown_change, currency)}
      {share !== undefined && ` (${changeText(share)})`}
    </span>
  );
};

const Drivers = ({ drivers }: { readonly drivers: readonly Driver[] }) =>
  drivers.length === 0 ? null : (
    <ol class="drivers">
      {drivers.map(({ driver, amount, text }) => (
        <li key={driver} class={toneOf(amount)}>
          {sentence(text)}
        </li>
      ))}
    </ol>
  );

const Platforms = ({ platforms, currency }: Group) => (
  <DataTable
    caption="Cost per conversion at equal age"
    columns={[
      { name: "Platform", whole: true },
      { name: "Reported", number: true },
      { name: "Expected", number: true },
      { name: "Change at equal age", number: true },
      { name: "Why", long: true },
    ]}
    rows={platforms.map((side) => [
      platformName(side.platform ?? ""),
      money(side.reported.cost_per_conversion, currency),
      money(side.expected.cost_per_conversion, currency),
      <Change side={side} currency={currency} />,
      sentence(side.compared?.drivers[0]?.text ?? side.words.change),
    ])}
  />
);

const moverName = ({ campaign_name, campaign_id }: Mover): string =>
  campaign_name ?? (campaign_id === "" ? "not named by the platform" : campaign_id);

const Movers = ({ movers }: Pick<Group, "movers">) =>
  movers.length === 0 ? null : (
    <>
      <h3>Campaigns that moved it most</h3>
      <ol class="movers">
        {movers.map((mover) => (
          <li key={`${mover.platform}:${mover.account_id}:${mover.campaign_id}`}>
            <a
              href={address("/campaign", {
                account: `${mover.platform}:${mover.account_id}`,
                campaign: mover.campaign_id,
              })}
            >
              {moverName(mover)}
            </a>{" "}
            <span class="dim">{platformName(mover.platform)}</span>{" "}
            <span class={toneOf(mover.contribution)}>{mover.text}</span>
          </li>
        ))}
      </ol>
    </>
  );

const GroupOf = ({ group }: { readonly group: Group }) => {
  const { all, currency } = group;
  const { cost_per_conversion: expected } = all.expected;
  return (
    <>
      <p class="lead">
        <strong class="figure">{money(all.reported.cost_per_conversion, currency)}</strong> per paid
        conversion
        {!all.is_final && expected !== null && (
          <span class="dim"> · {money(expected, currency)} expected once late conversions are in</span>
        )}
      </p>
      <p class={`change ${toneOf(all.compared?.shown_change ?? null)}`}>{sentence(all.words.change)}</p>
      <Drivers drivers={all.compared?.drivers ?? []} />
      {all.reported.cost_per_conversion === null && <p>{sentence(all.words.cost)}</p>}
      <Platforms {...group} />
      <Movers movers={group.movers} />
    </>
  );
};

const titleOf = ({ from, to }: { readonly from: string; readonly to: string }): string =>
  from === to ? dayText(to) : rangeText({ from, to });

/** What a paid conversion cost on the last whole day, and why that changed: the first thing to be read. */
export const MorningCard = ({ answer }: { readonly answer: MorningAnswer }) => {
  const { period, is_yesterday: isYesterday, partial, fresh, groups } = answer;
  if (period === null)
    return (
      <Empty title="No day is whole yet">
        {sentence(fresh.text)} <code>costper sync</code> fetches them, <code>costper status</code> says what
        is missing.
      </Empty>
    );
  return (
    <section class="card morning" aria-label="The last day">
      <h2>
        {`${isYesterday ? "Yesterday" : "The last whole day"}, ${titleOf(period)}`}{" "}
        <span class="dim">{fresh.text}</span>
        {partial && <span class="badge">partial</span>}
      </h2>
      {groups.length === 0 && <p>Nothing was spent and nothing converted.</p>}
      {groups.map((group) => (
        <GroupOf key={group.currency} group={group} />
      ))}
    </section>
  );
};
