import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { pagePaths } from "./page/app/paths.ts";
import { openPageFolder } from "./page-files.ts";

const yearSeconds = 31_536_000;

/** The dashboard itself: one document for every view, and its assets, which their names change with. */
export const pageRoutes = async (
  app: FastifyInstance,
  { hasBoard }: { readonly hasBoard: boolean },
): Promise<void> => {
  const folder = await openPageFolder();
  app.addHook("onClose", () => folder.close());
  const written = await readFile(join(folder.path, "index.html"), "utf8");
  const document = written.replace(
    'name="board" content="no"',
    `name="board" content="${hasBoard ? "yes" : "no"}"`,
  );
  for (const path of Object.keys(pagePaths))
    app.get(path, (_request, reply) =>
      reply.header("cache-control", "no-cache").type("text/html; charset=utf-8").send(document),
    );
  await app.register(fastifyStatic, {
    root: folder.path,
    prefix: "/assets/",
    decorateReply: false,
    index: false,
    preCompressed: true,
    // Their compressed likenesses are asked for by their own names.
    allowedPath: (path) => /\.(?:js|css)$/.test(path),
    cacheControl: false,
    setHeaders: (reply) =>
      void reply.header("cache-control", `private, max-age=${String(yearSeconds)}, immutable`),
  });
};
