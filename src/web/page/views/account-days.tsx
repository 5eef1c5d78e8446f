import type { Health } from "../../api/health-answers.ts";
import { axisDate, dayText, rangeText } from "../format.ts";
import { seconds } from "../parts/series.ts";
import { Card, Hidden } from "../parts/words.tsx";

/** Letter of the API, what it means, and the sign in the cell: colour alone would not tell. */
const states: readonly (readonly [letter: string, meaning: string, sign: string])[] = [
  ["c", "fetched", ""],
  ["s", "no spend", "·"],
  ["n", "missing", "?"],
  ["f", "failed", "!"],
  ["d", "apart from the platform", "≠"],
  ["x", "account closed", "×"],
  ["-", "never asked for", ""],
];

const Key = () => (
  <ul class="legend">
    {states.map(([letter, meaning, sign]) => (
      <li key={letter}>
        <span class="cell" data-state={letter} aria-hidden="true">
          {sign}
        </span>
        {meaning}
      </li>
    ))}
  </ul>
);

const Cell = ({
  letter,
  day,
  note,
}: {
  readonly letter: string;
  readonly day: string;
  readonly note: string | undefined;
}) => {
  const [, meaning = "", sign = ""] = states.find(([known]) => known === letter) ?? [];
  return (
    <td title={`${dayText(day)}: ${meaning}${note === undefined ? "" : `. ${note}`}`}>
      <span class="cell" data-state={letter} aria-hidden="true">
        {sign}
      </span>
      <Hidden>{meaning}</Hidden>
    </td>
  );
};

const daysFrom = (from: string, length: number): readonly string[] =>
  Array.from({ length }, (_, index) =>
    new Date(Date.parse(`${from}T00:00:00Z`) + index * 86_400_000).toISOString().slice(0, 10),
  );

/** Which account-days are there and good: a row an account, a cell a day. */
export const AccountDays = ({ range, accounts }: Pick<Health, "range" | "accounts">) => {
  const days = daysFrom(range.from, accounts[0]?.states.length ?? 0);
  return (
    <Card title="Accounts by day">
      <Key />
      <div class="scroll" tabIndex={0} role="region" aria-label="Accounts by day">
        <table class="heat">
          <caption class="sr">State of each account-day, {rangeText(range)}</caption>
          <thead>
            <tr>
              <th scope="col">Account</th>
              {days.map((day, index) => (
                <th key={day} scope="col">
                  {index % 7 === 0 ? (
                    <span class="tick">{axisDate(seconds(day), 86_400)}</span>
                  ) : (
                    <Hidden>{day}</Hidden>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {accounts.map(({ platform, account_id, account_name, states: letters, notes }) => (
              <tr key={`${platform}:${account_id}`}>
                <th scope="row">{account_name ?? account_id}</th>
                {Array.from(letters, (letter, index) => {
                  const day = days[index] ?? "";
                  return (
                    <Cell
                      key={day}
                      letter={letter}
                      day={day}
                      note={notes.find(({ date }) => date === day)?.text}
                    />
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
};
