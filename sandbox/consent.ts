import { createHash, randomBytes } from "node:crypto";
import type { Exchange } from "./server.ts";

/** What a person does on a sandbox's consent page. */
export type Decision = "allow" | "narrow" | "stranger" | "deny";

/** A code that waits for its exchange. */
export interface Grant {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string | null;
  readonly scope: readonly string[];
  /** Whoever signed in: the one who reaches the accounts, or somebody who reaches none. */
  readonly isStranger: boolean;
}

export interface ConsentOptions {
  readonly label: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** The query of a refusal, after the platform's own manner. */
  readonly refusal: Readonly<Record<string, string>>;
  readonly pkce?: boolean;
  /** Where scopes are told apart by more than a space. */
  readonly separator?: RegExp;
}

/** A sandbox's consent page and the codes that it gave out. */
export interface ConsentPages {
  /** Which addresses are registered; anything else ends on an error page and leads nowhere. */
  registered: (redirectUri: string) => boolean;
  answer(exchange: Exchange): void;
  /** A code is good once. Gives the grant, or OAuth's name of what is wrong. */
  redeem(form: URLSearchParams): Grant | string;
}

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (char) => `&#${String(char.charCodeAt(0))};`);

/** A page of plain links, for people and for browsers that are driven. */
export const consentPage = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}li{margin:.5rem 0}</style>
</head><body><main><h1>${escaped(title)}</h1>${body}</main></body></html>
`;

const html = { "content-type": "text/html; charset=utf-8" };

export const errorPage = (exchange: Exchange, label: string, said: string): void =>
  exchange.text(400, consentPage(`${label}: sandbox`, `<p role="alert">${escaped(said)}</p>`), html);

/** Links of a page to itself, each with the decision that it stands for. */
export const decisionLinks = (
  exchange: Exchange,
  choices: readonly (readonly [decision: Decision, words: string])[],
): string => {
  const items = choices.map(([decision, words]) => {
    const query = new URLSearchParams(exchange.rawQuery);
    query.set("sandbox_decision", decision);
    return `<li><a id="${decision}" href="${escaped(`${exchange.path}?${query.toString()}`)}">${escaped(words)}</a></li>`;
  });
  return `<ul>${items.join("")}</ul>`;
};

/** As browsers take it on. */
export const sendTo = (exchange: Exchange, address: string): void =>
  exchange.text(302, "", { location: address });

export const loopback = /^http:\/\/(127\.0\.0\.1|localhost):\d+\/$/;

const isDecision = (text: string | null): text is Decision =>
  text === "allow" || text === "narrow" || text === "stranger" || text === "deny";

/** OAuth 2's authorization endpoint, as strict as the platforms' own. */
export const createConsentPages = (options: ConsentOptions): ConsentPages => {
  const codes = new Map<string, Grant>();
  const { label, pkce = false, separator = / / } = options;

  const problem = (query: URLSearchParams, registered: (uri: string) => boolean): string | undefined => {
    if (query.get("client_id") !== options.clientId) return "The OAuth client was not found.";
    if (!registered(query.get("redirect_uri") ?? ""))
      return "redirect_uri_mismatch: the address is not registered.";
    if (query.get("response_type") !== "code") return "Only the response type code is served.";
    if (!query.get("state")) return "A state is expected.";
    if (pkce && (query.get("code_challenge_method") !== "S256" || !query.get("code_challenge")))
      return "A code challenge (S256) is expected.";
    const asked = query.get("scope")?.split(separator) ?? [];
    const unknown = asked.find((scope) => !options.scopes.includes(scope));
    return unknown === undefined && asked.length > 0 ? undefined : `There is no scope ${unknown ?? ""}.`;
  };

  return {
    registered: (uri) => loopback.test(uri),
    answer(exchange) {
      const query = new URLSearchParams(exchange.rawQuery);
      const wrong = problem(query, this.registered);
      if (wrong !== undefined) return errorPage(exchange, label, wrong);
      const decision = query.get("sandbox_decision");
      if (!isDecision(decision))
        return exchange.text(
          200,
          consentPage(
            `${label}: sandbox`,
            `<p>costper asks for ${escaped(query.get("scope") ?? "")}. Nobody is asked for a password here: say who you are, and whether you allow it.</p>` +
              decisionLinks(exchange, [
                ["allow", "Sign in and allow"],
                ["narrow", "Sign in and allow a part only"],
                ["stranger", "Sign in as somebody without any account, and allow"],
                ["deny", "Deny"],
              ]),
          ),
          html,
        );
      const redirectUri = query.get("redirect_uri") ?? "";
      const back = new URL(redirectUri);
      back.searchParams.set("state", query.get("state") ?? "");
      if (decision === "deny")
        for (const [name, value] of Object.entries(options.refusal)) back.searchParams.set(name, value);
      else {
        const code = randomBytes(24).toString("base64url");
        const scope = query.get("scope")?.split(separator) ?? [];
        codes.set(code, {
          clientId: options.clientId,
          redirectUri,
          challenge: query.get("code_challenge"),
          scope: decision === "narrow" ? scope.slice(1) : scope,
          isStranger: decision === "stranger",
        });
        back.searchParams.set("code", code);
      }
      return sendTo(exchange, back.href);
    },
    redeem(form) {
      const code = form.get("code") ?? "";
      const grant = codes.get(code);
      codes.delete(code);
      if (!grant || form.get("client_id") !== grant.clientId) return "invalid_grant";
      if (form.get("redirect_uri") !== grant.redirectUri) return "redirect_uri_mismatch";
      if (grant.challenge === null) return grant;
      const verifier = createHash("sha256")
        .update(form.get("code_verifier") ?? "")
        .digest("base64url");
      return verifier === grant.challenge ? grant : "invalid_grant";
    },
  };
};
