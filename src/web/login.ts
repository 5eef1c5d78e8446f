import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { endedSession, sameSecret, sessionCookie } from "./access.ts";
import { localPath, loginPage } from "./login-page.ts";

const attemptsAMinute = 10;

const form = z.object({ token: z.string().max(1000), next: z.string().max(4000).optional() });

/** `/login` and `/logout`. The cookie is signed, closed to scripts and never sent along from another site. */
export const loginRoutes = async (app: FastifyInstance, token: string): Promise<void> => {
  await app.register(rateLimit, {
    max: attemptsAMinute,
    timeWindow: "1 minute",
    errorResponseBuilder: (_request, { after }) =>
      Object.assign(new Error(`too many attempts to log in; try again in ${after}`), { statusCode: 429 }),
  });

  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: 16_384 },
    (_request, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(body as string)));
    },
  );

  app.get("/login", { config: { rateLimit: false } }, (request, reply) =>
    loginPage(reply, { next: (request.query as { next?: string }).next }),
  );

  app.post("/login", (request, reply) => {
    const answer = form.safeParse(request.body);
    const next = answer.data?.next;
    if (!answer.success || !sameSecret(answer.data.token, token))
      return loginPage(reply.code(401), { next, problem: "That is not the token of this server." });
    return reply.header("set-cookie", sessionCookie(token, Date.now())).redirect(localPath(next), 303);
  });

  app.post("/logout", { config: { rateLimit: false } }, (_request, reply) =>
    reply.header("set-cookie", endedSession).redirect("/login", 303),
  );
};
