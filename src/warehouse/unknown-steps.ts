import { Failure } from "../domain/failure.ts";

/**
 * @throws Failure where steps were taken that this costper does not have: those of a newer one, or of a numbering from
 * before the first release, whose schema leads nowhere from here. From the first release on no step is changed or
 * renamed, so that whatever was released begins with the first step of today.
 */
export const refuseUnknownSteps = (
  where: "database" | "backup",
  steps: readonly string[],
  known: readonly string[],
): void => {
  const unknown = steps.filter((step) => !known.includes(step));
  if (unknown.length === 0) return;
  // A backup is named on the command line.
  const wrongUse = where === "backup" ? ({ code: "usage" } as const) : {};
  const [first = ""] = known;
  if (!steps.includes(first))
    throw new Failure({
      kind: "request",
      ...wrongUse,
      message: `the ${where} has a schema from before the first release of costper, which cannot be brought up to date (its steps begin with ${unknown[0]}, those of today with ${first})`,
      remedy: `${where === "database" ? "name an empty database in `database`" : "leave the backup aside"}, run costper migrate, and costper sync --from DAY for the days that you want; nothing was changed`,
    });
  throw new Failure({
    kind: "request",
    ...wrongUse,
    message: `the ${where} has a newer schema than this costper knows (${unknown.join(", ")})`,
    remedy: "update costper; nothing was changed",
  });
};
