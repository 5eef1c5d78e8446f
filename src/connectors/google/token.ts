import type { Redactor } from "../../domain/secrets.ts";
import type { ConnectorContext } from "../connector.ts";
import { type AccessTokens, openTokens, refreshForm } from "../wire/tokens.ts";
import type { GoogleSettings } from "./settings.ts";

const remedyOf = (error: string): string => {
  switch (error) {
    case "invalid_client":
      return "check connectors.google.clientId and clientSecret against the Google Cloud console";
    case "unauthorized_client":
      return "connectors.google.refreshToken was made for another OAuth client: use its clientId and clientSecret, or sign in again";
    default:
      return "sign in again and set connectors.google.refreshToken; an OAuth consent screen in state Testing ends tokens after seven days";
  }
};

/** Google's access tokens live an hour, and a renewal ends none: nothing is kept. */
export const googleTokens = (
  settings: GoogleSettings,
  { log, now, onRequest }: ConnectorContext,
  redactor: Redactor,
): AccessTokens => {
  const { clientId, clientSecret, refreshToken } = settings;
  return openTokens({
    name: "google",
    endpoint: {
      url: `${settings.endpoints.oauth}/token`,
      label: "Google",
      platform: "google",
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting: "connectors.google.timeoutSeconds",
      remedyOf,
    },
    // The call that wants the token holds a slot already, and is repeated as a whole.
    context: { log, now, ...(onRequest && { onRequest }) },
    attempts: 1,
    redactor,
    refreshToken,
    identity: clientId,
    form: () => refreshForm({ clientId, clientSecret, refreshToken }),
    kept: false,
  });
};
