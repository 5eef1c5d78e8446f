import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isLoopbackHost } from "../domain/hosts.ts";
import { loginPage } from "./login-page.ts";
import type { TokenRole, WebToken } from "../domain/web-tokens.ts";
import type { Sessions } from "./session.ts";

/** Who asks: the name and the role of the token that was shown. */
export interface Identity {
  readonly name: string;
  readonly role: TokenRole;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Null where no token guards the server. */
    identity: Identity | null;
  }
}

/** Whether the request comes from somebody who may change something. */
export const mayOperate = ({ identity }: FastifyRequest): boolean => identity?.role === "operator";

const open = new Set(["/healthz", "/readyz", "/login"]);

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Compares in a time that tells nothing about the secret, not even its length. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(digest(given), digest(expected));

/** The token that was given, if it opens the page. Every one is compared, so that time tells nothing of their order. */
export const tokenGiven = (given: string, tokens: readonly WebToken[]): WebToken | undefined => {
  const found = tokens.filter(({ token }) => sameSecret(given, token));
  return found.find(({ role }) => role !== "feed");
};

const bearerOf = ({ headers }: FastifyRequest): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];

const parse = (url: string): URL | undefined => (URL.canParse(url) ? new URL(url) : undefined);

const wantsPage = (request: FastifyRequest): boolean =>
  request.method === "GET" && (request.headers.accept ?? "").includes("text/html");

const refuse = (reply: FastifyReply, status: number, error: string, remedy: string): FastifyReply =>
  reply.code(status).send({ error, remedy });

/**
 * The host that the request is for, or undefined where it names none or several: two Host headers, or an address
 * with another authority than the Host header.
 */
const hostOf = ({ raw, headers }: FastifyRequest): string | undefined => {
  const named = raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (named.length !== 1) return undefined;
  const { host } = headers;
  const target = raw.url ?? "";
  return target.startsWith("/") || parse(target)?.host === host ? host : undefined;
};

/** Whether the browser says, or cannot deny, that our own page sent it. */
const comesFromOurPage = ({ headers }: FastifyRequest): boolean => {
  const { origin } = headers;
  if (origin !== undefined) return parse(origin)?.host === headers.host;
  return headers["sec-fetch-site"] === "same-origin";
};

const comesFromElsewhere = (request: FastifyRequest): boolean => {
  const site = request.headers["sec-fetch-site"];
  const crossing = site !== undefined && site !== "same-origin" && site !== "none";
  return crossing || (request.headers.origin !== undefined && !comesFromOurPage(request));
};

const refuseForeignHost = (request: FastifyRequest, reply: FastifyReply, guarded: boolean) => {
  const host = hostOf(request);
  if (host === undefined)
    return refuse(reply, 400, "the request does not say for which host it is", "send one Host header");
  if (guarded || isLoopbackHost(parse(`http://${host}`)?.hostname ?? "")) return undefined;
  return refuse(
    reply,
    403,
    "this server answers only to the name of this machine",
    "open it as http://localhost, or set web.token to reach it under another name",
  );
};

/** The one token of an address, where it has just one. */
const tokenInAddress = ({ url }: FastifyRequest): string | undefined => {
  const given = new URLSearchParams(url.split("?").slice(1).join("?")).getAll("token");
  return given.length === 1 ? given[0] : undefined;
};

export interface GuardOptions {
  /** What has to be shown; absent: whoever reaches this machine may read, and nobody may change anything. */
  readonly access?: {
    readonly tokens: readonly WebToken[];
    readonly sessions: Sessions;
    /** Counts a wrong token or cookie of the sender. Seconds to wait where there were too many. */
    readonly countGuess: (request: FastifyRequest) => Promise<number | undefined>;
  };
}

const feedPath = "/feed/";

/** Paths that a session changes whatever its role: it may end itself. */
const ownPaths = new Set(["/logout"]);

/**
 * Guards every route. With a token: Bearer or session, but for the probes and the login itself; a feed's token opens
 * the feeds, from their address alone, and nothing else opens those. Without one (loopback
 * only): the Host header must name this machine, or a foreign page could reach us under its own name (DNS rebinding),
 * and nothing that changes state is let through. A session changes something only from our own page: its cookie
 * alone is no proof of that.
 */
export const guard = (app: FastifyInstance, { access }: GuardOptions): void => {
  app.decorateRequest("identity", null);
  const tooManyGuesses = async (request: FastifyRequest, reply: FastifyReply) => {
    const waitSeconds = await access?.countGuess(request);
    if (waitSeconds === undefined) return undefined;
    return refuse(
      reply.header("retry-after", String(waitSeconds)),
      429,
      "too many wrong tokens came from this address",
      `send the right one, or wait ${String(waitSeconds)} s`,
    );
  };

  app.addHook("onRequest", async (request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    if (path === "/healthz" || path === "/readyz") return;
    const refused = refuseForeignHost(request, reply, access !== undefined);
    if (refused) return refused;

    const writes = request.method !== "GET" && request.method !== "HEAD";
    if (writes && comesFromElsewhere(request))
      return refuse(
        reply,
        403,
        "a request from another site changes nothing here",
        "use the dashboard itself",
      );
    if (path.startsWith(feedPath)) {
      const given = tokenInAddress(request);
      const feeds = (access?.tokens ?? []).filter(({ role }) => role === "feed");
      const found = feeds.filter(({ token }) => sameSecret(given ?? "", token))[0];
      if (found !== undefined && !writes) {
        request.identity = { name: found.name, role: found.role };
        return;
      }
      return (
        (given !== undefined && (await tooManyGuesses(request, reply))) ||
        refuse(
          reply,
          401,
          "a feed wants its own token",
          "add ?token=... of a token with the role feed in web.tokens",
        )
      );
    }
    if (access === undefined) {
      if (!writes) return;
      return refuse(
        reply,
        403,
        "without a token nothing can be changed here",
        "set web.token, or use the command line: costper alerts silence, costper jobs retry",
      );
    }

    if (open.has(path)) return;
    const { tokens, sessions } = access;
    const bearer = bearerOf(request);
    const shown = bearer === undefined ? undefined : tokenGiven(bearer, tokens);
    const identity = shown ?? sessions.identityOf(request);
    if (identity !== undefined) {
      request.identity = { name: identity.name, role: identity.role };
      if (!writes) return;
      if (shown === undefined && !comesFromOurPage(request))
        return refuse(
          reply,
          403,
          "a request that changes something must come from the dashboard's own page",
          "send web.token as Authorization: Bearer instead of the cookie",
        );
      if (identity.role === "operator" || ownPaths.has(path)) return;
      return refuse(
        reply,
        403,
        "this token reads, and changes nothing",
        "log in with web.token, or with a token of the role operator",
      );
    }
    const guessed = bearer !== undefined || sessions.isForged(request);
    const refusedGuess = guessed ? await tooManyGuesses(request, reply) : undefined;
    if (refusedGuess !== undefined) return refusedGuess;
    reply.header("www-authenticate", "Bearer");
    if (!wantsPage(request))
      return refuse(
        reply,
        401,
        "a token is needed",
        "send web.token as Authorization: Bearer, or log in on the page",
      );
    // A same-site cookie is not sent where a link on another site led here: one step of our own brings it along.
    const crossSite = request.headers["sec-fetch-site"] === "cross-site";
    return loginPage(reply.code(401), { next: request.url, ...(crossSite ? { again: request.url } : {}) });
  });
};
