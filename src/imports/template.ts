import { stringify } from "csv-stringify/sync";
import type { ImportKind } from "./kinds/kind.ts";

/** A file of the kind with its header and one row, to be filled in; it is imported as it stands. */
export const templateOf = ({ example }: ImportKind): string =>
  stringify([Object.keys(example), Object.values(example)]);
