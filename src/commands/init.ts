import { access, readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import dotenv from "dotenv";
import { writeWhole } from "../warehouse/whole-file.ts";
import { UsageError } from "./errors.ts";
import { examples, type Register } from "./frame.ts";
import { initTemplate } from "./init-template.ts";

const unwritable = (file: string, error: unknown): UsageError => {
  const { code = "" } = error as NodeJS.ErrnoException;
  return new UsageError(
    `${file} cannot be written (${code})`,
    code === "ENOSPC"
      ? "the disk is full: free some space; what was there is as it was"
      : "check that the folder exists and may be written; what was there is as it was",
  );
};

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

const writeConfig = async (file: string, force: boolean): Promise<void> => {
  if (!force && (await isThere(file)))
    throw new UsageError(`${file} exists; nothing was written`, "--force overwrites it");
  await writeWhole(file, initTemplate().config, { mode: 0o644 }).catch((error: unknown) => {
    throw unwritable(file, error);
  });
};

/** Adds the variables that the file lacks; a value that is there stays, even with --force: it may be the only copy. */
const writeEnvironment = async (file: string): Promise<readonly string[]> => {
  const before = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw new UsageError(`${file} cannot be read (${error.code ?? ""})`, "check its permissions");
  });
  const known = dotenv.parse(before);
  const lacking = initTemplate().environment.filter(([name]) => !(name in known));
  const lines = lacking.map(([name, comment]) => `${comment ? `# ${comment}\n` : ""}${name}=\n`);
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  if (lacking.length > 0)
    await writeWhole(file, `${before}${gap}${lines.join("")}`, { mode: 0o600 }).catch((error: unknown) => {
      throw unwritable(file, error);
    });
  return lacking.map(([name]) => name);
};

export const register: Register = (command, act) => {
  command
    .description("Write a commented costper.yaml and a .env to fill in. What a .env already says is kept.")
    .option("--force", "overwrite an existing costper.yaml")
    .addHelpText(
      "after",
      examples(
        ["costper init", "costper.yaml and .env in this folder"],
        ["costper --config conf/ads.yaml init", "elsewhere, under another name"],
      ),
    )
    .action(
      act<{ force?: boolean }>(async ({ globals, cwd, env, out }, { force = false }) => {
        const file = resolve(cwd, globals.config ?? (env["COSTPER_CONFIG"] || "costper.yaml"));
        const envFile = join(dirname(file), ".env");
        await writeConfig(file, force);
        const added = await writeEnvironment(envFile);
        if (globals.json) {
          out.json({ written: added.length > 0 ? [file, envFile] : [file] });
          return;
        }
        out.text(`wrote ${basename(file)}${added.length > 0 ? " and .env" : ""}`);
        out.text(
          "next: remove the platforms that you do not use, fill in .env (keep it out of version control),",
        );
        out.text("      then run costper doctor");
      }),
    );
};
