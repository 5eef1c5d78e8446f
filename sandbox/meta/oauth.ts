import { type ConsentPages, createConsentPages } from "../consent.ts";
import type { Exchange } from "../server.ts";
import { GraphFault, paramsOf } from "./wire.ts";

export const metaSandboxCredentials = {
  accessToken: "EAAsandboxMetaAccessToken",
  appId: "990000000000001",
  appSecret: "sandboxMetaAppSecret",
  /** A system user's: it does not end. */
  systemUserToken: "EAAsandboxMetaSystemUserToken",
} as const;

interface Token {
  readonly type: "USER" | "SYSTEM_USER";
  /** Epoch seconds; 0: never. */
  readonly expiresAt: number;
  readonly scopes: readonly string[];
  readonly isStranger: boolean;
}

export interface MetaOauth {
  readonly consent: ConsentPages;
  /** Answers what belongs to signing in; false where the path is another. */
  answers(exchange: Exchange, rest: string): boolean;
  /** @throws GraphFault where the token is not good. */
  check(token: string): Token;
}

const shortSeconds = 5_183;
const longSeconds = 5_183_944;
const dataAccessSeconds = 90 * 86_400;

export const createOauth = (clock: () => Date): MetaOauth => {
  const seconds = (): number => Math.floor(clock().getTime() / 1_000);
  const lasting = { expiresAt: 0, scopes: ["ads_read"], isStranger: false } as const;
  const tokens = new Map<string, Token>([
    [metaSandboxCredentials.accessToken, { ...lasting, type: "USER" }],
    [metaSandboxCredentials.systemUserToken, { ...lasting, type: "SYSTEM_USER" }],
  ]);
  let minted = 0;
  const consent = createConsentPages({
    label: "Meta",
    clientId: metaSandboxCredentials.appId,
    scopes: ["ads_read", "business_management"],
    refusal: { error: "access_denied", error_reason: "user_denied", error_description: "Permissions error" },
  });

  const check = (text: string): Token => {
    const token = tokens.get(text);
    if (!token || (token.expiresAt > 0 && token.expiresAt <= seconds()))
      throw new GraphFault("Error validating access token: the session is invalid.", 190, 467, 401);
    return token;
  };

  const mint = (token: Omit<Token, "type">): string => {
    minted += 1;
    const text = `EAAsandboxMetaGranted${String(minted).padStart(4, "0")}`;
    tokens.set(text, { type: "USER", ...token });
    return text;
  };

  const grant = (params: URLSearchParams): unknown => {
    if (
      params.get("client_id") !== metaSandboxCredentials.appId ||
      params.get("client_secret") !== metaSandboxCredentials.appSecret
    )
      throw new GraphFault("Error validating client secret.", 1);
    if (params.get("grant_type") === "fb_exchange_token") {
      const { scopes, isStranger } = check(params.get("fb_exchange_token") ?? "");
      const token = mint({ scopes, isStranger, expiresAt: seconds() + longSeconds });
      return { access_token: token, token_type: "bearer", expires_in: longSeconds };
    }
    const found = consent.redeem(params);
    if (found === "redirect_uri_mismatch")
      throw new GraphFault(
        "Error validating verification code. Please make sure your redirect_uri is identical",
        191,
      );
    if (typeof found === "string") throw new GraphFault("This authorization code has been used.", 100, 36009);
    const token = mint({
      expiresAt: seconds() + shortSeconds,
      scopes: found.scope,
      isStranger: found.isStranger,
    });
    return { access_token: token, token_type: "bearer", expires_in: shortSeconds };
  };

  const look = (params: URLSearchParams): unknown => {
    const { appId, appSecret } = metaSandboxCredentials;
    if (params.get("access_token") !== `${appId}|${appSecret}`)
      throw new GraphFault("Invalid OAuth access token signature.", 190, undefined, 400);
    const token = tokens.get(params.get("input_token") ?? "");
    if (!token)
      return {
        data: { error: { code: 190, message: "Invalid OAuth access token." }, is_valid: false, scopes: [] },
      };
    return {
      data: {
        app_id: appId,
        type: token.type,
        is_valid: true,
        expires_at: token.expiresAt,
        data_access_expires_at: token.type === "USER" ? seconds() + dataAccessSeconds : 0,
        scopes: token.scopes,
      },
    };
  };

  return {
    consent,
    check,
    answers(exchange, rest) {
      if (exchange.method !== "GET") return false;
      const params = new URLSearchParams([...paramsOf(exchange)]);
      if (rest === "dialog/oauth") consent.answer(exchange);
      else if (rest === "oauth/access_token") exchange.json(200, grant(params));
      else if (rest === "debug_token") exchange.json(200, look(params));
      else return false;
      return true;
    },
  };
};
