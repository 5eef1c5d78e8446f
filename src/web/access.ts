import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import ipaddr from "ipaddr.js";
import { loginPage } from "./login-page.ts";

const cookieName = "costper_session";

const sessionDays = 7;
const open = new Set(["/healthz", "/readyz", "/login"]);

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Compares in a time that tells nothing about the secret, not even its length. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(digest(given), digest(expected));

// Signed with a key derived from the token: a changed token ends every session, and nothing needs to be stored.
const sign = (token: string, expires: string): string =>
  createHmac("sha256", token).update(`costper session until ${expires}`).digest("hex");

const cookie = (value: string, maxAgeSeconds: number): string =>
  `${cookieName}=${value}; Path=/; Max-Age=${String(maxAgeSeconds)}; HttpOnly; SameSite=Strict`;

/** The `Set-Cookie` of a new session: when it ends, and a signature over that. */
export const sessionCookie = (token: string, now: number): string => {
  const expires = String(now + sessionDays * 86_400_000);
  return cookie(`${expires}.${sign(token, expires)}`, sessionDays * 86_400);
};

export const endedSession = cookie("", 0);

const hasSession = (request: FastifyRequest, token: string): boolean => {
  const [, expires, signature] =
    /(?:^|;\s*)costper_session=(\d{1,15})\.([0-9a-f]{64})(?:;|$)/.exec(request.headers.cookie ?? "") ?? [];
  return (
    expires !== undefined &&
    signature !== undefined &&
    sameSecret(signature, sign(token, expires)) &&
    Number(expires) > Date.now()
  );
};

const hasBearer = (request: FastifyRequest, token: string): boolean => {
  const [, given] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "") ?? [];
  return given !== undefined && sameSecret(given, token);
};

/** Whether only this machine can reach a server that listens on `host`. */
export const isLoopback = (host: string): boolean => {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (bare === "localhost" || bare.endsWith(".localhost")) return true;
  return ipaddr.isValid(bare) && ipaddr.process(bare).range() === "loopback";
};

const parse = (url: string): URL | undefined => (URL.canParse(url) ? new URL(url) : undefined);

const wantsPage = (request: FastifyRequest): boolean =>
  request.method === "GET" && (request.headers.accept ?? "").includes("text/html");

const refuse = (reply: FastifyReply, status: number, error: string, remedy: string): FastifyReply =>
  reply.code(status).send({ error, remedy });

/**
 * Guards every route. With a token: Bearer or session, but for the probes and the login itself. Without one (loopback
 * only): the Host header must name this machine, or a foreign page could reach us under its own name (DNS rebinding).
 * What changes something must come from our own page: another origin is refused whatever it carries.
 */
export const guard = (app: FastifyInstance, token: string | undefined): void => {
  app.addHook("onRequest", async (request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    if (path === "/healthz" || path === "/readyz") return;

    if (token === undefined && !isLoopback(parse(`http://${request.headers.host ?? ""}`)?.hostname ?? ""))
      return refuse(
        reply,
        403,
        "this server answers only to the name of this machine",
        "open it as http://localhost, or set web.token to reach it under another name",
      );

    const { origin } = request.headers;
    const writes = request.method !== "GET" && request.method !== "HEAD";
    if (writes && origin !== undefined && parse(origin)?.host !== request.headers.host)
      return refuse(
        reply,
        403,
        "a request from another site changes nothing here",
        "use the dashboard itself",
      );

    if (token === undefined || open.has(path)) return;
    if (hasBearer(request, token) || hasSession(request, token)) return;
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
