import { divide, exact, toText } from "../../../domain/decimal.ts";
import type { Excluded } from "../../api/answers.ts";
import { count, dash, dayText, percent, rangeText, words } from "../format.ts";
import { Answered } from "../parts/answered.tsx";
import { Chart } from "../parts/chart.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { placeDay, seconds, valuesBy } from "../parts/series.ts";
import { Card, Empty, Heading } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { useShown } from "../state/shown.ts";
import type { View } from "./view.ts";

const DayChart = ({ days }: Pick<Excluded, "days">) => {
  const dates = [...new Set(days.map(({ date }) => date))];
  const platforms = [...new Set(days.map(({ platform }) => platform))].filter((platform) =>
    days.some((day) => day.platform === platform && Number(day.organic_conversions) !== 0),
  );
  return (
    <Chart
      title="Organic conversions left out, by day"
      grain="day"
      places={dates.map(seconds)}
      placeText={(place) => dayText(placeDay(place))}
      lines={platforms.map((platform) => ({
        label: platformName(platform),
        colour: `--${platform}`,
        values: valuesBy(
          dates,
          days.filter((day) => day.platform === platform),
          (day) => day.organic_conversions,
        ),
      }))}
      text={(value) => count(String(value))}
      table={{
        columns: [
          { name: "Date" },
          ...platforms.map((platform) => ({ name: platformName(platform), number: true })),
        ],
        rows: dates.map((date) => [
          dayText(date),
          ...platforms.map((platform) =>
            count(days.find((day) => day.date === date && day.platform === platform)?.organic_conversions),
          ),
        ]),
      }}
    />
  );
};

const Accounts = ({ rows }: { readonly rows: Excluded["accounts"] }) => (
  <Card title="By account">
    <DataTable
      caption="Organic conversions by account"
      columns={[
        { name: "Account" },
        { name: "Platform" },
        { name: "Left out", number: true },
        { name: "Counted", number: true },
        { name: "Share left out", number: true },
      ]}
      rows={rows.map((row) => {
        const organic = exact(row.organic_conversions);
        const all = organic + exact(row.conversions);
        return [
          row.account_name ?? row.account_id,
          platformName(row.platform),
          count(row.organic_conversions),
          count(row.conversions),
          all === 0n ? dash : percent(toText(divide(organic, all))),
        ];
      })}
    />
  </Card>
);

/** The mart's name of a source begins with its platform, which has a column of its own here. */
const nameOf = ({ source, platform }: NonNullable<Excluded["sources"]>[number]): string =>
  words(source.startsWith(`${platform} `) ? source.slice(platform.length + 1) : source);

const Sources = ({ rows }: { readonly rows: NonNullable<Excluded["sources"]> }) => (
  <Card title="By source">
    <DataTable
      caption="Organic conversions by source"
      columns={[{ name: "Source" }, { name: "Platform" }, { name: "Left out", number: true }]}
      rows={rows.map((row) => [nameOf(row), platformName(row.platform), count(row.conversions)])}
    />
  </Card>
);

const Rules = ({ rows }: { readonly rows: NonNullable<Excluded["rules"]> }) => {
  const names = Object.keys(rows[0] ?? {});
  return (
    <Card title="First-party conversions, by rule">
      <DataTable
        caption="First-party conversions that were left out, by rule"
        columns={names.map((name) => ({ name: words(name), number: name === "conversions" }))}
        rows={rows.map((row) =>
          names.map((name) => (name === "conversions" ? count(row[name]) : (row[name] ?? dash))),
        )}
      />
    </Card>
  );
};

const Figures = ({ range, days, accounts, sources, rules }: Excluded) => {
  useShown({ range });
  const total = days.reduce((sum, day) => sum + exact(day.organic_conversions), 0n);
  const isNothing = total === 0n && !sources?.length && !rules?.length;
  return (
    <>
      <Heading title="What was excluded">
        {rangeText(range)}. Conversions without a paid click or view count in no cost.
      </Heading>
      {isNothing ? (
        <Empty title="Nothing was left out in these days">
          Choose a longer range or all platforms to see more.
        </Empty>
      ) : (
        <>
          {total !== 0n && <DayChart days={days} />}
          {sources !== null && sources.length > 0 && <Sources rows={sources} />}
          {accounts.length > 0 && <Accounts rows={accounts} />}
          {rules !== null && rules.length > 0 && <Rules rows={rules} />}
        </>
      )}
    </>
  );
};

const Content = () => {
  const excluded = useAnswer<Excluded>(apiPath("excluded", ["range", "from", "to", "platform"]));
  return <Answered to={{ excluded }}>{({ excluded: answer }) => <Figures {...answer} />}</Answered>;
};

/** What no figure counts, since nobody paid for it. */
export const excludedView: View = { title: "Excluded", filters: ["range", "platform"], Content };
