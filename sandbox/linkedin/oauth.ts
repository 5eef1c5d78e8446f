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
  const tokens = new Map<string, { expiresAt: number; revoked: boolean }>([
    [linkedinSandboxCredentials.accessToken, { expiresAt: Infinity, revoked: false }],
  ]);
  const state = { refreshDaysLeft: 306, rotates: false };

  const refusal = (form: URLSearchParams): readonly [error: string, description: string] | undefined => {
    if (form.get("grant_type") !== "refresh_token")
      return ["invalid_request", "A required parameter is missing: grant_type"];
    if (
      form.get("client_id") !== linkedinSandboxCredentials.clientId ||
      form.get("client_secret") !== linkedinSandboxCredentials.clientSecret
    )
      return ["invalid_client", "Client authentication failed"];
    if (form.get("refresh_token") !== refreshToken || state.refreshDaysLeft <= 0)
      return [
        "invalid_grant",
        "The provided authorization grant or refresh token is invalid, expired or revoked",
      ];
    return undefined;
  };

  return {
    answer(exchange) {
      if (exchange.method !== "POST" || exchange.rawQuery !== "") {
        exchange.json(405, { error: "invalid_request", error_description: "POST only" });
        return;
      }
      if (!/^application\/x-www-form-urlencoded\b/.test(String(exchange.headers["content-type"]))) {
        exchange.json(400, { error: "invalid_request", error_description: "form body expected" });
        return;
      }
      const refused = refusal(new URLSearchParams(exchange.body));
      if (refused) {
        exchange.json(400, { error: refused[0], error_description: refused[1] });
        return;
      }
      minted += 1;
      const refreshSeconds = Math.round(state.refreshDaysLeft * 86_400);
      const seconds = Math.min(accessTokenSeconds, refreshSeconds);
      const token = `AQX-minted-${minted}-${"x".repeat(480)}`;
      tokens.set(token, { expiresAt: clock().getTime() + seconds * 1_000, revoked: false });
      if (state.rotates) refreshToken = `sandbox-refresh-token-${minted}`;
      exchange.json(200, {
        access_token: token,
        expires_in: seconds,
        refresh_token: refreshToken,
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
