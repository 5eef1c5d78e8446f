import * as z from "zod";
import type { Account, Entity } from "../../domain/facts.ts";
import type { ConnectorContext, Pull } from "../connector.ts";
import { readValue } from "../wire/json.ts";
import type { Ask } from "./client.ts";
import { messageLeads, oneClickLeads, qualifiedLeads, withoutRule } from "./counting.ts";
import { statusOf } from "./failures.ts";
import { pagesByCount, pagesByToken } from "./paging.ts";
import { accountUrn, idIn } from "./restli.ts";

// Every status is asked for by name: what an unfiltered search leaves out is not documented, and removed ones have spent.
const accountStatuses = ["ACTIVE", "CANCELED", "DRAFT", "PENDING_DELETION", "REMOVED"];
const campaignStatuses = [
  "ACTIVE",
  "ARCHIVED",
  "CANCELED",
  "COMPLETED",
  "DRAFT",
  "PAUSED",
  "PENDING_DELETION",
  "REMOVED",
];

const text = z
  .union([z.string(), z.number(), z.boolean()])
  .nullish()
  .transform((value) => (value == null ? "" : String(value).replaceAll("\0", "")));

const idOf = (kind: string) =>
  z.unknown().transform((value, context) => {
    const id = idIn(kind, value);
    if (id !== undefined) return id;
    context.addIssue({ code: "custom", message: `is no id of a ${kind}` });
    return z.NEVER;
  });

const accountSchema = z.object({
  id: idOf("sponsoredAccount"),
  name: text,
  // Judged where the account is planned: one odd account must not hide the others.
  currency: text,
  status: text,
  test: z.boolean().nullish(),
});

const campaignSchema = z.object({
  id: idOf("sponsoredCampaign"),
  name: text,
  status: text,
  type: text,
  objectiveType: text,
});

const days = z.coerce.number().int().positive().nullish().catch(undefined);

const ruleSchema = z.object({
  id: idOf("llaPartnerConversion"),
  name: text,
  type: text,
  enabled: z.boolean().nullish(),
  conversionMethod: text,
  postClickAttributionWindowSize: days,
  viewThroughAttributionWindowSize: days,
});

const creativeSchema = z.object({
  id: idOf("sponsoredCreative"),
  campaign: z.unknown().transform((value) => idIn("sponsoredCampaign", value) ?? ""),
  intendedStatus: text,
  name: text,
});

const read = <Schema extends z.ZodType>(schema: Schema, what: string, value: unknown): z.output<Schema> =>
  readValue(value, schema, { what: `LinkedIn ${what}`, platform: "linkedin" });

/** Every ad account, test accounts aside. LinkedIn has no time zones: days are UTC. */
export async function* listAccounts(ask: Ask, signal: AbortSignal): AsyncGenerator<Account> {
  const parameters = { q: "search", search: { status: { values: accountStatuses }, test: false } };
  for await (const page of pagesByToken(ask, { resource: "adAccounts", parameters, accountId: null, signal }))
    for (const element of page) {
      if (element["test"] === true) continue;
      const { id, name, currency, status } = read(accountSchema, "ad account", element);
      const active = status === "ACTIVE";
      yield { platform: "linkedin", id, name, currency, timeZone: "UTC", status, active };
    }
}

const campaignOf = (element: unknown): Extract<Entity, { kind: "campaign" }> => {
  const { id, name, status, type, objectiveType } = read(campaignSchema, "campaign", element);
  return { kind: "campaign", id, name, status, type: objectiveType || type };
};

export async function* listCampaigns(ask: Ask, pull: Pull): AsyncGenerator<readonly Entity[]> {
  const pages = pagesByToken(ask, {
    resource: `adAccounts/${pull.account.id}/adCampaigns`,
    parameters: { q: "search", search: { status: { values: campaignStatuses } } },
    accountId: pull.account.id,
    signal: pull.signal,
  });
  for await (const page of pages) yield page.map(campaignOf);
}

