/** What a token of the web server opens. */
export const tokenRoles = ["reader", "operator", "feed"] as const;

/**
 * `reader`: sees everything, changes nothing. `operator`: changes, too. `feed`: stands in an address, and opens the
 * CSV of `/feed` alone.
 */
export type TokenRole = (typeof tokenRoles)[number];

/** A token of the web server. Its name says who did what; the token itself is in no log and no answer. */
export interface WebToken {
  readonly name: string;
  readonly token: string;
  readonly role: TokenRole;
}

/** What `web.token` is called where a name is wanted; no token of the list can have it. */
export const operatorName = "web.token";

/** A token of the list is as long at least: the one of an address may be tried by anybody. */
export const shortestToken = 16;

export const tokenPattern = /^[\w.~+/=-]{16,}$/;

export const namePattern = /^[A-Za-z0-9][A-Za-z0-9 _-]{0,59}$/;

/** All tokens of the configuration, `web.token` as an operator's. */
export const tokensOf = (web: {
  readonly token?: string | undefined;
  readonly tokens?: readonly WebToken[] | undefined;
}): readonly WebToken[] => [
  ...(web.token === undefined || web.token === ""
    ? []
    : [{ name: operatorName, token: web.token, role: "operator" as const }]),
  ...(web.tokens ?? []),
];
