import { Failure } from "../../domain/failure.ts";
import type { Redactor } from "../../domain/secrets.ts";
import type { ConnectorContext } from "../connector.ts";
import { type AccessTokens, type Credential, type Grant, openTokens, refreshForm } from "../wire/tokens.ts";
import { askAgain } from "./failures.ts";
import type { LinkedinPace } from "./pace.ts";
import type { LinkedinSettings } from "./settings.ts";

const dayMs = 86_400_000;
const minuteMs = 60_000;

const missing = (what: string): Failure =>
  new Failure({
    kind: "credentials",
    platform: "linkedin",
    message: `LinkedIn: ${what} is not set`,
    remedy: "set connectors.linkedin.clientId, clientSecret and refreshToken, or accessToken",
  });

const remedyOf = (error: string): string =>
  error === "invalid_client" || error === "unauthorized_client"
    ? "check connectors.linkedin.clientId and clientSecret"
    : `the refresh token is expired or revoked (it lives 365 days from the consent): ${askAgain}`;

/** A day before its end a token is renewed; one that lives shorter from the start, in its last tenth. */
const marginMs = (lifeMs: number | undefined): number => Math.min(dayMs, (lifeMs ?? Infinity) / 10);

export const credential = ({ clientId, refreshToken, accessToken }: LinkedinSettings): Credential => ({
  name: "linkedin",
  refreshToken,
  accessToken,
  identity: clientId,
});

export const linkedinTokens = (
  settings: LinkedinSettings,
  context: ConnectorContext,
  redactor: Redactor,
  pace: LinkedinPace,
): AccessTokens => {
  const { clientId, clientSecret, refreshToken } = settings;
  const warnOf = (what: string, endsAt: number | undefined, days: number): void => {
    if (endsAt === undefined) return;
    const daysLeft = Math.floor((endsAt - context.now().getTime()) / dayMs);
    if (daysLeft < days) context.log.warn({ daysLeft }, `${what} expires soon`);
  };
  return openTokens({
    ...credential(settings),
    endpoint: {
      url: `${settings.endpoints.oauth}/oauth/v2/accessToken`,
      label: "LinkedIn",
      platform: "linkedin",
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting: "connectors.linkedin.timeoutSeconds",
      remedyOf,
    },
    context,
    redactor,
    form: (newest) => {
      if (newest === undefined || clientId === undefined || clientSecret === undefined)
        throw missing(newest === undefined ? "a refresh token" : "the client id or secret");
      return refreshForm({ clientId, clientSecret, refreshToken: newest });
    },
    renewable: clientId !== undefined && clientSecret !== undefined && refreshToken !== undefined,
    kept: true,
    marginMs,
    // Only a person can renew the consent: a refresh never extends it.
    onRenewed: ({ access, refresh }) => {
      warnOf("LinkedIn refresh token", refresh, 30);
      warnOf("LinkedIn access token", access, 14);
    },
    firstDelayMs: pace.firstDelayMs,
  });
};

/** A token is not live for some seconds after it was minted: until then calls say that it is revoked. */
export const isYoung = (grant: Grant, now: Date): boolean =>
  grant.mintedAt !== undefined && now.getTime() - grant.mintedAt <= minuteMs;
