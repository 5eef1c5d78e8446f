import { Failure } from "../../domain/failure.ts";

/**
 * A name that a CRM does not know would be an empty column for ever, or refuse the whole query.
 * @param wanted names, with the settings that name them
 * @throws Failure `request`
 */
export const requireFields = (
  known: (name: string) => boolean,
  wanted: readonly (readonly [name: string, setting: string])[],
  told: {
    readonly source: string;
    /** As messages name them: `contacts have no property`. */
    readonly lack: string;
    readonly remedy: string;
  },
): void => {
  const missing = wanted.filter(([name]) => !known(name));
  if (missing.length === 0) return;
  throw new Failure({
    kind: "request",
    message: `source ${told.source}: ${told.lack} ${missing.map(([name, setting]) => `${name} (${setting})`).join(", ")}`,
    remedy: told.remedy,
  });
};
