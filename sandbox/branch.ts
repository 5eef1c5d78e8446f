import { addDays, type Day, type DayRange, eachDay } from "../src/domain/day.ts";
import { chance, dayFactor } from "./pattern.ts";
import { createSalesforceSandbox, idOf, salesforceSandboxSettings } from "./salesforce/index.ts";
import { listen } from "./server.ts";
import { createZendeskSandbox, zendeskSandboxSettings } from "./zendesk/index.ts";

const leadsADay = 9;
const callsADay = 14;
const ticketsADay = 20;
const channels = ["email", "email", "web", "chat", "native_messaging", "voice"] as const;
const outcomes = ["completed", "completed", "completed", "abandoned_in_queue", "not_answered"] as const;

/** How far a lead came, with the days after which it got there. */
const ladder = [
  ["Working", 1],
  ["Qualified", 3],
] as const;

const later = (at: string, days: number): string =>
  new Date(Date.parse(at) + days * 86_400_000).toISOString();

/** Another branch of the shop, that sells to companies: its CRM is Salesforce, its help desk Zendesk. */
export const startBranch = async ({
  clock,
  since,
  ports = [0, 0],
}: {
  readonly clock: () => Date;
  readonly since: Day;
  readonly ports?: readonly [sales: number, helpdesk: number];
}) => {
  const crm = createSalesforceSandbox();
  const desk = createZendeskSandbox();
  const [crmServer, deskServer] = await Promise.all([listen(crm, ports[0]), listen(desk, ports[1])]);

  const moment = (day: Day, kind: string, index: number): string =>
    new Date(
      Date.parse(`${day}T07:00:00Z`) + Math.floor(chance(day, kind, index) * 36_000) * 1_000,
    ).toISOString();

  let number = 0;
  const sell = (day: Day): void => {
    const now = clock().toISOString();
    for (let index = 0; index < Math.round(leadsADay * dayFactor(day)); index += 1) {
      number += 1;
      const id = idOf("00Q", number);
      const at = moment(day, "lead", index);
      const isPaid = chance(id, "paid") < 0.6;
      crm.org.addLead(id, at, {
        LeadSource: isPaid ? "Advertisement" : "Web",
        ...(isPaid ? { GCLID__c: `Cj0${id}` } : {}),
        Score__c: Math.floor(chance(id, "score") * 100),
      });
      const reached = Math.floor(chance(id, "reached") * 4);
      for (const [Status, days] of ladder.slice(0, reached))
        if (later(at, days) < now) crm.org.setLead(id, later(at, days), { Status });
      const won = later(at, 12);
      if (reached < 3 || won >= now) continue;
      const opportunity = idOf("006", number);
      crm.org.addOpportunity(opportunity, later(at, 5), {
        Amount: 2_000 + Math.floor(chance(id, "amount") * 9_000),
      });
      crm.org.convert(id, later(at, 5), opportunity);
      crm.org.setOpportunity(opportunity, won, { StageName: "Closed Won" });
    }
  };

  const serve = (day: Day): void => {
    const first = Math.floor(Date.parse(day) / 86_400_000) * 1_000;
    for (let index = 0; index < Math.round(callsADay * dayFactor(day)); index += 1)
      desk.addCall({
        id: first + index,
        at: moment(day, "call", index),
        direction: chance(day, "way", index) < 0.7 ? "inbound" : "outbound",
        status: outcomes[Math.floor(chance(day, "outcome", index) * outcomes.length)] ?? "completed",
      });
    for (let index = 0; index < Math.round(ticketsADay * dayFactor(day)); index += 1)
      desk.addTicket({
        id: first + index,
        at: moment(day, "ticket", index),
        channel: channels[Math.floor(chance(day, "channel", index) * channels.length)] ?? "email",
      });
  };

  return {
    /** The part of a costper.yaml that points at them. */
    sources: {
      sales: {
        ...salesforceSandboxSettings(crmServer.url),
        since: addDays(since, -1),
        leads: {
          stages: {
            Open: "lead",
            Working: "lead",
            Qualified: "marketing_qualified",
            Converted: "sales_qualified",
          },
          disqualified: ["Junk"],
          score: { field: "Score__c" },
          visit: { gclid: "GCLID__c" },
        },
        conversions: { currency: "EUR" },
      },
      helpdesk: zendeskSandboxSettings(deskServer.url),
    },
    servers: { sales: crmServer, helpdesk: deskServer },
    /** Lets the days pass: companies ask, become customers, call and write. */
    live: (range: DayRange): void => {
      for (const day of eachDay(range)) {
        sell(day);
        serve(day);
      }
    },
    close: async (): Promise<void> => {
      await Promise.all([crmServer.close(), deskServer.close()]);
    },
  };
};
