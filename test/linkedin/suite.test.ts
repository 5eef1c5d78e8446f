import { describeConnector } from "../support/connector-suite.ts";
import { firstAccount, startLinkedin } from "./support.ts";

const range = { from: "2026-11-01", to: "2026-11-20" };

for (const creatives of [false, true])
  describeConnector({
    name: creatives ? "LinkedIn with creatives" : "LinkedIn",
    open: async () => {
      const { open, sandbox } = await startLinkedin();
      return {
        connector: open({ settings: { creatives } }),
        account: firstAccount,
        range,
        truth: ({ from, to }) => sandbox.truth.days(firstAccount.id, from, to),
      };
    },
  });
