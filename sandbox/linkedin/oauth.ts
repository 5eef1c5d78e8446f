import { type ConsentPages, createConsentPages } from "../consent.ts";
import type { Exchange } from "../server.ts";

export const linkedinSandboxCredentials = {
  clientId: "sandbox-client",
  clientSecret: "sandbox-secret/+=",
  refreshToken: "sandbox-refresh-token",
  /** Always alive, for configurations without a refresh token. */
  accessToken: "sandbox-access-token",
} as const;

const accessTokenSeconds = 5_184_000;

export interface Oauth {
  answer(exchange: Exchange): void;
  /** The consent page. */
  readonly consent: ConsentPages;
  /** Whether the app is approved for refresh tokens. */
  givesRefreshTokens: boolean;
  /** Whether the token is of somebody who reaches no account. */
  isStranger(token: string): boolean;
  /** What a bearer token is worth. */
  judge(token: string): "alive" | "expired" | "revoked" | "unknown";
  /** Every token handed out so far is expired. */
  expireTokens(): void;
  revokeTokens(): void;
  /** Days left of the refresh token; with few, access tokens live no longer than it. */
  refreshDaysLeft: number;
  /** Whether a refresh hands out another refresh token and kills the one before. */
  rotates: boolean;
}

export const createOauth = (clock: () => Date): Oauth => {
  let refreshToken: string = linkedinSandboxCredentials.refreshToken;
  let minted = 0;
  const tokens = new Map<string, { expiresAt: number; revoked: boolean; isStranger?: boolean }>([
    [linkedinSandboxCredentials.accessToken, { expiresAt: Infinity, revoked: false }],
  ]);
  /** Given to people who signed in: good beside the first one. */
  const granted = new Map<string, boolean>();
  const state = { refreshDaysLeft: 306, rotates: false, givesRefreshTokens: true };
  const consent = createConsentPages({
    label: "LinkedIn",
    clientId: linkedinSandboxCredentials.clientId,
    scopes: ["r_ads", "r_ads_reporting"],
    refusal: { error: "user_cancelled_authorize", error_description: "The user cancelled the authorization" },
  });

  const grantCode = (exchange: Exchange, form: URLSearchParams): void => {
    const grant =
      form.get("client_secret") === linkedinSandboxCredentials.clientSecret
        ? consent.redeem(form)
        : "invalid_client";
    if (typeof grant === "string") {
      exchange.json(400, { error: grant, error_description: "The code is not good, or was used before" });
      return;
    }
    minted += 1;
    const { isStranger } = grant;
    const token = `AQX-granted-${minted}-${"x".repeat(480)}`;
    tokens.set(token, {
      expiresAt: clock().getTime() + accessTokenSeconds * 1_000,
      revoked: false,
      isStranger,
    });
    const refresh = `AQW-granted-refresh-${minted}`;
    if (state.givesRefreshTokens) granted.set(refresh, isStranger);
    exchange.json(200, {
      access_token: token,
      expires_in: accessTokenSeconds,
      scope: grant.scope.join(","),
      ...(state.givesRefreshTokens ? { refresh_token: refresh, refresh_token_expires_in: 31_536_000 } : {}),
    });
  };

  const refusal = (form: URLSearchParams): readonly [error: string, description: string] | undefined => {
    if (form.get("grant_type") !== "refresh_token")
      return ["invalid_request", "A required parameter is missing: grant_type"];
    if (
      form.get("client_id") !== linkedinSandboxCredentials.clientId ||
      form.get("client_secret") !== linkedinSandboxCredentials.clientSecret
    )
      return ["invalid_client", "Client authentication failed"];
    const isKnown =
      form.get("refresh_token") === refreshToken || granted.has(form.get("refresh_token") ?? "");
    if (!isKnown || state.refreshDaysLeft <= 0)
      return [
        "invalid_grant",
        "The provided authorization grant or refresh token is invalid, expired or revoked",
      ];
    return undefined;
  };

  return {
    consent,
    get givesRefreshTokens() {
      return state.givesRefreshTokens;
    },
    set givesRefreshTokens(value) {
      state.givesRefreshTokens = value;
    },
    isStranger: (text) => tokens.get(text)?.isStranger === true,
    answer(exchange) {
      if (exchange.method !== "POST" || exchange.rawQuery !== "") {
        exchange.json(405, { error: "invalid_request", error_description: "POST only" });
        return;
      }
      if (!/^application\/x-www-form-urlencoded\b/.test(String(exchange.headers["content-type"]))) {
        exchange.json(400, { error: "invalid_request", error_description: "form body expected" });
        return;
      }
      const form = new URLSearchParams(exchange.body);
      if (form.get("grant_type") === "authorization_code") {
        grantCode(exchange, form);
        return;
      }
      const refused = refusal(form);
      if (refused) {
        exchange.json(400, { error: refused[0], error_description: refused[1] });
        return;
      }
      minted += 1;
      const refreshSeconds = Math.round(state.refreshDaysLeft * 86_400);
      const seconds = Math.min(accessTokenSeconds, refreshSeconds);
      const token = `AQX-minted-${minted}-${"x".repeat(480)}`;
      const used = form.get("refresh_token") ?? "";
      const isStranger = granted.get(used) ?? false;
      tokens.set(token, { expiresAt: clock().getTime() + seconds * 1_000, revoked: false, isStranger });
      if (state.rotates) refreshToken = `sandbox-refresh-token-${minted}`;
      exchange.json(200, {
        access_token: token,
        expires_in: seconds,
        refresh_token: granted.has(used) ? used : refreshToken,
        refresh_token_expires_in: refreshSeconds,
        scope: "r_ads,r_ads_reporting",
      });
    },
    judge(text) {
      const token = tokens.get(text);
      if (!token) return "unknown";
      if (token.revoked) return "revoked";
      return token.expiresAt <= clock().getTime() ? "expired" : "alive";
    },
    expireTokens() {
      for (const token of tokens.values()) token.expiresAt = 0;
    },
    revokeTokens() {
      for (const token of tokens.values()) token.revoked = true;
    },
    get refreshDaysLeft() {
      return state.refreshDaysLeft;
    },
    set refreshDaysLeft(days) {
      state.refreshDaysLeft = days;
    },
    get rotates() {
      return state.rotates;
    },
    set rotates(value) {
      state.rotates = value;
    },
  };
};
