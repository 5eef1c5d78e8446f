import { integer } from "../format.ts";
import { go, here } from "../state/address.ts";

/** Steps through the pages of a long list; nothing where there is one page. */
export const Pager = ({
  page,
  size,
  count,
  of,
}: {
  readonly page: number;
  readonly size: number;
  readonly count: number;
  /** What is counted: "rows". */
  readonly of: string;
}) => {
  const pages = Math.max(1, Math.ceil(count / size));
  if (pages === 1 && page === 1) return null;
  const step = (to: number, text: string) => (
    <button
      type="button"
      disabled={to < 1 || to > pages}
      onClick={() => go(here({ page: to === 1 ? undefined : String(to) }))}
    >
      {text}
    </button>
  );
  return (
    <nav class="pager" aria-label="Pages">
      {step(page - 1, "Previous")}
      <span>
        Page {integer(page)} of {integer(pages)} · {integer(count)} {of}
      </span>
      {step(page + 1, "Next")}
    </nav>
  );
};
