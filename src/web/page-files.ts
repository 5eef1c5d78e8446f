import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { buildPage, type PageFile } from "./bundle.ts";
import { withPlatforms } from "./page-platforms.ts";

/** Where `npm run build` puts the page: beside the bundle in the package, absent when run from source. */
const built = join(import.meta.dirname, "public");

const write = async (folder: string, { name, body }: PageFile): Promise<void> => {
  await writeFile(join(folder, name), body);
  // The document is small, and written once more for each server.
  if (name === "index.html") return;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  await writeFile(join(folder, `${name}.br`), await promisify(brotliCompress)(body, { params }));
  await writeFile(join(folder, `${name}.gz`), await promisify(gzip)(body, { level: 9 }));
};

/** Makes the page from source and writes it as it is served: each asset with its compressed likenesses beside it. */
export const writePage = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (const file of withPlatforms(await buildPage())) await write(folder, file);
};

export interface PageFolder {
  readonly path: string;
  /** Takes it away where it was made for this server alone. */
  readonly close: () => Promise<void>;
}

/** The page as built into the package, or made now where costper runs from source. */
export const openPageFolder = async (): Promise<PageFolder> => {
  if (existsSync(built)) return { path: built, close: async () => undefined };
  const path = await mkdtemp(join(tmpdir(), "costper-page-"));
  await writePage(path);
  return { path, close: () => rm(path, { recursive: true, force: true }) };
};
