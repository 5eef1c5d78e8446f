import {
  adConversionsQuery,
  adsQuery,
  networkConversionsQuery,
  networksQuery,
  totalsQuery,
} from "../../src/connectors/google/queries.ts";
import { withoutIndents } from "../../src/connectors/wire/google-answers.ts";
import { addDays, dayAt } from "../../src/domain/day.ts";
import {
  bulkAccountId,
  canceledAccountId,
  clientAccountId,
  createGoogleSandbox,
  googleCredentials,
  googleSandboxSettings,
  managerId,
} from "../../sandbox/google/index.ts";
import { listen } from "../../sandbox/server.ts";

// A process of its own, so that the figures of the sync process are its own. Arguments: ads that deliver every day, then
// any of `restated` (every fiftieth ad is) and `accounts=N`, so many small accounts of the manager beside the large one.
const [ads = "1000", ...more] = process.argv.slice(2);
const accounts = Number(more.find((word) => word.startsWith("accounts="))?.slice("accounts=".length) ?? 3);
const server = await listen(
  createGoogleSandbox({
    clock: () => new Date(),
    bulk: { ads: Number(ads), restated: more.includes("restated") },
    batchRows: 10_000,
    accounts,
    campaigns: 2,
  }),
);

// The large account's answers are made once, by weekday, and only dated afterwards: making them is not measured. Those with
// indents are others than those without, which costper asks for.
const token = await fetch(`${server.url}/token`, {
  method: "POST",
  body: new URLSearchParams({
    grant_type: "refresh_token",
    client_id: googleCredentials.clientId,
    client_secret: googleCredentials.clientSecret,
    refresh_token: googleCredentials.refreshToken,
  }),
});
const { access_token } = (await token.json()) as { access_token: string };
const to = addDays(dayAt(new Date(), "UTC"), -2);
const search = `${server.url}/v24/customers/${bulkAccountId}/googleAds:searchStream`;
for (const url of [search, `${search}?${withoutIndents}`])
  for (const query of [adsQuery, adConversionsQuery, networksQuery, networkConversionsQuery, totalsQuery]) {
    const answer = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
      body: JSON.stringify({ query: query({ from: addDays(to, -6), to }) }),
    });
    for await (const _ of answer.body ?? []);
  }

process.stdout.write(
  `${JSON.stringify({
    settings: googleSandboxSettings(server.url),
    account: bulkAccountId,
    manager: managerId,
    clients: Array.from({ length: accounts }, (_, index) => clientAccountId(index)).filter(
      (id) => id !== canceledAccountId,
    ),
  })}\n`,
);
