#!/usr/bin/env node
import { Command, CommanderError, Option } from "commander";
import { errorLines, exitStatus } from "./commands/errors.ts";
import { createAct, examples, type Register } from "./commands/frame.ts";
import { version } from "./version.ts";

const groups = {
  begin: "Begin:",
  figures: "Figures:",
  run: "Run it:",
  data: "Your data:",
  try: "Try it:",
} as const;

/** Every command, in the order of the help; its file is loaded when it is called. */
const commands: Readonly<
  Record<
    string,
    {
      readonly group: keyof typeof groups;
      readonly summary: string;
      readonly load: () => Promise<{ register: Register }>;
    }
  >
> = {
  init: {
    group: "begin",
    summary: "write a commented costper.yaml and .env to fill in",
    load: () => import("./commands/init.ts"),
  },
  connect: {
    group: "begin",
    summary: "sign in at a platform and keep the token",
    load: () => import("./commands/connect.ts"),
  },
  doctor: {
    group: "begin",
    summary: "check config, database, queue and every credential",
    load: () => import("./commands/doctor.ts"),
  },
  migrate: {
    group: "run",
    summary: "bring the warehouse schema up to date",
    load: () => import("./commands/migrate.ts"),
  },
  accounts: {
    group: "begin",
    summary: "list the ad accounts that the credentials reach",
    load: () => import("./commands/accounts.ts"),
  },
  sync: {
    group: "figures",
    summary: "pull, load and roll up",
    load: () => import("./commands/sync.ts"),
  },
  rollup: {
    group: "figures",
    summary: "rebuild the rollups from the facts",
    load: () => import("./commands/rollup.ts"),
  },
  report: {
    group: "figures",
    summary: "print the cost per conversion",
    load: () => import("./commands/report.ts"),
  },
  reconcile: {
    group: "figures",
    summary: "compare the facts with the platforms' own account totals",
    load: () => import("./commands/reconcile.ts"),
  },
  status: {
    group: "run",
    summary: "show freshness and the last outcome of each account",
    load: () => import("./commands/status.ts"),
  },
  alerts: {
    group: "figures",
    summary: "check, list, test, silence and replay alerts",
    load: () => import("./commands/alerts.ts"),
  },
  digest: {
    group: "figures",
    summary: "tell what changed, in words, to the notifiers that want it",
    load: () => import("./commands/digest.ts"),
  },
  history: {
    group: "figures",
    summary: "show how the figures of a campaign's day changed",
    load: () => import("./commands/history.ts"),
  },
  import: {
    group: "data",
    summary: "load first-party data and exchange rates from a CSV file",
    load: () => import("./commands/import.ts"),
  },
  sources: {
    group: "data",
    summary: "list the sources of first-party data and what they brought",
    load: () => import("./commands/sources.ts"),
  },
  forget: {
    group: "data",
    summary: "erase leads: counts stay, nothing leads back to the person",
    load: () => import("./commands/forget.ts"),
  },
  audit: {
    group: "figures",
    summary: "look for gaps in tracking",
    load: () => import("./commands/audit.ts"),
  },
  start: {
    group: "run",
    summary: "run the service: nightly schedule, workers, dashboard",
    load: () => import("./commands/start.ts"),
  },
  jobs: {
    group: "run",
    summary: "list and retry what the service works at",
    load: () => import("./commands/jobs.ts"),
  },
  sandbox: {
    group: "try",
    summary: "run the sandbox platforms",
    load: () => import("./commands/sandbox.ts"),
  },
  demo: {
    group: "try",
    summary: "run the whole pipeline on this machine, with no account anywhere",
    load: () => import("./commands/demo.ts"),
  },
  grant: {
    group: "data",
    summary: "make a role that may read the figures and nothing else",
    load: () => import("./commands/grant.ts"),
  },
  completion: {
    group: "begin",
    summary: "print what makes bash, zsh or fish complete commands",
    load: () => import("./commands/completion.ts"),
  },
  backup: {
    group: "data",
    summary: "write the whole warehouse into one file",
    load: () => import("./commands/backup.ts"),
  },
  restore: {
    group: "data",
    summary: "put a backup into the database",
    load: () => import("./commands/restore.ts"),
  },
  move: {
    group: "data",
    summary: "move the warehouse into another Postgres",
    load: () => import("./commands/move.ts"),
  },
  psql: {
    group: "data",
    summary: "ask the warehouse in SQL, with psql",
    load: () => import("./commands/psql.ts"),
  },
  export: {
    group: "data",
    summary: "write a table as CSV, Parquet or NDJSON",
    load: () => import("./commands/export.ts"),
  },
};

