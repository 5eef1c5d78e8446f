import type { Argument, Command, Option } from "commander";
import { offers } from "./offer.ts";

/** One thing that may stand where the cursor is, and what it is for. */
export interface Candidate {
  readonly value: string;
  readonly about: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether a name of a file may stand there too. */
  readonly files: boolean;
}

const nothing: Completion = { candidates: [], files: false };

const takesFile = (name: string): boolean => ["file", "destination", "folder"].includes(name);

/** The words that stand for days, in order of use. */
const dayWords = ["yesterday", "7d", "last-month", "this-month", "today"];

const valuesOf = (of: Option | Argument, name: string): Completion => {
  const words = ["day", "days"].includes(name) && "long" in of ? dayWords : offers(of);
  return { candidates: words.map((value) => ({ value, about: "" })), files: takesFile(name) };
};

const valueName = ({ flags }: Option): string => /[<[]([\w.=-]+)/.exec(flags)?.[1] ?? "";
const optionValues = (option: Option): Completion => valuesOf(option, valueName(option));

/** The options that hold at a command: its own and those of every command. */
const optionsAt = (command: Command): readonly Option[] => {
  const { parent } = command;
  return [...command.createHelp().visibleOptions(command), ...(parent ? optionsAt(parent) : [])];
};

const findOption = (command: Command, word: string): Option | undefined =>
  optionsAt(command).find(({ long, short }) => word === long || word === short);

const childOf = (command: Command, word: string): Command | undefined =>
  command.commands.find((child) => child.name() === word);

/** What the words before the cursor lead to. */
interface Place {
  readonly command: Command;
  /** How many arguments of the command stand there already. */
  readonly position: number;
  /** An option whose value comes next. */
  readonly pending: Option | undefined;
  /** Behind `--`, everything is another program's. */
  readonly isOver: boolean;
}

const walk = async (
  program: Command,
  words: readonly string[],
  load: (command: Command) => Promise<void>,
): Promise<Place> => {
  let place: Place = { command: program, position: 0, pending: undefined, isOver: false };
  for (const word of words) {
    const { command, position, pending } = place;
    // bash takes `--format=csv` for three words.
    if (word === "=" || place.isOver) continue;
    const child = position === 0 && !pending ? childOf(command, word) : undefined;
    if (pending) place = { ...place, pending: undefined };
    else if (word === "--") place = { ...place, isOver: true };
    else if (word.startsWith("-")) {
      const option = findOption(command, word);
      place = { ...place, pending: option?.required || option?.optional ? option : undefined };
    } else if (child) {
      if (child.parent === program) await load(child);
      place = { ...place, command: child };
    } else place = { ...place, position: position + 1 };
  }
  return place;
};

const all = ({ command, position, pending, isOver }: Place, current: string): Completion => {
  if (isOver) return { candidates: [], files: true };
  if (pending) return optionValues(pending);
  const [, name = "", begun] = /^(--[\w-]+)=(.*)$/.exec(current) ?? [];
  if (begun !== undefined) {
    const option = findOption(command, name);
    const { candidates, files } = option ? optionValues(option) : nothing;
    return {
      candidates: candidates.map(({ value, about }) => ({ value: `${name}=${value}`, about })),
      files,
    };
  }
  if (current.startsWith("-"))
    return {
      candidates: optionsAt(command).flatMap(({ long, description }) =>
        long ? [{ value: long, about: description }] : [],
      ),
      files: false,
    };
  const children = command.createHelp().visibleCommands(command);
  if (children.length > 0 && position === 0)
    return {
      candidates: children.map((child) => ({ value: child.name(), about: child.summary() })),
      files: false,
    };
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[position] ?? (last?.variadic ? last : undefined);
  return argument ? valuesOf(argument, argument.name()) : nothing;
};

/**
 * What may stand in place of the last word of a command line.
 * @param words what stands behind the program's name; the last one is under the cursor, and may be empty
 * @param load registers a command's arguments and options, which its own file knows
 */
export const answerFor = async (
  program: Command,
  words: readonly string[],
  load: (command: Command) => Promise<void>,
): Promise<Completion> => {
  const last = words.at(-1) ?? "";
  const current = last === "=" ? "" : last;
  const { candidates, files } = all(await walk(program, words.slice(0, -1), load), current);
  return { candidates: candidates.filter(({ value }) => value.startsWith(current)), files };
};
