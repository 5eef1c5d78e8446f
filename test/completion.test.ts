import { spawn, spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, afterAll, expect, test } from "vitest";
import { completionScripts } from "../src/commands/completion/scripts.ts";
import { costperCall } from "./support/terminal.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "costper-completion-"));
  const quoted = costperCall().map((word) => `'${word}'`);
  await writeFile(join(folder, "costper"), `#!/bin/sh\nexec ${quoted.join(" ")} "$@"\n`);
  await chmod(join(folder, "costper"), 0o755);
  await writeFile(join(folder, "some-costs.csv"), "");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const env = () => ({ PATH: `${folder}:${process.env["PATH"] ?? ""}`, HOME: folder, TERM: "dumb" });

const answer = (...words: readonly string[]): Promise<readonly string[]> =>
  new Promise((resolve) => {
    const child = spawn(join(folder, "costper"), ["complete", "--", ...words], { cwd: folder, env: env() });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.once("close", () => resolve(out.split("\n").filter((line) => line !== "")));
  });
const values = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => line.split("\t")[0] ?? "");

test("commands are offered with what they do, also behind options of every command", async () => {
  const lines = await answer("re");
  expect(values(lines).toSorted()).toEqual(["reconcile", "report", "restore"]);
  expect(lines).toContain("report\tprint the cost per conversion");
  expect(values(await answer("--config", "x.yaml", "--quiet", "re"))).toEqual(values(lines));
  expect(values(await answer("comp"))).toEqual(["completion"]);
});

test.each<[readonly string[], readonly string[]]>([
  [
    ["connect", ""],
    ["google", "meta", "linkedin", "microsoft", "x", "ga4"],
  ],
  [["sync", "--platform", "li"], ["linkedin"]],
  [["report", "--from", "l"], ["last-month"]],
  [["export", "x", "out", "--format=p"], ["--format=parquet"]],
  // As bash splits it.
  [["export", "x", "out", "--format", "=", "p"], ["parquet"]],
  [
    ["alerts", "si"],
    ["silence", "silences"],
  ],
  [["alerts", "check", "--da"], ["--date"]],
  [
    ["import", "co"],
    ["costs", "conversions"],
  ],
  [["import", "costs", "some"], [":files"]],
  [["--config", ""], [":files"]],
  [["psql", "--", "-"], [":files"]],
  [["backup", "--log-format", "p"], ["pretty"]],
  [["rollup", "--max-wait"], []],
  [["no-such-command", ""], []],
])("%j: %j", async (words, expected) => {
  expect(values(await answer(...words))).toEqual(expected);
});

test("every command and option is offered: nothing is left to remember", async () => {
  const help = spawnSync(join(folder, "costper"), ["sync", "--help"], {
    env: env(),
    encoding: "utf8",
  }).stdout;
  const told = [...help.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm)].map(([, name = ""]) => name);
  expect(told.length).toBeGreaterThan(12);
  expect(values(await answer("sync", "--"))).toEqual(expect.arrayContaining(told));
});

/** Says what the shell has for the line in $LINE at the tab key. */
const inShell: Readonly<Record<keyof typeof completionScripts, readonly string[]>> = {
  bash: [
    "-c",
    `eval "$(costper completion bash)"; eval "$(costper completion bash)"
     read -ra COMP_WORDS <<< "$LINE"; [[ $LINE == *' ' ]] && COMP_WORDS+=('')
     COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _costper; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  // zsh completes on a terminal alone: what it would offer is written down instead.
  zsh: [
    "-fc",
    `autoload -Uz compinit; compinit -u -d "$HOME/zcompdump"; eval "$(costper completion zsh)"
     _describe() { local -a all; all=("\${(@P)2}"); printf '%s\\n' "\${(@)all%%:*}" }; _files() { echo :files }
     words=("\${(@z)LINE}"); [[ $LINE == *' ' ]] && words+=(''); CURRENT=$#words; _costper`,
  ],
  fish: ["-c", `costper completion fish | source; complete -C "$LINE" | string split -f1 \\t`],
};

test.each(Object.keys(completionScripts) as (keyof typeof completionScripts)[])(
  "%s completes commands, values and files",
  (shell) => {
    const ask = (line: string) => {
      const { stdout, stderr } = spawnSync(shell, inShell[shell], {
        cwd: folder,
        env: { ...env(), LINE: line },
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      return stdout.split("\n").filter((word) => word !== "");
    };
    if (spawnSync(shell, ["--version"]).error) {
      // bash is everywhere; the others are tried where they are.
      expect(shell).not.toBe("bash");
      return;
    }
    expect(ask("costper rep")).toEqual(["report"]);
    expect(ask("costper connect ").toSorted()).toEqual([
      "ga4",
      "google",
      "linkedin",
      "meta",
      "microsoft",
      "x",
    ]);
    // Left to the shell in bash, which an empty answer stands for.
    expect(ask("costper import costs some")).toEqual(
      { bash: [], zsh: [":files"], fish: ["some-costs.csv"] }[shell],
    );
    // What stands on the line is never run.
    expect(ask("costper report --by $(touch${IFS}pwned) --form")).toEqual(["--format"]);
    expect(spawnSync("ls", ["pwned"], { cwd: folder }).status).not.toBe(0);
  },
);
