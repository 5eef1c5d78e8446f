import { createHash } from "node:crypto";
import { callbackify } from "node:util";
import fastifyCookie, { Signer } from "@fastify/cookie";
import fastifySession, { type SessionStore } from "@fastify/session";
import type { FastifyInstance, FastifyRequest, Session } from "fastify";
import { type Kysely, sql } from "kysely";
import type { DB } from "../warehouse/schema.ts";

declare module "fastify" {
  interface Session {
    /** Whether the token of the server was shown. */
    loggedIn?: boolean;
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
  isLoggedIn(request: FastifyRequest): boolean;
  /** Whether the request brings a cookie that this server never signed. */
  isForged(request: FastifyRequest): boolean;
  begin(request: FastifyRequest): Promise<void>;
  end(request: FastifyRequest): Promise<void>;
}

/** Cookies and sessions for the routes of `app`. The key comes from the token: a changed token ends every session. */
export const openSessions = async (
  app: FastifyInstance,
  db: Kysely<DB>,
  token: string,
): Promise<Sessions> => {
  const signer = new Signer(sha256(`costper session ${token}`));
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
    isLoggedIn: ({ session }) => session.get("loggedIn") === true,
    isForged: ({ cookies }) => {
      const value = cookies[cookieName];
      return value !== undefined && value !== "" && !signer.unsign(value).valid;
    },
    begin: async (request) => {
      await request.session.regenerate();
      // A trusted proxy may say that the browser speaks https; plain http on loopback could not use the cookie.
      request.session.options({
        path: "/",
        httpOnly: true,
        sameSite: "strict",
        secure: request.protocol === "https",
        maxAge: sessionMs,
      });
      request.session.set("loggedIn", true);
    },
    end: (request) => request.session.destroy(),
  };
};
