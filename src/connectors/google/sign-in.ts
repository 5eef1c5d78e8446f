import type { SignIn } from "../sign-in.ts";
import { googleConsent, googleNeeds, googleRedirect } from "../wire/google-consent.ts";
import type { GoogleSettings } from "./settings.ts";

export const signIn: SignIn<GoogleSettings> = {
  needs: googleNeeds,
  fills: ["refreshToken"],
  redirect: googleRedirect,
  reachesNothing:
    "sign in as a user of a Google Ads account (Google Ads, Admin, Access and security lists them), or with loginCustomerId of a manager account",
  begin: async ({ clientId, clientSecret, timeoutSeconds, endpoints: { oauth } }, context) =>
    googleConsent(
      {
        platform: "google",
        label: "Google",
        scope: "https://www.googleapis.com/auth/adwords",
        oauth,
        clientId,
        clientSecret,
        timeoutSeconds,
      },
      context,
    ),
};
