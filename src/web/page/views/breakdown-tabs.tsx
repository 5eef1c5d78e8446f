import { breakdowns } from "../../api/answers.ts";
import { words } from "../format.ts";
import { here, parameter } from "../state/address.ts";

/** What is too much for all accounts at once. */
const isWithin = (by: string): boolean => by === "ad_group" || by === "ad";

const isNarrowed = (): boolean =>
  ["platform", "account", "campaign"].some((name) => parameter(name) !== undefined);

/** By what the figures are broken down. */
export const BreakdownTabs = ({ current }: { readonly current: string }) => (
  <nav class="tabs" aria-label="Break down by">
    {[...breakdowns.filter((by) => !isWithin(by) || isNarrowed()), "channel"].map((by) => (
      <a
        key={by}
        href={here({ by, page: undefined, q: undefined, sort: undefined, order: undefined })}
        aria-current={by === current ? "page" : undefined}
      >
        {words(by)}
      </a>
    ))}
  </nav>
);
