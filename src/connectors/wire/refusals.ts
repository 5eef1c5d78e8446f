import { Failure } from "../../domain/failure.ts";

/** So many accounts in a row, and nobody is let through between them: the platform itself takes the call no more. */
const accountsInARow = 3;

interface Streak {
  readonly code: string | undefined;
  readonly accounts: Set<string>;
}

/** What one platform has refused of late, by call. One per process and platform. */
export interface Refusals {
  /** A call of this name was answered for some account: the platform takes it. */
  answered(call: string): void;
  /**
   * The failure as far as it reaches: a refusal that no table knows (`request` of scope `account`) stops its account,
   * and the platform once several accounts in a row were refused the same call with the same code.
   */
  judged(call: string, accountId: string, failure: Failure): Failure;
}

export const createRefusals = (): Refusals => {
  const streaks = new Map<string, Streak>();
  return {
    answered(call) {
      streaks.delete(call);
    },
    judged(call, accountId, failure) {
      if (failure.kind !== "request" || failure.scope !== "account") return failure;
      const before = streaks.get(call);
      const streak: Streak =
        before && before.code === failure.code ? before : { code: failure.code, accounts: new Set() };
      streaks.set(call, streak);
      streak.accounts.add(accountId);
      if (streak.accounts.size < accountsInARow) return failure;
      return new Failure({
        ...detailsOf(failure),
        scope: "platform",
        message: `${failure.message}; so it was for ${String(streak.accounts.size)} accounts in a row`,
      });
    },
  };
};

const detailsOf = (failure: Failure) => ({
  kind: failure.kind,
  remedy: failure.remedy,
  ...(failure.platform === undefined ? {} : { platform: failure.platform }),
  ...(failure.accountId === undefined ? {} : { accountId: failure.accountId }),
  ...(failure.code === undefined ? {} : { code: failure.code }),
  ...(failure.requestId === undefined ? {} : { requestId: failure.requestId }),
  ...(failure.status === undefined ? {} : { status: failure.status }),
  ...(failure.reason === undefined ? {} : { reason: failure.reason }),
  cause: failure,
});
