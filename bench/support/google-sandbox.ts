import { bulkAccountId, createGoogleSandbox, googleSandboxSettings } from "../../src/sandbox/google/index.ts";
import { listen } from "../../src/sandbox/server.ts";

// A process of its own, so that the figures of the sync process are its own. Argument: ads that deliver every day.
const ads = Number(process.argv[2] ?? "1000");
const server = await listen(
  createGoogleSandbox({ clock: () => new Date(), bulk: { ads }, batchRows: 10_000 }),
);
process.stdout.write(
  `${JSON.stringify({ settings: googleSandboxSettings(server.url), account: bulkAccountId })}\n`,
);
