import { addDays, type Day, type DayRange, eachDay } from "../src/domain/day.ts";
import { type ShopCampaign, shopLeads } from "./first-party.ts";
import { createHubspotSandbox, hubspotSandboxSettings } from "./hubspot/index.ts";
import { createLiveagentSandbox, liveagentSandboxSettings } from "./liveagent/index.ts";
import { chance, dayFactor } from "./pattern.ts";
import { listen } from "./server.ts";

/** How far a lead came, in HubSpot's own words, with the days that each step took. */
const ladder = [
  ["marketing_qualified", "marketingqualifiedlead", 2],
  ["sales_qualified", "salesqualifiedlead", 4],
  ["customer", "customer", 7],
] as const;

const parameterOf: Readonly<Record<string, string>> = {
  source: "utm_source",
  medium: "utm_medium",
  campaign: "utm_campaign",
  campaign_id: "utm_id",
};

const callsADay = 24;
const contactsADay = 30;
const letters = ["E", "E", "E", "B", "M", "F"] as const;

const later = (at: string, days: number): string =>
  new Date(Date.parse(at) + days * 86_400_000).toISOString();

/** The shop's own systems, up: a CRM and a help desk, empty until it has lived some days. */
export const startCompany = async ({
  clock,
  since,
  ports = [0, 0],
}: {
  readonly clock: () => Date;
  readonly since: Day;
  readonly ports?: readonly [crm: number, support: number];
}) => {
  const crm = createHubspotSandbox({ clock, rateLimit: 100_000 });
  const desk = createLiveagentSandbox({ clock });
  const [crmServer, deskServer] = await Promise.all([listen(crm, ports[0]), listen(desk, ports[1])]);

  const sell = (range: DayRange, campaigns: readonly ShopCampaign[]): void => {
    const now = clock().toISOString();
    let id = 10_000;
    for (const { at, stage, visit } of shopLeads(range, campaigns)) {
      id += 1;
      const contact = String(id);
      const landing = new URLSearchParams(
        Object.entries(visit)
          .filter(([name, value]) => name !== "referrer_host" && value !== "")
          .map(([name, value]) => [parameterOf[name] ?? name, value]),
      );
      crm.world.addContact(contact, at, {
        hs_analytics_first_url: `https://shop.example/?${landing.toString()}`,
        ...(visit.referrer_host === undefined
          ? {}
          : { hs_analytics_first_referrer: `https://${visit.referrer_host}/` }),
      });
      const steps = ladder.slice(0, ladder.findIndex(([name]) => name === stage) + 1);
      for (const [, value, days] of steps)
        if (later(at, days) < now) crm.world.setContact(contact, later(at, days), { lifecyclestage: value });
      const won = later(at, 7);
      if (stage !== "customer" || won >= now) continue;
      crm.world.addDeal(
        contact,
        later(at, 4),
        { amount: (300 + Math.floor(chance(contact, "deal") * 900)).toFixed(2), deal_currency_code: "EUR" },
        contact,
      );
      crm.world.setDeal(contact, won, { dealstage: "closedwon" });
    }
  };

  const serve = (range: DayRange): void => {
    for (const day of eachDay(range)) {
      const instant = (kind: string, index: number) =>
        new Date(
          Date.parse(`${day}T07:00:00Z`) + Math.floor(chance(day, kind, index) * 36_000) * 1_000,
        ).toISOString();
      for (let index = 0; index < Math.round(callsADay * dayFactor(day)); index += 1) {
        const at = instant("call", index);
        desk.addCall({
          id: `${day}-${String(index)}`,
          type: chance(day, "way", index) < 0.7 ? "I" : "O",
          at,
          answeredAt: at,
          finishedAt: later(at, 0.003),
        });
      }
      for (let index = 0; index < Math.round(contactsADay * dayFactor(day)); index += 1)
        desk.addTicket({
          id: `${day}-t${String(index)}`,
          channel: letters[Math.floor(chance(day, "channel", index) * letters.length)] ?? "E",
          status: "R",
          at: instant("ticket", index),
        });
    }
  };

  return {
    /** The part of a costper.yaml that points at them. */
    sources: {
      crm: { ...hubspotSandboxSettings(crmServer.url), since: addDays(since, -1) },
      support: liveagentSandboxSettings(deskServer.url),
    },
    servers: { crm: crmServer, support: deskServer },
    /** Lets the days pass: leads come by the campaigns' ads, become customers, and people call and write. */
    live: (range: DayRange, campaigns: readonly ShopCampaign[]): void => {
      sell(range, campaigns);
      serve(range);
    },
    close: async (): Promise<void> => {
      await Promise.all([crmServer.close(), deskServer.close()]);
    },
  };
};
