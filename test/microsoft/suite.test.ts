import { describeConnector } from "../support/connector-suite.ts";
import { accountOf, startMicrosoft } from "./support.ts";

const range = { from: "2026-11-01", to: "2026-11-20" };

for (const [index, name] of ["Microsoft", "Microsoft with the new label of its network"].entries())
  describeConnector({
    name,
    open: async () => {
      const { open, sandbox } = await startMicrosoft();
      const account = accountOf(index);
      return {
        connector: open(),
        account,
        range,
        truth: ({ from, to }) => sandbox.truth.days(account.id, from, to),
      };
    },
  });
