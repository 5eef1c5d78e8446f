import type { Failure } from "../domain/failure.ts";
import type { Frame } from "./frame.ts";

/** Names an account of which some days were not rolled up. */
export const reportUnfit =
  ({ report }: Pick<Frame, "report">) =>
  ({ platform = "", accountId = "", message, remedy }: Failure): void =>
    report({ platform, accountId, what: message, remedy });
