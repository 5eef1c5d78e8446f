import { apiPath } from "../state/api.ts";

/** Files with all that a view shows, not just a page of it. */
export const Downloads = ({
  path,
  names,
  stem,
  extra = {},
}: {
  readonly path: string;
  /** Which of the page's parameters are taken along. */
  readonly names: readonly string[];
  readonly stem: string;
  /** What the address of the page does not say. */
  readonly extra?: Readonly<Record<string, string>>;
}) => (
  <span class="downloads">
    <a class="button" href={apiPath(`${path}.csv`, names, extra)} download={`${stem}.csv`}>
      Download CSV
    </a>
    <a class="button" href={apiPath(`${path}.xlsx`, names, extra)} download={`${stem}.xlsx`}>
      Excel
    </a>
  </span>
);
