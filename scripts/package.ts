import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { packageRoot } from "../src/package-root.ts";

const run = promisify(execFile);

const manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  files: z.array(z.string()),
  scripts: z.unknown(),
  devDependencies: z.unknown(),
  allowScripts: z.unknown(),
});
const lockfile = z.looseObject({
  packages: z.record(z.string(), z.looseObject({ dev: z.boolean().optional() })),
});

const readAs = async <Schema extends z.ZodType>(name: string, schema: Schema): Promise<z.output<Schema>> =>
  schema.parse(JSON.parse(await readFile(join(packageRoot, name), "utf8")));

/**
 * Packs what users install into `folder`: the files of package.json, without scripts and development packages, and the
 * lockfile as npm-shrinkwrap.json. Only through it do the versions that are pinned here, overrides included, reach a
 * folder where costper is a dependency. It takes `npm run build` before.
 * @returns the tarball's path
 */
export const packageInto = async (folder: string): Promise<string> => {
  const {
    scripts: _,
    devDependencies: __,
    allowScripts: ___,
    ...published
  } = await readAs("package.json", manifest);
  const lock = await readAs("package-lock.json", lockfile);
  const staged = await mkdtemp(join(tmpdir(), "costper-package-"));
  try {
    for (const name of [...published.files, "README.md", "LICENSE"])
      await cp(join(packageRoot, name), join(staged, name), { recursive: true });
    const files = [...published.files, "npm-shrinkwrap.json"];
    await writeFile(join(staged, "package.json"), `${JSON.stringify({ ...published, files }, null, 2)}\n`);
    const packages = Object.entries(lock.packages)
      .filter(([, { dev }]) => dev !== true)
      .map(([path, entry]): [string, unknown] => {
        const { devDependencies: ____, ...kept } = entry;
        return [path, kept];
      });
    await writeFile(
      join(staged, "npm-shrinkwrap.json"),
      `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`,
    );
    await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: staged });
    return join(folder, `${published.name}-${published.version}.tgz`);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
};
