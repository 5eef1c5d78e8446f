import { access, readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import dotenv from "dotenv";
import { isPlatform } from "../connectors/registry.ts";
import { isTimeZone } from "../domain/day.ts";
import { Failure } from "../domain/failure.ts";
import { isPostgresUrl } from "../domain/server-url.ts";
import { writeWhole } from "../warehouse/whole-file.ts";
import { type Asker, createAsker } from "./ask.ts";
import { changeEnvFile, withVariables } from "./env-file.ts";
import { UsageError } from "./errors.ts";
import { examples, type Register } from "./frame.ts";
import { type InitChoices, initSources, initTemplate } from "./init-template.ts";

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

const writeConfig = async (file: string, choices: InitChoices): Promise<void> => {
  const { config } = initTemplate(dirname(file), choices);
  await writeWhole(file, config, { mode: 0o644 }).catch((error: unknown) => {
    throw unwritable(file, error);
  });
};

/** Adds the variables that the file lacks; a value that is there stays, even with --force: it may be the only copy. */
const writeEnvironment = async (
  file: string,
  choices: InitChoices,
  values: Readonly<Record<string, string>>,
): Promise<readonly string[]> => {
  const before = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw new UsageError(`${file} cannot be read (${error.code ?? ""})`, "check its permissions");
  });
  const known = dotenv.parse(before);
  const { environment } = initTemplate(dirname(file), choices);
  const lacking = environment.filter(([name]) => !(name in known));
  const chosen = Object.entries(values).filter(([name]) => !known[name]);
  if (lacking.length === 0 && chosen.length === 0) return [];
  await changeEnvFile(file, (text) => {
    const lines = lacking.map(([name, comment]) => `${comment ? `# ${comment}\n` : ""}${name}=\n`);
    const gap = text === "" || text.endsWith("\n") ? "" : "\n";
    return withVariables(`${text}${gap}${lines.join("")}`, Object.fromEntries(chosen));
  }).catch((error: unknown) => {
    throw error instanceof Failure && error.code ? unwritable(file, error) : error;
  });
  return [...lacking, ...chosen].map(([name]) => name);
};

const currencies = new Set(Intl.supportedValuesOf("currency"));

const parseSources = (text: string): readonly string[] => {
  const names = [...new Set(text.split(/[\s,]+/).filter((name) => name !== ""))];
  const known = initSources().map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined || names.length === 0)
    throw new InvalidArgumentError(`There are ${known.join(", ")}.`);
  if (!names.some(isPlatform))
    throw new InvalidArgumentError("It takes a platform that has spend beside it.");
  return names;
};

const parseCurrency = (text: string): string => {
  const code = text.toUpperCase();
  if (!currencies.has(code)) throw new InvalidArgumentError("A currency is a code like EUR.");
  return code;
};

const parseTimeZone = (text: string): string => {
  if (!isTimeZone(text)) throw new InvalidArgumentError("A time zone is a name like Europe/Copenhagen.");
  return text;
};

const parseDatabase = (text: string): string => {
  if (!isPostgresUrl(text) || !URL.canParse(text))
    throw new InvalidArgumentError("A database is postgresql://user:password@host:5432/database.");
  return text;
};

/** Asks until the answer fits; nothing takes what stands in brackets. */
const ask = async <T>(
  asker: Asker,
  question: string,
  usual: string,
  parse: (text: string) => T,
): Promise<T | undefined> => {
  for (;;) {
    const line = await asker.line(`${question} [${usual}]: `);
    if (line === undefined) throw new UsageError("the input ended; nothing was written");
    if (line === "") return undefined;
    try {
      return parse(line);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      process.stderr.write(`${error.message}\n`);
    }
  }
};

interface InitOptions {
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly platforms?: readonly string[];
  readonly currency?: string;
  readonly timezone?: string;
}

interface Chosen extends InitChoices {
  readonly database?: string | undefined;
}

const ownTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What the options leave open. */
const askAll = async (asker: Asker, options: InitOptions): Promise<Chosen> => {
  const names = initSources().map(({ name }) => name);
  return {
    sources:
      options.platforms ??
      (await ask(asker, `Which platforms? ${names.join(", ")}`, "all, to choose from", parseSources)),
    reportingCurrency:
      options.currency ??
      (await ask(asker, "One currency for all reports, such as EUR?", "each account's own", parseCurrency)),
    timezone:
      options.timezone ??
      (await ask(asker, "Whose clock does the nightly sync run on?", ownTimeZone(), parseTimeZone)) ??
      ownTimeZone(),
    database: await ask(
      asker,
      "Where is the database? postgresql://...",
      "an embedded one, in .costper",
      parseDatabase,
    ),
  };
};

/** The next command, in the words of a shell. */
const nextSteps = ({ sources = [] }: Chosen): readonly string[] => {
  const [first, ...others] = sources;
  return first === undefined
    ? [
        "next: remove the platforms that you do not use, keep .env out of version control,",
        "      then sign in at each with costper connect PLATFORM, and run costper doctor",
      ]
    : [
        `next: costper connect ${first}${others.length > 0 ? ` (then ${others.join(", ")})` : ""}; keep .env out of version control`,
      ];
};

export const register: Register = (command, act) => {
  command
    .description(
      "Write a commented costper.yaml and a .env to fill in; asks what you need on a terminal. What a .env already says is kept.",
    )
    .option("--yes", "ask nothing")
    .option("--platforms <names>", "only these, with commas between", parseSources)
    .option("--currency <code>", "the reporting currency", parseCurrency)
    .option("--timezone <name>", "whose clock the nightly sync runs on", parseTimeZone)
    .option("--force", "overwrite an existing costper.yaml")
    .addHelpText(
      "after",
      examples(
        ["costper init", "asks, then writes costper.yaml and .env in this folder"],
        ["costper init --yes --platforms google,meta", "asks nothing"],
        ["costper --config conf/ads.yaml init", "elsewhere, under another name"],
      ),
    )
    .action(
      act<InitOptions>(async ({ globals, cwd, env, out, signal, onEnd }, options) => {
        const file = resolve(cwd, globals.config ?? (env["COSTPER_CONFIG"] || "costper.yaml"));
        const envFile = join(dirname(file), ".env");
        if (options.force !== true && (await isThere(file)))
          throw new UsageError(`${file} exists; nothing was written`, "--force overwrites it");
        const asker = createAsker(signal);
        onEnd(async () => asker.close());
        const chosen: Chosen =
          asker.isTerminal && options.yes !== true
            ? await askAll(asker, options)
            : { sources: options.platforms, reportingCurrency: options.currency, timezone: options.timezone };
        await writeConfig(file, chosen);
        const values = chosen.database === undefined ? {} : { DATABASE_URL: chosen.database };
        const added = await writeEnvironment(envFile, chosen, values);
        if (globals.json) {
          out.json({ written: added.length > 0 ? [file, envFile] : [file] });
          return;
        }
        out.text(`wrote ${basename(file)}${added.length > 0 ? " and .env" : ""}`);
        nextSteps(chosen).forEach(out.text);
      }),
    );
};
