import type { SandboxPlatform } from "../../../sandbox/server.ts";

/** What every ad of a day comes to, in the account's currency. */
export const pigeonDay = {
  spend: "12.34",
  impressions: "1000",
  clicks: "20",
  conversions: "2",
  value: "50",
  coos: "9",
};

export const pigeonKey = "pigeon-key-that-nobody-may-read";

const account = (id: string, currency: string) => ({ id, name: `Loft ${id}`, currency, zone: "UTC" });

const accounts = [account("a1", "EUR"), account("a1:USD", "USD"), account("b2", "EUR")];

/** The pigeons' API: who there is, and what their days came to. */
export const createPigeonSandbox = (): SandboxPlatform => ({
  platform: "pigeon",
  answer(exchange) {
    const { path, headers, rawQuery } = exchange;
    if (headers.authorization !== `Key ${pigeonKey}`) return exchange.json(401, { wrong: "key" });
    if (path === "/accounts") return exchange.json(200, accounts);
    const id = decodeURIComponent(/^\/accounts\/([^/]+)\/days$/.exec(path)?.[1] ?? "");
    if (!accounts.some((known) => known.id === id)) return exchange.json(404, { wrong: "account" });
    const query = new URLSearchParams(rawQuery);
    const days: unknown[] = [];
    const last = Date.parse(query.get("to") ?? "");
    for (let at = Date.parse(query.get("from") ?? ""); at <= last; at += 86_400_000)
      days.push({ date: new Date(at).toISOString().slice(0, 10), ...pigeonDay });
    return exchange.json(200, days);
  },
});
