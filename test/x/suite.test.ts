import { describeConnector } from "../support/connector-suite.ts";
import { accountOf, startX } from "./support.ts";

const range = { from: "2026-10-25", to: "2026-11-20" };

const ways = {
  "X by synchronous stats": { account: accountOf(), range: { from: "2026-11-01", to: "2026-11-09" } },
  "X by jobs, over a change of clocks": { account: accountOf(), range, byJobs: true },
  "X's second currency": { account: accountOf("acc1demo:EUR", "EUR"), range },
  "X in Tokyo": { account: accountOf("acc2demo", "JPY", "Asia/Tokyo"), range },
} as const;

for (const [name, { account, range: days, ...world }] of Object.entries(ways))
  describeConnector({
    name,
    open: async () => {
      const { open, sandbox } = await startX(world);
      return {
        connector: open(),
        account,
        range: days,
        truth: ({ from, to }) => sandbox.truth.days(account.id, from, to),
      };
    },
  });
