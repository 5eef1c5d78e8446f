import type { Overview } from "../../api/answers.ts";
import { integer } from "../format.ts";
import { Notice } from "../parts/words.tsx";
import { address } from "../state/address.ts";

const gapsText = (gaps: number): string =>
  gaps === 0
    ? ""
    : `${integer(gaps)} account-${gaps === 1 ? "day" : "days"} of this range ${gaps === 1 ? "is" : "are"} missing, failed or apart from the platform’s own total. `;

const leftOutText = ({ left_out: leftOut, accounts }: Overview): string => {
  if (leftOut === 0) return "";
  return leftOut === accounts
    ? "There is no comparison: not every day of both ranges was fetched. "
    : `Compared without ${integer(leftOut)} of ${integer(accounts)} accounts, whose days were not all fetched. `;
};

/** What a reader has to know of the days: what is missing, what no comparison holds, what is young. */
export const RangeNotices = ({ answer }: { readonly answer: Overview }) => {
  const text = gapsText(answer.gaps) + leftOutText(answer);
  const isYoung = answer.groups.some(({ now }) => !now.is_final);
  return (
    <>
      {text !== "" && (
        <Notice>
          {text}
          <a href={address("/health", {})}>See health</a>
        </Notice>
      )}
      {isYoung && (
        <p class="dim small">
          Conversions of days that are not final still come in: those are compared as they are expected to
          end.
        </p>
      )}
    </>
  );
};
