import type { Logger } from "pino";
import type { Redactor } from "../../domain/secrets.ts";
import { serviceAccountForm } from "../wire/service-account.ts";
import { type AccessTokens, openTokens, refreshForm } from "../wire/tokens.ts";
import type { Ga4Settings } from "./settings.ts";

export const analyticsScope = "https://www.googleapis.com/auth/analytics.readonly";
/** Google's own address, also where another endpoint stands in for it. */
const audience = "https://oauth2.googleapis.com/token";

export const ga4Tokens = (
  settings: Ga4Settings,
  { log, now, redactor }: { readonly log: Logger; readonly now: () => Date; readonly redactor: Redactor },
): AccessTokens => {
  const { serviceAccountFile: file, clientId = "", clientSecret, refreshToken = "" } = settings;
  return openTokens({
    name: "ga4",
    endpoint: {
      url: `${settings.endpoints.oauth}/token`,
      label: "Google (for GA4)",
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting: "connectors.ga4.timeoutSeconds",
      remedyOf: () =>
        "the refresh token or service account of connectors.ga4 is expired, revoked or of another client; make a new one",
    },
    context: { log, now },
    // The call that wants the token is repeated as a whole.
    attempts: 1,
    redactor,
    refreshToken: settings.refreshToken,
    identity: settings.clientId ?? file,
    form: () =>
      file === undefined
        ? refreshForm({ clientId, clientSecret, refreshToken })
        : serviceAccountForm({
            file,
            setting: "connectors.ga4.serviceAccountFile",
            scope: analyticsScope,
            audience,
            now: now(),
          }),
    kept: false,
  });
};
