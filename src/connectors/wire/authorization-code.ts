import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Failure } from "../../domain/failure.ts";
import type { Consent, SignedIn, SignInContext } from "../sign-in.ts";
import { askToken, type Granted, type TokenEndpoint } from "./token-endpoint.ts";

const bits256 = (): string => randomBytes(32).toString("base64url");
const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Compares two texts without telling by the time it takes where they differ. */
export const sameSecret = (one: string | null, other: string): boolean =>
  one !== null && timingSafeEqual(sha256(one), sha256(other));

/** OAuth 2's authorization code (RFC 6749 section 4.1, RFC 8252), as one platform speaks it. */
export interface CodeFlow {
  readonly label: string;
  readonly platform: string;
  readonly clientId: string;
  /** The consent page, without a query. */
  readonly consentPage: string;
  readonly scope: string;
  /** RFC 7636, method S256. */
  readonly pkce: boolean;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Turns the code into a token: the fields that every platform wants are given. */
  readonly exchange: (fields: CodeFields) => Promise<SignedIn>;
  readonly pasted?: Consent["pasted"];
}

export interface CodeFields {
  readonly code: string;
  readonly redirect_uri: string;
  readonly client_id: string;
  readonly code_verifier?: string;
}

/** What a person is told whose browser came back with a refusal. */
export const accessRefused = (
  { label, platform }: Pick<CodeFlow, "label" | "platform">,
  code: string,
  said: string,
  { redactor }: SignInContext,
): Failure =>
  new Failure({
    kind: "credentials",
    platform,
    code,
    message: `${label} gives no access: ${redactor.redact([code, said.slice(0, 200)].filter(Boolean).join(": "))}`,
    remedy: `run costper connect ${platform} again and allow the access; nothing was kept`,
  });

/** A token that lacks a scope is not kept: calls would fail one by one later. */
export const demandScopes = (
  { label, platform }: Pick<CodeFlow, "label" | "platform">,
  wanted: readonly string[],
  granted: readonly string[],
  remedy = "run it again and leave every box ticked",
): void => {
  const lacking = wanted.filter((scope) => !granted.includes(scope));
  if (lacking.length > 0)
    throw new Failure({
      kind: "credentials",
      platform,
      code: "scope",
      message: `${label} granted less than was asked for: ${lacking.join(", ")} is missing`,
      remedy: `${remedy}; nothing was kept`,
    });
};

/** A code is good for one exchange, and is never sent twice: whatever comes of it, the person begins anew. */
export const exchangeCode = (
  endpoint: TokenEndpoint,
  fields: CodeFields & { readonly client_secret?: string; readonly scope?: string },
  { signal, redactor, now }: SignInContext,
): Promise<Granted> => {
  redactor.add(fields.code, fields.code_verifier);
  return askToken(
    { ...endpoint, refusal: "gave no token" },
    { grant_type: "authorization_code", ...fields },
    { signal, redactor, now },
  );
};

/** A consent page and what may come back from it. */
export const codeConsent = (flow: CodeFlow, context: SignInContext): Consent => {
  const { redirectUri, redactor } = context;
  const state = bits256();
  const verifier = flow.pkce ? bits256() : undefined;
  const query = new URLSearchParams({
    response_type: "code",
    client_id: flow.clientId,
    redirect_uri: redirectUri,
    scope: flow.scope,
    state,
    ...(verifier === undefined
      ? {}
      : { code_challenge: sha256(verifier).toString("base64url"), code_challenge_method: "S256" }),
    ...flow.parameters,
  });
  return {
    // A scope's spaces as %20: some consent pages read + as a plus.
    address: `${flow.consentPage}?${query.toString().replaceAll("+", "%20")}`,
    belongs: (answer) => sameSecret(answer.get("state"), state),
    finish: async (answer) => {
      const error = answer.get("error");
      const said = answer.get("error_description") ?? answer.get("error_reason") ?? "";
      if (error !== null) throw accessRefused(flow, error, said, context);
      const code = answer.get("code");
      if (!code) throw accessRefused(flow, "no_code", "the address has neither a code nor an error", context);
      redactor.add(code, verifier);
      return flow.exchange({
        code,
        redirect_uri: redirectUri,
        client_id: flow.clientId,
        ...(verifier === undefined ? {} : { code_verifier: verifier }),
      });
    },
    ...(flow.pasted && { pasted: flow.pasted }),
  };
};

const dayMs = 86_400_000;

/** The instant so many seconds from now; undefined where the platform does not say. */
export const endAfter = (seconds: number | undefined, now: Date): Date | undefined =>
  seconds === undefined ? undefined : new Date(now.getTime() + seconds * 1_000);

/** `60 days, until 2027-01-27`. */
export const lifeWords = (end: Date, now: Date): string => {
  const days = Math.round((end.getTime() - now.getTime()) / dayMs);
  return `${String(days)} ${days === 1 ? "day" : "days"}, until ${end.toISOString().slice(0, 10)}`;
};