const createProgram = (onStatus: (status: number) => void): Command => {
  const program = new Command("costper")
    .description(
      "What a paid conversion really costs: spend and conversions of your ad platforms, reconciled.",
    )
    .version(version, "--version", "print the version")
    .option("--config <file>", "the config (default: $COSTPER_CONFIG or ./costper.yaml)")
    .option("--json", "answer in JSON on standard output, nothing else there")
    .option("--quiet", "log warnings and errors only")
    .option("--verbose", "log more")
    .addOption(new Option("--log-format <format>", "how the log is written").choices(["json", "pretty"]))
    .helpOption("-h, --help", "show help")
    .addHelpText(
      "after",
      examples(
        ["costper init", "start with a config to fill in"],
        ["costper doctor", "see whether all is well"],
      ),
    )
    .showHelpAfterError("(--help shows what there is)")
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .exitOverride();
  const act = createAct(onStatus);
  for (const [name, { group, summary }] of Object.entries(commands))
    program
      .command(name)
      .helpGroup(groups[group])
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`);
  const load = async (command: Command): Promise<void> =>
    (await commands[command.name()]?.load())?.register(command, act);
  program.hook("preSubcommand", (_, command) => load(command));
  // What the shells ask at the tab key: see commands/completion/scripts.ts.
  program
    .command("complete", { hidden: true })
    .argument("[words...]")
    .action(async (words: readonly string[]) => {
      const { answerFor } = await import("./commands/completion/answer.ts");
      const { candidates, files } = await answerFor(program, words, load);
      for (const { value, about } of candidates)
        process.stdout.write(about === "" ? `${value}\n` : `${value}\t${about.replaceAll(/\s+/g, " ")}\n`);
      if (files) process.stdout.write(":files\n");
    });
  return program;
};

/** `costper help sync` is `costper sync --help`. */
const withoutHelpCommand = ([first, ...rest]: readonly string[]): readonly string[] => {
  if (first !== "help") return first === undefined ? [] : [first, ...rest];
  const [about] = rest;
  if (about === undefined || about === "help" || about.startsWith("-")) return ["--help"];
  // What is no command is left to be refused as such.
  return about in commands ? [about, "--help"] : [about];
};

/** Runs the command line and gives the exit status. */
const main = async (args: readonly string[]): Promise<number> => {
  let status: number = exitStatus.done;
  try {
    await createProgram((ended) => (status = ended)).parseAsync(withoutHelpCommand(args), { from: "user" });
  } catch (error) {
    // Commander has said what is wrong; help and version arrive here too, with exit code 0.
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitStatus.done : exitStatus.wrongUse;
  }
  return status;
};

// A reader that has seen enough (`costper report | head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitStatus.done);
  throw error;
});

// The runtime writes its warnings to the terminal by itself; from a command's beginning on they are lines of the log.
process.removeAllListeners("warning");

// What nobody caught: a line for a person, the stack for whoever asked for more.
const giveUp = (error: unknown): never => {
  const lines = process.argv.includes("--verbose") && error instanceof Error ? [error.stack ?? ""] : [];
  process.stderr.write(`${[...errorLines(error), ...lines].join("\n")}\n`);
  process.exit(exitStatus.failed);
};
process.on("uncaughtException", giveUp);
process.on("unhandledRejection", giveUp);

const status = await main(process.argv.slice(2)).catch(giveUp);
// What was written must have left before the process ends, also through a pipe.
process.stdout.write("", () => process.stderr.write("", () => process.exit(status)));
