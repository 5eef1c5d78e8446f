import { createReadStream } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { addAbortSignal } from "node:stream";
import { Argument, type Command, Option } from "commander";
import type { App } from "../app.ts";
import type { Config } from "../config.ts";
import { type ForeignFormat, foreignFormats } from "../imports/formats.ts";
import { importFile, type ImportResult } from "../imports/import-file.ts";
import { importKinds } from "../imports/kinds/index.ts";
import type { ImportKind } from "../imports/kinds/kind.ts";
import { describeProblem, type RowProblem } from "../imports/problem.ts";
import { templateOf } from "../imports/template.ts";
import { nearest } from "../imports/values.ts";
import { loadSourceLists } from "../metrics/channels/lists.ts";
import { classifyOptions, firstPartySettings } from "../metrics/first-party/config.ts";
import { rollUpFirstParty } from "../metrics/first-party.ts";
import { rollUpTouched } from "../metrics/rollup/rollup.ts";
import { migrate } from "../warehouse/migrate.ts";
import { offer } from "./completion/offer.ts";
import { exitStatus, UsageError } from "./errors.ts";
import { examples, type Frame, type Register } from "./frame.ts";
import { addDeclarations, type Declarations, readDeclarations } from "./import-declarations.ts";
import { reportUnfit } from "./unfit.ts";

interface ImportCommandOptions extends Declarations {
  readonly dryRun?: boolean;
  readonly format?: ForeignFormat;
  readonly template?: boolean;
}

const kindNamed = (name: string, format: ForeignFormat | undefined): ImportKind => {
  const kind = importKinds[name];
  const known = Object.keys(importKinds);
  if (kind === undefined) {
    const near = nearest(name, known);
    throw new UsageError(
      `there is no import of ${JSON.stringify(name)}${near === undefined ? "" : `; did you mean ${near}?`}`,
      `there are ${known.join(", ")}`,
    );
  }
  if (format !== undefined && name !== "conversions")
    throw new UsageError(`--format ${format} is a format of conversions`, "leave it out");
  return kind;
};

const checkReadable = async (file: string): Promise<void> => {
  if (file === "")
    throw new UsageError(
      "no file is named",
      "name a CSV file, or - for standard input; --template prints one",
    );
  if (file === "-") return;
  try {
    await access(file, constants.R_OK);
    if ((await stat(file)).isDirectory())
      throw new UsageError(`${file} is a folder`, "name a CSV file in it");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new UsageError(`there is no file ${file}`, "- reads standard input");
    throw new UsageError(`${file} cannot be read (${code ?? "unknown"})`, "check its permissions");
  }
};

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** As many problems as a program is told in its one document; standard error has them all. */
const mostProblems = 1_000;

const addImportOptions = (command: Command): Command =>
  command
    .addArgument(
      offer(
        new Argument("<kind>", `what the file holds: ${Object.keys(importKinds).join(", ")}`),
        Object.keys(importKinds),
      ),
    )
    .argument("[file]", "the CSV file; - reads standard input")
    .option("--template", "print a file of the kind with one row, and read nothing")
    .option("--dry-run", "check everything and change nothing")
    .option("--skip-bad", "load the good lines; the refused ones go to FILE.refused.csv")
    .addOption(
      new Option("--format <format>", "read conversions as they are uploaded to an ad platform").choices([
        ...foreignFormats,
      ]),
    );

const rollUpAll = async (frame: Frame, config: Config, { database, signal }: App) => {
  const reportingCurrency = config.reportingCurrency ?? null;
  // Rates move what the platforms' marts report; other kinds touch no day of theirs.
  await rollUpTouched({ pool: database.pool, reportingCurrency, signal, onUnfit: reportUnfit(frame) });
  await rollUpFirstParty({ database, settings: firstPartySettings(config), signal });
};

