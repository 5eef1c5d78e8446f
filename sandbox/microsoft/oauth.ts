import type { Exchange } from "../server.ts";

export const microsoftSandboxCredentials = {
  developerToken: "sandbox-developer-token",
  clientId: "4c0b2f1e-0000-4000-8000-00005a9db0c5",
  clientSecret: "sandbox~secret/+=.Ms",
  refreshToken: "M.C105_sandbox.refresh-token",
  /** Of another user, who reaches none of the accounts. */
  strangersToken: "M.C105_stranger.refresh-token",
} as const;

export const userId = "900000001";
const strangerId = "900000099";
const scope = "https://ads.microsoft.com/msads.manage";

export interface Oauth {
  answer(exchange: Exchange): void;
  /** Whose token it is. */
  judge(token: string): { readonly verdict: "alive" | "expired" | "unknown"; readonly user: string };
  /** Every access token handed out so far is expired. */
  expireTokens(): void;
  expiresIn: number;
  /** Whether the refresh token that was used is dead from then on. */
  revokesOld: boolean;
  /** Whether an answer brings a refresh token at all. */
  rotates: boolean;
  /** How many refreshes are refused with `invalid_grant` before one succeeds. */
  refusals: number;
  /** A public client must not send a secret. */
  publicClient: boolean;
  readonly refreshes: number;
}

export const createOauth = (clock: () => Date): Oauth => {
  const users = new Map<string, string>([
    [microsoftSandboxCredentials.refreshToken, userId],
    [microsoftSandboxCredentials.strangersToken, strangerId],
  ]);
  const access = new Map<string, { expiresAt: number; readonly user: string }>();
  const state = {
    refreshes: 0,
    expiresIn: 3_599,
    revokesOld: false,
    rotates: true,
    refusals: 0,
    publicClient: false,
  };

  const refused = (form: URLSearchParams): readonly [error: string, number: string] | undefined => {
    if (form.get("grant_type") !== "refresh_token") return ["invalid_request", "AADSTS900144"];
    if (form.get("client_id") !== microsoftSandboxCredentials.clientId)
      return ["unauthorized_client", "AADSTS700016"];
    if (state.publicClient && form.has("client_secret")) return ["invalid_request", "AADSTS90023"];
    if (!state.publicClient && form.get("client_secret") !== microsoftSandboxCredentials.clientSecret)
      return ["invalid_client", "AADSTS7000215"];
    if (!form.get("scope")?.split(" ").includes(scope)) return ["invalid_request", "AADSTS70011"];
    if (state.refusals > 0) {
      state.refusals -= 1;
      return ["invalid_grant", "AADSTS70000"];
    }
    return users.has(form.get("refresh_token") ?? "") ? undefined : ["invalid_grant", "AADSTS70000"];
  };

  const answer = (exchange: Exchange): void => {
    const form = new URLSearchParams(exchange.body);
    const error = refused(form);
    if (error) {
      const [name, number] = error;
      exchange.json(400, {
        error: name,
        error_description: `${number}: The request was refused. Trace ID: 00000000-0000 Correlation ID: 11111111-1111 Timestamp: 2026-11-21 10:00:00Z`,
        error_codes: [Number(number.replace("AADSTS", ""))],
        trace_id: "00000000-0000",
        correlation_id: "11111111-1111",
        timestamp: "2026-11-21 10:00:00Z",
      });
      return;
    }
    state.refreshes += 1;
    const used = form.get("refresh_token") ?? "";
    const user = users.get(used) ?? userId;
    const token = `EwB-minted-${String(state.refreshes)}-${"x".repeat(900)}`;
    access.set(token, { expiresAt: clock().getTime() + state.expiresIn * 1_000, user });
    const next = `M.C105_rotated-${String(state.refreshes)}`;
    if (state.rotates) {
      users.set(next, user);
      if (state.revokesOld) users.delete(used);
    }
    const offline = form.get("scope")?.split(" ").includes("offline_access");
    exchange.json(200, {
      token_type: "Bearer",
      scope,
      expires_in: state.expiresIn,
      ext_expires_in: state.expiresIn,
      access_token: token,
      ...(state.rotates && offline ? { refresh_token: next } : {}),
    });
  };

  return Object.assign(state, {
    answer,
    judge(token: string) {
      const found = access.get(token);
      if (!found) return { verdict: "unknown" as const, user: "" };
      return {
        verdict: found.expiresAt <= clock().getTime() ? ("expired" as const) : ("alive" as const),
        user: found.user,
      };
    },
    expireTokens() {
      for (const token of access.values()) token.expiresAt = 0;
    },
  });
};
