import { createHash } from "node:crypto";
import { callbackify } from "node:util";
import fastifyCookie, { Signer } from "@fastify/cookie";
import fastifySession, { type SessionStore } from "@fastify/session";
import type { FastifyInstance, FastifyRequest, Session } from "fastify";
import { type Kysely, sql } from "kysely";
import type { WebToken } from "../domain/web-tokens.ts";
import type { DB } from "../warehouse/schema.ts";

declare module "fastify" {
  interface Session {
    /** The name of the token that was shown. */
    tokenName?: string;
  }
}

const cookieName = "costper_session";
const sessionDays = 7;
const sessionMs = sessionDays * 86_400_000;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Sessions in the database: they outlive a restart, hold for every web process, and end at logout. */
const storeIn = (db: Kysely<DB>): SessionStore => ({
  get: callbackify(async (id: string) => {
    const { rows } = await sql<{ content: Session }>`
      select content from ops.web_session where session_hash = ${sha256(id)} and ends_at > now()`.execute(db);
    return rows[0]?.content ?? null;
  }),
  set: callbackify(async (id: string, session: Session) => {
    await sql`
      with ended as (delete from ops.web_session where ends_at <= now())
      insert into ops.web_session (session_hash, content, ends_at)
      values (${sha256(id)}, ${JSON.stringify(session)}::jsonb, now() + ${sessionMs} * interval '1 millisecond')
      on conflict (session_hash) do update set content = excluded.content`.execute(db);
  }),
  destroy: callbackify(async (id: string) => {
    await sql`delete from ops.web_session where session_hash = ${sha256(id)}`.execute(db);
  }),
});

/** The session of a request, and what its cookie is worth. */
export interface Sessions {
  /** The token that was shown when the session began, as the configuration has it now. */
  identityOf(request: FastifyRequest): WebToken | undefined;
  /** Whether the request brings a cookie that this server never signed. */
  isForged(request: FastifyRequest): boolean;
  begin(request: FastifyRequest, shown: WebToken): Promise<void>;
  end(request: FastifyRequest): Promise<void>;
}

/** Cookies and sessions for the routes of `app`. The key comes from the tokens: a changed one ends every session. */
export const openSessions = async (
  app: FastifyInstance,
  db: Kysely<DB>,
  tokens: readonly WebToken[],
): Promise<Sessions> => {
  const secrets = tokens.map(({ name, token }) => [name, token]);
  const signer = new Signer(sha256(`costper session ${JSON.stringify(secrets)}`));
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    secret: signer as unknown as string,
    cookieName,
    store: storeIn(db),
    saveUninitialized: false,
    rolling: false,
    cookie: { path: "/", httpOnly: true, sameSite: "strict", secure: false, maxAge: sessionMs },
  });
  return {
    identityOf: ({ session }) => {
      const shown = session.get("tokenName");
      return tokens.find(({ name, role }) => name === shown && role !== "feed");
    },
    isForged: ({ cookies }) => {
      const value = cookies[cookieName];
      return value !== undefined && value !== "" && !signer.unsign(value).valid;
    },
    begin: async (request, { name }) => {
      await request.session.regenerate();
      // A trusted proxy may say that the browser speaks https; plain http on loopback could not use the cookie.
      request.session.options({
        path: "/",
        httpOnly: true,
        sameSite: "strict",
        secure: request.protocol === "https",
        maxAge: sessionMs,
      });
      request.session.set("tokenName", name);
    },
    end: (request) => request.session.destroy(),
  };
};
