import { constants, brotliCompressSync, gzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { findPage, type PageFile } from "./bundle.ts";
import { withPlatforms } from "./page-platforms.ts";
import { pagePaths } from "./page/app/paths.ts";

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

interface Packed extends PageFile {
  readonly br: Buffer;
  readonly gzip: Buffer;
}

const pack = (file: PageFile): Packed => ({
  ...file,
  br: brotliCompressSync(file.body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: gzipSync(file.body, { level: 9 }),
});

/** The dashboard itself: one document for every view, and its assets, compressed once at start. */
export const pageRoutes = async (app: FastifyInstance): Promise<void> => {
  const files = withPlatforms(await findPage()).map(pack);
  for (const file of files) {
    const isDocument = file.name === "index.html";
    const paths = isDocument ? Object.keys(pagePaths) : [`/assets/${file.name}`];
    for (const path of paths)
      app.get(path, (request, reply) => {
        const accepted = request.headers["accept-encoding"] ?? "";
        const encoding = /\bbr\b/.test(accepted) ? "br" : /\bgzip\b/.test(accepted) ? "gzip" : undefined;
        if (encoding !== undefined) reply.header("content-encoding", encoding);
        return reply
          .header("vary", "accept-encoding")
          .header("cache-control", isDocument ? "no-cache" : "private, max-age=31536000, immutable")
          .type(types[file.name.split(".").at(-1) ?? ""] ?? "application/octet-stream")
          .send(encoding === undefined ? file.body : file[encoding]);
      });
  }
};
