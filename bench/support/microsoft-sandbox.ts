import {
  adReport,
  goalReport,
  networkGoalReport,
  networkReport,
  submitBody,
  totalReport,
} from "../../src/connectors/microsoft/reports.ts";
import { addDays, dayAt, windowsOf } from "../../src/domain/day.ts";
import {
  bulkAccountId,
  createMicrosoftSandbox,
  microsoftSandboxCredentials,
  microsoftSandboxSettings,
} from "../../sandbox/microsoft/index.ts";
import { listen } from "../../sandbox/server.ts";

// A process of its own, so that the figures of the sync process are its own. Arguments: ads that deliver every day,
// days of one window, windows.
const [ads = 1_000, days = 31, windows = 1] = process.argv.slice(2).map(Number);
const sandbox = createMicrosoftSandbox({ clock: () => new Date(), bulk: { ads } });
const server = await listen(sandbox);
const account = sandbox.accounts.find(({ id }) => id === bulkAccountId);
if (!account) throw new Error("the sandbox has no large account");

const { developerToken, ...form } = microsoftSandboxCredentials;
const granted = await fetch(`${server.url}/common/oauth2/v2.0/token`, {
  method: "POST",
  body: new URLSearchParams({
    grant_type: "refresh_token",
    client_id: form.clientId,
    client_secret: form.clientSecret,
    refresh_token: form.refreshToken,
    scope: "https://ads.microsoft.com/msads.manage offline_access",
  }),
});
const { access_token } = (await granted.json()) as { access_token: string };

const ask = async (path: string, body: object): Promise<Record<string, unknown>> => {
  const answer = await fetch(`${server.url}/Reporting/v13/GenerateReport/${path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${access_token}`,
      developertoken: developerToken,
      customerid: account.customerId,
      customeraccountid: account.id,
    },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Record<string, unknown>;
};

// The large account's files are made once: making them is not measured.
sandbox.pendingPolls = 0;
const to = addDays(dayAt(new Date(), "UTC"), -2);
for (const window of windowsOf({ from: addDays(to, 1 - days * windows), to }, days))
  for (const report of [adReport, goalReport, networkReport, networkGoalReport, totalReport]) {
    const pull = {
      ...window,
      account: { ...account, platform: "microsoft", timeZone: account.iana, active: true },
      signal: new AbortController().signal,
    };
    const columns = [...report.columns, ...report.optional];
    const submitted = await ask("Submit", submitBody(report, columns, pull, account.reportZone));
    const polled = await ask("Poll", { ReportRequestId: submitted["ReportRequestId"] });
    const { ReportDownloadUrl: url } = polled["ReportRequestStatus"] as { ReportDownloadUrl: string };
    for await (const _ of (await fetch(url)).body ?? []);
  }
sandbox.pendingPolls = undefined;

process.stdout.write(
  `${JSON.stringify({ settings: microsoftSandboxSettings(server.url), account: bulkAccountId })}\n`,
);
