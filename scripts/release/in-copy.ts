import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/package-root.ts";

/** Whoever tries a release need not have told git who they are. */
const nobody = {
  GIT_AUTHOR_NAME: "release",
  GIT_AUTHOR_EMAIL: "release@localhost",
  GIT_COMMITTER_NAME: "release",
  GIT_COMMITTER_EMAIL: "release@localhost",
};

/** Releases a version in a copy of HEAD, says what came of it on standard output, and throws the copy away. */
export const releaseInCopy = async (version: string): Promise<void> => {
  const copy = await mkdtemp(join(tmpdir(), "costper-release-"));
  const inCopy = (command: string, ...args: string[]): string =>
    execFileSync(command, args, {
      cwd: copy,
      env: { ...process.env, ...nobody },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
  try {
    execFileSync("git", ["clone", "--quiet", "--no-tags", packageRoot, copy]);
    await symlink(join(packageRoot, "node_modules"), join(copy, "node_modules"));
    inCopy(join("node_modules", ".bin", "tsx"), join("scripts", "release.ts"), version);
    const tarball = join(".release", `costper-${version}.tgz`);
    process.stdout.write(
      [
        inCopy("git", "show", "--stat", "--format=%s", `v${version}^{commit}`),
        inCopy("git", "show", "--format=", `v${version}^{commit}`, "--", "CHANGELOG.md", "package.json"),
        inCopy("tar", "--list", "--file", tarball),
      ].join("\n"),
    );
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
};
