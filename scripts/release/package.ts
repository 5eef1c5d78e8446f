import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { packageRoot } from "../../src/package-root.ts";

const run = promisify(execFile);

const manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  files: z.array(z.string()),
  scripts: z.unknown(),
  devDependencies: z.unknown(),
  allowScripts: z.unknown(),
  overrides: z.unknown(),
});
/**
 * Packs what users install into `folder`: the files of package.json, without what only a checkout
 * needs. It takes `npm run build` before.
 * @returns the tarball's path
 */
export const packageInto = async (folder: string): Promise<string> => {
  const {
    scripts: _,
    devDependencies: __,
    allowScripts: ___,
    overrides: ____,
    ...published
  } = manifest.parse(JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8")));
  const staged = await mkdtemp(join(tmpdir(), "costper-package-"));
  try {
    for (const name of [...published.files, "README.md", "LICENSE"])
      await cp(join(packageRoot, name), join(staged, name), { recursive: true });
    await writeFile(join(staged, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
    await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: staged });
    return join(folder, `${published.name}-${published.version}.tgz`);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
};
