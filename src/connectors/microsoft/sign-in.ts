import { Failure } from "../../domain/failure.ts";
import type { SignIn } from "../sign-in.ts";
import { codeConsent, demandScopes, endAfter, exchangeCode, lifeWords } from "../wire/authorization-code.ts";
import { credentialKey } from "../wire/tokens.ts";
import { credential } from "./credential.ts";
import type { MicrosoftSettings } from "./settings.ts";

const manage = "https://ads.microsoft.com/msads.manage";
const scope = `${manage} offline_access`;

const redirect = {
  host: "localhost",
  // The port is ignored for the platform "Mobile and desktop applications".
  exact: false,
  where:
    "Azure portal, App registrations, your app, Authentication: add http://localhost under Mobile and desktop applications; a Web platform needs the whole address with its port",
} as const;

/** "Authentication with OAuth" of Microsoft Advertising; "Redirect URI (reply URL) restrictions". */
export const signIn: SignIn<MicrosoftSettings> = {
  needs: [
    {
      key: "developerToken",
      where: "Microsoft Advertising developer portal, Request token (production)",
      secret: true,
    },
    {
      key: "clientId",
      where: "Azure portal, App registrations, your app, Application (client) ID",
      secret: false,
    },
    {
      key: "clientSecret",
      where: "Certificates & secrets, of a web application; a public client has none",
      secret: true,
      optional: true,
    },
  ],
  fills: ["refreshToken"],
  redirect,
  keptAs: (settings) => credentialKey(credential(settings)),
  reachesNothing:
    "sign in as a user with a role on an account (Microsoft Advertising, Settings, Account access)",
  begin: async (settings, context) => {
    const about = { platform: "microsoft", label: "Microsoft" };
    const { clientId, clientSecret, tenant, endpoints } = settings;
    const base = `${endpoints.oauth}/${tenant}/oauth2/v2.0`;
    return codeConsent(
      {
        ...about,
        clientId,
        consentPage: `${base}/authorize`,
        scope,
        pkce: true,
        parameters: { prompt: "select_account" },
        exchange: async (fields) => {
          const granted = await exchangeCode(
            {
              ...about,
              url: `${base}/token`,
              idleMs: settings.timeoutSeconds * 1_000,
              timeoutSetting: "connectors.microsoft.timeoutSeconds",
              remedyOf: (error) =>
                error === "invalid_client" || error === "unauthorized_client"
                  ? "check connectors.microsoft.clientId, clientSecret and tenant against the Azure portal"
                  : error === "invalid_request"
                    ? `a public client must have no clientSecret, a web application needs one; and ${fields.redirect_uri} must be registered (${redirect.where})`
                    : "run costper connect microsoft again: a code is good for minutes, and once",
            },
            { ...fields, scope, ...(clientSecret ? { client_secret: clientSecret } : {}) },
            context,
          );
          demandScopes(about, [manage], granted.scope?.split(" ") ?? [manage]);
          if (granted.refreshToken === undefined)
            throw new Failure({
              kind: "credentials",
              platform: "microsoft",
              code: "scope",
              message: "Microsoft gave no refresh token: offline_access was not granted",
              remedy: "sign in again and allow the access to data that you have given it access to",
            });
          const now = context.now();
          const endsAt = endAfter(granted.refreshLifeSeconds, now);
          return {
            kept: { refreshToken: granted.refreshToken },
            endsAt,
            notes: [
              endsAt
                ? `The refresh token lives ${lifeWords(endsAt, now)}.`
                : "The refresh token is replaced on each use, and costper keeps the newest; unused for about 90 days it ends.",
            ],
          };
        },
      },
      context,
    );
  },
};
