import type { Missing } from "../../../metrics/missing.ts";
import { sentence } from "../parts/words.tsx";
import { address } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";

/** How many are said before the rest is counted. */
const said = 3;

/** What no figure of the page tells of: said above every view, since absent is not zero. */
export const MissingBanner = () => {
  const { value } = useAnswer<{ readonly missing: readonly Missing[] }>("/api/missing");
  const missing = value?.missing ?? [];
  if (missing.length === 0) return null;
  return (
    <aside class="missing" aria-label="What is missing">
      <ul>
        {missing.slice(0, said).map(({ platform, account_id, text, remedy }) => (
          <li key={`${platform}:${account_id ?? ""}`}>
            <strong>{sentence(text)}</strong> {sentence(remedy)}
          </li>
        ))}
        {missing.length > said && (
          <li>
            And {missing.length - said} more: <a href={address("/health", {})}>see health</a>.
          </li>
        )}
      </ul>
    </aside>
  );
};