/** A campaign that the listing lacks but figures name; undefined where LinkedIn does not know it either. */
export const findCampaign = async (ask: Ask, pull: Pull, id: string): Promise<Entity | undefined> => {
  try {
    const answer = await ask({
      resource: `adAccounts/${pull.account.id}/adCampaigns/${id}`,
      query: "",
      finder: false,
      accountId: pull.account.id,
      signal: pull.signal,
    });
    return { ...campaignOf(answer), id };
  } catch (error) {
    if (statusOf(error) === 404 || statusOf(error) === 403) return undefined;
    throw error;
  }
};

const ruleOf = (element: unknown): Entity => {
  const rule = read(ruleSchema, "conversion rule", element);
  return {
    kind: "conversion_action",
    id: rule.id,
    name: rule.name,
    status: rule.enabled === false ? "DISABLED" : "ENABLED",
    category: rule.type,
    origin: rule.conversionMethod,
    primary: true,
    ...(rule.postClickAttributionWindowSize == null
      ? {}
      : { clickWindowDays: rule.postClickAttributionWindowSize }),
    ...(rule.viewThroughAttributionWindowSize == null
      ? {}
      : { viewWindowDays: rule.viewThroughAttributionWindowSize }),
  };
};

/** Figures keep without names: where these are refused, the rest of the account goes on. */
const unlessRefused = async function* (
  batches: AsyncIterable<readonly Entity[]>,
  what: string,
  pull: Pull,
  context: ConnectorContext,
): AsyncGenerator<readonly Entity[]> {
  try {
    yield* batches;
  } catch (error) {
    if (statusOf(error) !== 403) throw error;
    context.log.warn(
      { platform: "linkedin", account: pull.account.id },
      `no permission for LinkedIn ${what}: figures are kept without names`,
    );
  }
};

const rulesOf = async function* (ask: Ask, pull: Pull): AsyncGenerator<readonly Entity[]> {
  const pages = pagesByCount(ask, {
    resource: "conversions",
    parameters: { q: "account", account: accountUrn(pull.account.id) },
    accountId: pull.account.id,
    signal: pull.signal,
  });
  for await (const page of pages) yield page.map(ruleOf);
};

export const listRules = (
  ask: Ask,
  pull: Pull,
  context: ConnectorContext,
): AsyncIterable<readonly Entity[]> => unlessRefused(rulesOf(ask, pull), "conversion rules", pull, context);

const creativesOf = async function* (ask: Ask, pull: Pull): AsyncGenerator<readonly Entity[]> {
  const pages = pagesByToken(ask, {
    resource: `adAccounts/${pull.account.id}/creatives`,
    parameters: { q: "criteria" },
    accountId: pull.account.id,
    signal: pull.signal,
  });
  for await (const page of pages)
    yield page.map((element) => {
      const { id, campaign, intendedStatus, name } = read(creativeSchema, "creative", element);
      return { kind: "ad", id, adGroupId: "", campaignId: campaign, name, status: intendedStatus };
    });
};

export const listCreatives = (
  ask: Ask,
  pull: Pull,
  context: ConnectorContext,
): AsyncIterable<readonly Entity[]> => unlessRefused(creativesOf(ask, pull), "creatives", pull, context);

const action = (id: string, name: string, category: string, origin: string, primary: boolean): Entity => ({
  kind: "conversion_action",
  id,
  name,
  status: "ENABLED",
  category,
  origin,
  primary,
});

/** Actions that every account has, though LinkedIn lists them nowhere. */
export const ownActions: readonly Entity[] = [
  action(withoutRule, "Website conversions without a rule", "", "WEBSITE", true),
  action(oneClickLeads, "One-click leads", "LEAD", "LINKEDIN", true),
  action(messageLeads, "Message ad leads", "LEAD", "LINKEDIN", false),
  action(qualifiedLeads, "Qualified leads", "QUALIFIED_LEAD", "LINKEDIN", false),
];
