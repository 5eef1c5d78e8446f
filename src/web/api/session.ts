import { sql } from "kysely";
import type { Schedule } from "../../domain/schedule.ts";
import type { Identity } from "../access.ts";
import { nightState } from "./nights.ts";
import type { SessionAnswer } from "./operating-answers.ts";
import type { Read } from "./read.ts";

/** Who asks, how many alerts fire, and when the next night is. */
export const session = async (
  read: Read,
  {
    identity,
    schedule,
    hasQueue,
  }: { readonly identity: Identity | null; readonly schedule: Schedule; readonly hasQueue: boolean },
): Promise<SessionAnswer> => {
  const [alerts] = await read<{ firing: number }>(sql`
    select count(*)::int as firing from ops.alert where state = 'firing'`);
  const mayOperate = identity?.role === "operator";
  return {
    name: identity?.name ?? null,
    role: identity === null || identity.role === "feed" ? null : identity.role,
    may_operate: mayOperate,
    firing: alerts?.firing ?? 0,
    night: { ...(await nightState(read, schedule)), may_begin: mayOperate && hasQueue, has_board: hasQueue },
  };
};
