import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packageRoot } from "../src/package-root.ts";
import { version as current } from "../src/version.ts";
import { onMigratedDatabase } from "./migrated-database.ts";
import { cutChangelog, isLater } from "./release/changelog.ts";
import { releaseInCopy } from "./release/in-copy.ts";
import { packageInto } from "./release/package.ts";
import { keepWarehouse, releasedWarehouses } from "./release/warehouse-of.ts";

// npm run release -- 0.2.0 --dry-run   does all of it in a copy of HEAD that is thrown away: what would be released
// npm run release -- 0.2.0             cuts the changelog, keeps a warehouse of its schema for the upgrade test, commits,
//                                      tags, builds, packs; publishes nothing
// npm run release -- 0.2.0 --publish   then npm, the container image (--image NAME), and the tag
// A run with --publish goes on where one without it stopped.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    publish: { type: "boolean", default: false },
    "dry-run": { type: "boolean", default: false },
    image: { type: "string" },
  },
});
const [version = ""] = positionals;

const fail = (message: string): never => {
  process.stderr.write(`release: ${message}\n`);
  process.exit(2);
};
const run = (command: string, ...args: string[]): void => {
  process.stderr.write(`${[command, ...args].join(" ")}\n`);
  execFileSync(command, args, { cwd: packageRoot, stdio: "inherit" });
};
const git = (...args: string[]): string =>
  execFileSync("git", args, { cwd: packageRoot, encoding: "utf8" }).trim();

if (!/^\d+\.\d+\.\d+$/.test(version)) fail("name the version, like 0.2.0");
if (values.publish && values.image === undefined)
  fail("name the image with --image, like ghcr.io/OWNER/costper");
if (values["dry-run"]) {
  await releaseInCopy(version);
  process.exit(0);
}
if (git("status", "--porcelain") !== "") fail("the worktree has changes; commit or stash them");
const tag = `v${version}`;
const isTagged = git("tag", "--list", tag) !== "";
if (isTagged && git("rev-list", "-n", "1", tag) !== git("rev-parse", "HEAD"))
  fail(`${tag} is another commit; check it out, or take the next version`);
if (!isTagged) {
  if (!isLater(version, current)) fail(`${version} is not later than ${current}`);
  const file = join(packageRoot, "CHANGELOG.md");
  try {
    writeFileSync(
      file,
      cutChangelog(readFileSync(file, "utf8"), version, new Date().toISOString().slice(0, 10)),
    );
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    fail(error.message);
  }
  await onMigratedDatabase((_, database) =>
    keepWarehouse(database, join(releasedWarehouses, version), version),
  );
  run("npm", "version", version, "--no-git-tag-version", "--ignore-scripts");
  run("git", "add", "--all");
  run("git", "commit", "--message", `chore: release ${version}`);
  run("git", "tag", "--annotate", tag, "--message", `costper ${version}`);
}
run("npm", "run", "build");
const folder = join(packageRoot, ".release");
mkdirSync(folder, { recursive: true });
const tarball = await packageInto(folder);
process.stderr.write(`packed ${tarball}\n`);
if (!values.publish) {
  process.stderr.write(`next: npm run release -- ${version} --publish --image ghcr.io/OWNER/costper\n`);
} else {
  run("npm", "publish", tarball);
  const image = `${values.image ?? ""}:${version}`;
  run("docker", "build", "--tag", image, ".");
  run("docker", "push", image);
  run("git", "push", "origin", "HEAD", tag);
}
