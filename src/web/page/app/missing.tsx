import type { Missing } from "../../../metrics/missing.ts";
import { sentence } from "../parts/words.tsx";
import { address } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";

const Line = ({ text, remedy }: Pick<Missing, "text" | "remedy">) => (
  <li>
    <strong>{sentence(text)}</strong> {remedy}.
  </li>
);

/** What no figure of the page tells of: said above every view, since absent is not zero. Many accounts are one line. */
export const MissingBanner = () => {
  const { value } = useAnswer<{ readonly missing: readonly Missing[] }>("/api/missing");
  const missing = value?.missing ?? [];
  if (missing.length === 0) return null;
  const accounts = missing.filter(({ account_id }) => account_id !== null);
  const [only] = accounts;
  return (
    <aside class="missing" aria-label="What is missing">
      <ul>
        {missing
          .filter(({ account_id }) => account_id === null)
          .map(({ platform, text, remedy }) => (
            <Line key={platform} text={text} remedy={remedy} />
          ))}
        {accounts.length === 1 && only !== undefined && <Line {...only} />}
        {accounts.length > 1 && (
          <li>
            <strong>{accounts.length} accounts lack the last day.</strong>{" "}
            <a href={address("/health", {})}>See health</a>
          </li>
        )}
      </ul>
    </aside>
  );
};
