import { breakdowns } from "../../api/answers.ts";
import { words } from "../format.ts";
import { here } from "../state/address.ts";

/** By what the figures are broken down. */
export const BreakdownTabs = ({ current }: { readonly current: string }) => (
  <nav class="tabs" aria-label="Break down by">
    {[...breakdowns, "channel"].map((by) => (
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
