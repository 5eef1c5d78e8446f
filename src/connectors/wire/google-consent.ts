import { Failure } from "../../domain/failure.ts";
import type { Consent, SignInContext } from "../sign-in.ts";
import { codeConsent, demandScopes, endAfter, exchangeCode, lifeWords } from "./authorization-code.ts";

/** Google's token endpoint, unless the config names another; its consent page is on a host of its own. */
const tokenHost = "https://oauth2.googleapis.com";
const consentHost = "https://accounts.google.com";

export const googleRedirect = {
  host: "127.0.0.1",
  // A client of the type "Desktop app" takes any port of this machine.
  exact: false,
  where:
    "Google Cloud console, APIs & Services, Credentials: a client of the type Desktop app needs no address, one of the type Web application needs this one under Authorized redirect URIs",
} as const;

export const googleNeeds = [
  {
    key: "clientId",
    where: "Google Cloud console, APIs & Services, Credentials: an OAuth client of the type Desktop app",
    secret: false,
  },
  { key: "clientSecret", where: "beside the client id, on the same page", secret: true },
] as const;

/** One consent page for Google's ads and for its analytics: they differ in the scope alone. */
export const googleConsent = (
  about: {
    readonly platform: string;
    readonly label: string;
    readonly scope: string;
    readonly oauth: string;
    readonly clientId: string;
    readonly clientSecret: string;
    readonly timeoutSeconds: number;
  },
  context: SignInContext,
): Consent => {
  const { platform, label, scope, oauth, clientId, clientSecret } = about;
  return codeConsent(
    {
      label,
      platform,
      clientId,
      consentPage: `${oauth === tokenHost ? consentHost : oauth}/o/oauth2/v2/auth`,
      scope,
      pkce: true,
      // Without both no refresh token comes the second time ("Refreshing an access token (offline access)").
      parameters: { access_type: "offline", prompt: "consent" },
      exchange: async (fields) => {
        const granted = await exchangeCode(
          {
            url: `${oauth}/token`,
            label,
            platform,
            idleMs: about.timeoutSeconds * 1_000,
            timeoutSetting: `connectors.${platform}.timeoutSeconds`,
            remedyOf: (error) =>
              error === "invalid_client" || error === "unauthorized_client"
                ? `check connectors.${platform}.clientId and clientSecret against the Google Cloud console`
                : error === "redirect_uri_mismatch"
                  ? `register ${fields.redirect_uri}: ${googleRedirect.where}`
                  : `run costper connect ${platform} again: a code is good for minutes, and once`,
          },
          { ...fields, client_secret: clientSecret },
          context,
        );
        demandScopes(about, [scope], granted.scope?.split(" ") ?? [scope]);
        if (granted.refreshToken === undefined)
          throw new Failure({
            kind: "credentials",
            platform,
            message: `${label} gave no refresh token`,
            remedy:
              "remove costper's access at myaccount.google.com/connections, then sign in again; nothing was kept",
          });
        const now = context.now();
        const endsAt = endAfter(granted.refreshLifeSeconds, now);
        return {
          kept: { refreshToken: granted.refreshToken },
          endsAt,
          notes:
            endsAt === undefined
              ? [
                  "The refresh token has no end of its own: it lives until it is revoked or unused for six months.",
                ]
              : [
                  `The refresh token lives ${lifeWords(endsAt, now)}: the consent screen is in state Testing. Publish it (Google Cloud console, APIs & Services, OAuth consent screen), then sign in again for one without an end.`,
                ],
        };
      },
    },
    context,
  );
};
