import type { SignIn } from "../sign-in.ts";
import { codeConsent, demandScopes, endAfter, exchangeCode, lifeWords } from "../wire/authorization-code.ts";
import { credentialKey } from "../wire/tokens.ts";
import type { LinkedinSettings } from "./settings.ts";
import { credential } from "./token.ts";

const scopes = ["r_ads", "r_ads_reporting"] as const;

const redirect = {
  host: "127.0.0.1",
  exact: true,
  where: "LinkedIn developer portal, your app, Auth, Authorized redirect URLs",
} as const;

/** "Authorization Code Flow (3-legged OAuth)" and "Refresh Tokens with OAuth 2.0". */
export const signIn: SignIn<LinkedinSettings> = {
  needs: [
    {
      key: "clientId",
      where: "LinkedIn developer portal, your app with the product Advertising API, Auth",
      secret: false,
    },
    { key: "clientSecret", where: "beside the client id, on the same page", secret: true },
  ],
  fills: ["refreshToken", "accessToken"],
  redirect,
  keptAs: (settings) => credentialKey(credential(settings)),
  reachesNothing:
    "sign in as a member with a role on an ad account (Campaign Manager, Account settings, Manage access)",
  begin: async ({ clientId = "", clientSecret = "", timeoutSeconds, endpoints: { oauth } }, context) => {
    const about = { platform: "linkedin", label: "LinkedIn" };
    return codeConsent(
      {
        ...about,
        clientId,
        consentPage: `${oauth}/oauth/v2/authorization`,
        scope: scopes.join(" "),
        pkce: false,
        exchange: async (fields) => {
          const granted = await exchangeCode(
            {
              ...about,
              url: `${oauth}/oauth/v2/accessToken`,
              idleMs: timeoutSeconds * 1_000,
              timeoutSetting: "connectors.linkedin.timeoutSeconds",
              remedyOf: (error) =>
                error === "invalid_client" || error === "unauthorized_client"
                  ? "check connectors.linkedin.clientId and clientSecret against the developer portal"
                  : error === "redirect_uri_mismatch"
                    ? `register ${fields.redirect_uri}: ${redirect.where}`
                    : "run costper connect linkedin again: a code is good for 30 minutes, and once",
            },
            { ...fields, client_secret: clientSecret },
            context,
          );
          // Written with commas or with spaces, as the day has it.
          demandScopes(
            about,
            scopes,
            granted.scope?.split(/[\s,]+/) ?? scopes,
            "ask LinkedIn for the product Advertising API on your app, then sign in again",
          );
          const now = context.now();
          if (granted.refreshToken !== undefined) {
            const endsAt = endAfter(granted.refreshLifeSeconds, now);
            return {
              // A token that is configured is used until it is refused: an old one must not go first.
              kept: { refreshToken: granted.refreshToken, accessToken: "" },
              endsAt,
              notes: endsAt
                ? [`The refresh token lives ${lifeWords(endsAt, now)}; renewals do not prolong it.`]
                : [],
            };
          }
          const endsAt = endAfter(granted.lifeSeconds, now);
          return {
            kept: { accessToken: granted.accessToken, refreshToken: "" },
            endsAt,
            notes: [
              `LinkedIn gave no refresh token: your app is not approved for them. The access token lives ${endsAt ? lifeWords(endsAt, now) : "60 days"}; run costper connect linkedin again before that, or ask LinkedIn for programmatic refresh tokens.`,
            ],
          };
        },
      },
      context,
    );
  },
};
