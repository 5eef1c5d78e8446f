import { apiPath } from "../state/api.ts";

/** Files with all that a view shows, not just a page of it. */
export const Downloads = ({
  path,
  names,
  stem,
}: {
  readonly path: string;
  /** Which of the page's parameters are taken along. */
  readonly names: readonly string[];
  readonly stem: string;
}) => (
  <span class="downloads">
    <a class="button" href={apiPath(`${path}.csv`, names)} download={`${stem}.csv`}>
      Download CSV
    </a>
    <a class="button" href={apiPath(`${path}.xlsx`, names)} download={`${stem}.xlsx`}>
      Excel
    </a>
  </span>
);
