import type { FastifyInstance } from "fastify";
import * as z from "zod";
import { type GuardOptions, tokenGiven } from "./access.ts";
import { localPath, loginPage } from "./login-page.ts";

const form = z.object({ token: z.string().max(1000), next: z.string().max(4000).optional() });

/** `/login` and `/logout`. The right token always opens; wrong ones are counted with all other guesses. */
export const loginRoutes = (
  app: FastifyInstance,
  { tokens, sessions, countGuess }: NonNullable<GuardOptions["access"]>,
): void => {
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: 16_384 },
    (_request, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(body as string)));
    },
  );

  app.get("/login", (request, reply) =>
    loginPage(reply, {
      next: z.object({ next: z.string().optional().catch(undefined) }).parse(request.query).next,
    }),
  );

  app.post("/login", async (request, reply) => {
    const answer = form.safeParse(request.body);
    const next = answer.data?.next;
    const shown = answer.success ? tokenGiven(answer.data.token, tokens) : undefined;
    if (shown !== undefined) {
      await sessions.begin(request, shown);
      return reply.redirect(localPath(next), 303);
    }
    const waitSeconds = await countGuess(request);
    if (waitSeconds === undefined)
      return loginPage(reply.code(401), { next, problem: "That is no token of this server." });
    return loginPage(reply.code(429).header("retry-after", String(waitSeconds)), {
      next,
      problem: `Too many wrong tokens came from this address. Wait ${String(waitSeconds)} s, or enter the right one.`,
    });
  });

  app.post("/logout", async (request, reply) => {
    await sessions.end(request);
    return reply.redirect("/login", 303);
  });
};
