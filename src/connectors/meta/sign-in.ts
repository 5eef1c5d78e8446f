import * as z from "zod";
import { Failure } from "../../domain/failure.ts";
import type { SignedIn, SignIn, SignInContext } from "../sign-in.ts";
import {
  codeConsent,
  type CodeFields,
  demandScopes,
  endAfter,
  lifeWords,
} from "../wire/authorization-code.ts";
import { exchange } from "../wire/exchange.ts";
import { jsonOrUndefined, readJson } from "../wire/json.ts";
import type { MetaSettings } from "./settings.ts";

const about = { platform: "meta", label: "Meta" } as const;
const scope = "ads_read";
const systemUserPage = "Meta Business settings, Users, System users, Generate new token";

const redirect = {
  host: "localhost",
  exact: true,
  where:
    "App Dashboard, Facebook Login for Business, Settings, Valid OAuth Redirect URIs; http and localhost pass only while the app is in development mode",
} as const;

const tokenAnswer = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().optional().catch(undefined),
});

/** "Debug Token"; instants are seconds since 1970, 0 is never. */
const lookAnswer = z.object({
  data: z.object({
    is_valid: z.boolean().default(false),
    app_id: z.coerce.string().optional(),
    expires_at: z.number().default(0),
    data_access_expires_at: z.number().default(0),
    scopes: z.array(z.string()).default([]),
    type: z.string().default(""),
    error: z.object({ message: z.string().default("") }).optional(),
  }),
});

const errorAnswer = z.object({
  error: z.object({ message: z.string().default(""), code: z.number().default(0) }),
});

/** Asks the Graph API with parameters that hold secrets: no message may quote the address. */
const ask = async <Schema extends z.ZodType>(
  settings: MetaSettings,
  path: string,
  parameters: Readonly<Record<string, string>>,
  schema: Schema,
  { signal, redactor }: SignInContext,
): Promise<z.output<Schema>> => {
  const { status, text } = await exchange(
    {
      url: `${settings.endpoints.graph}/${settings.apiVersion}/${path}?${new URLSearchParams(parameters).toString()}`,
      headers: { accept: "application/json" },
      call: path,
      platform: "meta",
      signal,
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting: "connectors.meta.timeoutSeconds",
    },
    1_000_000,
  );
  if (status === 200) return readJson(text, schema, { what: path, platform: "meta" });
  const said = errorAnswer.safeParse(jsonOrUndefined(text)).data?.error;
  throw new Failure({
    kind: said !== undefined && status < 500 ? "credentials" : "transient",
    platform: "meta",
    status,
    code: String(said?.code ?? status),
    message: `Meta gave no token: ${said ? redactor.redact(said.message.slice(0, 200)) : `${path} answered ${String(status)}`}`,
    remedy:
      said !== undefined && status < 500
        ? "check connectors.meta.appId and appSecret, and the registered address, then run costper connect meta again"
        : "run costper connect meta again",
  });
};

const secondsToDate = (seconds: number): Date | undefined =>
  seconds > 0 ? new Date(seconds * 1_000) : undefined;

const earlier = (one: Date | undefined, other: Date | undefined): Date | undefined =>
  one !== undefined && other !== undefined ? (one < other ? one : other) : (one ?? other);

/** Meta's own word on a token: whose it is, what it may, when it ends. */
const lookAt = async (
  settings: MetaSettings,
  token: string,
  expectedEnd: Date | undefined,
  context: SignInContext,
): Promise<SignedIn> => {
  context.redactor.add(token, `${settings.appId ?? ""}|${settings.appSecret ?? ""}`);
  const { data } = await ask(
    settings,
    "debug_token",
    { input_token: token, access_token: `${settings.appId ?? ""}|${settings.appSecret ?? ""}` },
    lookAnswer,
    context,
  );
  if (!data.is_valid)
    throw new Failure({
      kind: "credentials",
      platform: "meta",
      message: `Meta says that the token is not valid${data.error ? `: ${context.redactor.redact(data.error.message.slice(0, 200))}` : ""}`,
      remedy: `make a new one (${systemUserPage}); nothing was kept`,
    });
  demandScopes(about, [scope], data.scopes, "give the token ads_read");
  const now = context.now();
  const tokenEnd = secondsToDate(data.expires_at) ?? expectedEnd;
  const dataEnd = data.type === "SYSTEM_USER" ? undefined : secondsToDate(data.data_access_expires_at);
  const better = `A system user's token does not end: make one at ${systemUserPage}, run costper connect meta --manual and paste it.`;
  return {
    kept: { accessToken: token },
    endsAt: earlier(tokenEnd, dataEnd),
    notes: [
      ...(tokenEnd
        ? [`The token lives ${lifeWords(tokenEnd, now)}. ${better}`]
        : [
            data.type === "SYSTEM_USER"
              ? "This is a system user's token: it does not end."
              : "The token does not end.",
          ]),
      ...(dataEnd
        ? [
            `Meta lets the app read this person's data for ${lifeWords(dataEnd, now)}; signing in again begins anew.`,
          ]
        : []),
    ],
  };
};

/** "Manually Build a Login Flow" and "Long-Lived Access Tokens": the short token that comes first is exchanged at once. */
const exchangeBoth = async (
  settings: MetaSettings,
  fields: CodeFields,
  context: SignInContext,
): Promise<SignedIn> => {
  const client = { client_id: fields.client_id, client_secret: settings.appSecret ?? "" };
  const short = await ask(
    settings,
    "oauth/access_token",
    { ...client, code: fields.code, redirect_uri: fields.redirect_uri },
    tokenAnswer,
    context,
  );
  context.redactor.add(short.access_token);
  const long = await ask(
    settings,
    "oauth/access_token",
    { grant_type: "fb_exchange_token", ...client, fb_exchange_token: short.access_token },
    tokenAnswer,
    context,
  );
  return lookAt(settings, long.access_token, endAfter(long.expires_in, context.now()), context);
};

export const signIn: SignIn<MetaSettings> = {
  needs: [
    { key: "appId", where: "Meta for Developers, My Apps, your app, App settings, Basic", secret: false },
    { key: "appSecret", where: "beside the app id, on the same page", secret: true },
  ],
  fills: ["accessToken"],
  redirect,
  reachesNothing:
    "sign in as a person (or take a system user) with access to an ad account: Meta Business settings, Accounts, Ad accounts, Assign people",
  begin: async (settings, context) => {
    context.redactor.add(settings.appSecret);
    return codeConsent(
      {
        ...about,
        clientId: settings.appId ?? "",
        // With an endpoint of its own the consent page is asked there too.
        consentPage: `${settings.endpoints.graph === "https://graph.facebook.com" ? "https://www.facebook.com" : settings.endpoints.graph}/${settings.apiVersion}/dialog/oauth`,
        scope,
        pkce: false,
        exchange: (fields) => exchangeBoth(settings, fields, context),
        pasted: {
          what: "a system user's token",
          secret: true,
          finish: (text) =>
            /^[A-Za-z0-9]{20,}$/.test(text) ? lookAt(settings, text, undefined, context) : undefined,
        },
      },
      context,
    );
  },
};
