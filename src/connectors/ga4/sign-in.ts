import * as z from "zod";
import { Failure } from "../../domain/failure.ts";
import { addDays, dayAt } from "../../domain/day.ts";
import type { Reached, SignIn } from "../sign-in.ts";
import { exchange } from "../wire/exchange.ts";
import { googleConsent, googleNeeds, googleRedirect } from "../wire/google-consent.ts";
import { readJson } from "../wire/json.ts";
import { withoutIndents } from "../wire/google-answers.ts";
import { createPageGuard } from "../wire/paging.ts";
import { createGa4Client } from "./client.ts";
import { failureOf } from "./failures.ts";
import type { Ga4Settings } from "./settings.ts";
import { ga4Tokens } from "./token.ts";

const summaries = z.object({
  accountSummaries: z
    .array(
      z.object({
        displayName: z.string().default(""),
        propertySummaries: z
          .array(z.object({ property: z.string(), displayName: z.string().default("") }))
          .default([]),
      }),
    )
    .default([]),
  nextPageToken: z.string().optional(),
});

type Context = Parameters<NonNullable<SignIn<Ga4Settings>["reached"]>>[1];

/** Stands for the properties of a config that names none yet. */
const noProperties = ["0"];

/** The properties that the user reaches ("Method: accountSummaries.list" of the Admin API). */
async function* listed(
  settings: Ga4Settings,
  { log, now, signal, redactor }: Context,
): AsyncIterable<Reached> {
  const { accessToken } = await ga4Tokens(settings, { log, now, redactor }).current(signal);
  const guard = createPageGuard({ what: "GA4 account summaries" });
  let page = "";
  do {
    const { status, text } = await exchange({
      url: `${settings.endpoints.admin}/v1beta/accountSummaries?${withoutIndents}&pageSize=200${page && `&pageToken=${encodeURIComponent(page)}`}`,
      headers: { authorization: `Bearer ${accessToken}` },
      call: "GA4 account summaries",
      signal,
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting: "connectors.ga4.timeoutSeconds",
    });
    if (status === 403)
      throw new Failure({
        kind: "request",
        platform: "ga4",
        status,
        message: "Google does not list the properties (403)",
        remedy:
          "enable the Google Analytics Admin API and the Google Analytics Data API for the project of the client id (Google Cloud console, APIs & Services, Library)",
      });
    if (status !== 200)
      throw failureOf({ status, body: text, property: "(list)", redact: redactor.redact, now: now() });
    const answer = readJson(text, summaries, { what: "GA4 account summaries", kind: "transient", status });
    const found = answer.accountSummaries.flatMap(({ displayName, propertySummaries }) =>
      propertySummaries.map((property) => ({
        id: property.property.replace(/^properties\//, ""),
        name: [displayName, property.displayName].filter(Boolean).join(" / "),
        currency: "",
      })),
    );
    guard.check(answer.accountSummaries, answer.nextPageToken);
    yield* found;
    page = answer.nextPageToken ?? "";
  } while (page !== "");
}

/** Which of the configured properties answer: one small report of each. */
async function* answering(settings: Ga4Settings, context: Context): AsyncIterable<Reached> {
  const { log, now, signal } = context;
  const client = createGa4Client({ settings, log, now });
  const day = addDays(dayAt(now(), "UTC"), -1);
  let found = 0;
  for (const property of settings.properties.filter((name) => !noProperties.includes(name)))
    try {
      await client.runReport({ property, day, dimensions: ["date"], metrics: ["sessions"] }, signal);
      found += 1;
      yield { id: property, name: "", currency: "" };
    } catch {
      signal.throwIfAborted();
    }
  // None of them, or none named yet: which there are is the better answer.
  if (found === 0) yield* listed(settings, context);
}

export const signIn: SignIn<Ga4Settings> = {
  needs: googleNeeds,
  fills: ["refreshToken"],
  // Which properties there are is what the sign-in shows.
  standIns: { properties: noProperties },
  redirect: googleRedirect,
  reachesNothing: "sign in as a user with at least the role Viewer on a GA4 property",
  begin: async ({ clientId = "", clientSecret = "", timeoutSeconds, endpoints: { oauth } }, context) =>
    googleConsent(
      {
        platform: "ga4",
        label: "Google (for GA4)",
        scope: "https://www.googleapis.com/auth/analytics.readonly",
        oauth,
        clientId,
        clientSecret,
        timeoutSeconds,
      },
      context,
    ),
  named: "properties",
  reached: answering,
};