const printResult = (
  { globals, out }: Pick<Frame, "globals" | "out">,
  kind: string,
  result: ImportResult,
  problems: readonly RowProblem[],
  dryRun: boolean,
): void => {
  if (globals.json)
    return out.json({
      kind,
      read: result.read,
      inserted: result.inserted,
      changed: result.changed,
      unchanged: result.unchanged,
      withdrawn: result.withdrawn ?? 0,
      refused: result.refused,
      repeated: result.repeated,
      loaded: result.loaded,
      refused_file: result.refusedFile ?? null,
      problems,
    });
  const figures = `${String(result.inserted)} new, ${String(result.changed)} changed, ${String(result.unchanged)} as before${result.withdrawn ? `, ${String(result.withdrawn)} withdrawn` : ""}`;
  if (result.loaded)
    out.text(`${kind}: ${String(result.read)} lines read: ${figures}, ${String(result.refused)} refused`);
  else if (dryRun)
    out.text(
      `${kind}: dry run, nothing was changed: ${String(result.read)} lines read: ${figures}, ${String(result.refused)} refused`,
    );
  else
    out.text(
      `${kind}: nothing was loaded; ${String(result.refused)} of ${String(result.read)} lines refused`,
    );
};

export const register: Register = (command, act) => {
  addDeclarations(addImportOptions(command))
    .addHelpText(
      "after",
      examples(
        [
          "costper import costs costs.csv",
          "costs by class: ad_spend, tool, labour, contact_centre, organic_activity",
        ],
        ["costper import leads leads.csv --dry-run", "what would be refused, and why"],
        ["cat sales.csv | costper import conversions -", "from another program"],
        ["costper import conversions upload.csv --format google-ads", "a file made for Google Ads"],
        ["costper import costs costs.csv --decimal-comma --date-format DD.MM.YYYY", "out of a German Excel"],
        ["costper import leads october.csv --replace 2026-10-01..2026-10-31", "all leads of a month"],
        ["costper import leads --template", "a file to fill in"],
      ),
    )
    .action(
      act<ImportCommandOptions>(async (frame, options, name, file) => {
        const { globals, loadConfig, openApp, signal } = frame;
        const kind = kindNamed(name ?? "", options.format);
        const declared = readDeclarations(options, kind);
        if (options.template === true) return void process.stdout.write(templateOf(kind));
        const path = file ?? "";
        await checkReadable(path);
        const config = await loadConfig();
        const app = await openApp();
        await migrate(app.database);
        const problems: RowProblem[] = [];
        let found = 0;
        const fromInput = path === "-";
        const result = await importFile({
          database: app.database,
          kind,
          // A sender that says nothing more must not outlive a Ctrl-C.
          bytes: addAbortSignal(signal, fromInput ? process.stdin : createReadStream(path)),
          source: fromInput ? "standard input" : basename(path),
          context: {
            lists: await loadSourceLists(),
            classify: classifyOptions(config),
            timeZone: config.timezone,
            ...(config.reportingCurrency === undefined ? {} : { defaultCurrency: config.reportingCurrency }),
          },
          ...declared,
          ...(options.format === undefined ? {} : { format: options.format }),
          ...(options.skipBad
            ? {
                skipBad: {
                  refusedFile: fromInput
                    ? join(frame.cwd, `${kind.name}.refused.csv`)
                    : `${path}.refused.csv`,
                },
              }
            : {}),
          dryRun: options.dryRun ?? false,
          onProblem: (problem) => {
            found += 1;
            if (problems.length < mostProblems) problems.push(problem);
            say(`${path}: ${describeProblem(problem)}`);
          },
          onWarning: (warning) => say(`${path}: warning: ${warning}`),
          signal,
        });
        if (result.loaded) await rollUpAll(frame, config, app);
        if (result.refusedFile !== undefined) say(`refused lines are in ${result.refusedFile}`);
        printResult(frame, kind.name, result, problems, options.dryRun ?? false);
        if (found > 0 && !result.loaded && !globals.json && !options.dryRun)
          say("correct the lines above and import the file again, or load the others with --skip-bad");
        return found > 0 ? exitStatus.failed : exitStatus.done;
      }),
    );
};
