import { constants } from "node:fs";
import { access, lstat, open, readFile, realpath, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import dotenv from "dotenv";
import { Failure } from "../domain/failure.ts";
import { writeWhole } from "../warehouse/whole-file.ts";

/** One line of a `.env`: dotenv's own grammar, so that what is changed here is what is read there. */
const assignment =
  /^[^\S\r\n]*(?:export[^\S\r\n]+)?([\w.-]+)(?:[^\S\r\n]*=[^\S\r\n]*|:[^\S\r\n]+)('(?:\\'|[^'])*'|"(?:\\"|[^"])*"|`(?:\\`|[^`])*`|[^#\r\n]*)/dgm;

/** The value as it must be written to be read as it is. */
const quoted = (value: string): string => {
  if (/^[\w./+=|~:@%&,!?*()[\]{}^-]*$/.test(value)) return value;
  // Without double quotes where possible: they let a \n become the end of a line.
  const quote = ["'", "`", '"'].find((mark) => !value.includes(mark));
  if (quote === undefined || /[\r\n]/.test(value))
    throw new Failure({
      kind: "data",
      message: "a value has line breaks or every kind of quote in it: no .env can hold it",
      remedy: "set it in the environment",
    });
  return `${quote}${value}${quote}`;
};

/** The text with the variable set; every other line and every comment stays as it is. */
const withVariable = (text: string, name: string, value: string): string => {
  const found = [...text.matchAll(assignment)].filter(([, variable]) => variable === name);
  // Where a name stands twice, the last line holds.
  const place = found.at(-1)?.indices?.[2];
  if (place) {
    const written = text.slice(...place);
    const rest = text[place[1]] === "#" ? " " : (/\s*$/.exec(written)?.[0] ?? "");
    return `${text.slice(0, place[0])}${quoted(value)}${rest}${text.slice(place[1])}`;
  }
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const gap = text === "" || text.endsWith("\n") ? "" : end;
  return `${text}${gap}${name}=${quoted(value)}${end}`;
};

/** @throws Failure where a value cannot be written so that it is read as it is. */
export const withVariables = (text: string, variables: Readonly<Record<string, string>>): string => {
  const next = Object.entries(variables).reduce(
    (rest, [name, value]) => withVariable(rest, name, value),
    text,
  );
  const read = dotenv.parse(next);
  const wrong = Object.entries(variables).find(([name, value]) => read[name] !== value)?.[0];
  if (wrong !== undefined)
    throw new Failure({
      kind: "data",
      message: `${wrong} cannot be set in .env: its lines are not as costper reads them`,
      remedy: `give ${wrong} a line of its own in .env`,
    });
  return next;
};

const cannotWrite = (file: string, code: string): Failure =>
  new Failure({
    kind: "request",
    code,
    message: `${file} cannot be written (${code})`,
    remedy:
      code === "ENOSPC"
        ? "make space on the disk; nothing was written"
        : "check the permissions of the file and of its folder; nothing was written",
  });

/** The file behind a symbolic link, also one that leads to a file which is not there yet. */
const behindLinks = async (file: string): Promise<string> => {
  const found = await lstat(file).catch(() => undefined);
  if (!found) return file;
  return realpath(file).catch(() => {
    throw new Failure({
      kind: "request",
      message: `${file} is a symbolic link to a file that is not there`,
      remedy: "make that file, or remove the link; nothing was written",
    });
  });
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "unknown";

/**
 * Finds out, before anybody signs in, whether the file can be written.
 * @throws Failure that says why not; also where its owner has made it read-only.
 */
export const checkWritable = async (file: string): Promise<void> => {
  const target = await behindLinks(file);
  const found = await stat(target).catch(() => undefined);
  if (found && !found.isFile()) throw cannotWrite(target, "EISDIR");
  // Root may write anything: the mode is what the owner meant.
  if (found && process.platform !== "win32" && (found.mode & 0o200) === 0)
    throw new Failure({
      kind: "request",
      code: "EACCES",
      message: `${target} is read-only`,
      remedy: `chmod u+w ${target}; nothing was written`,
    });
  await access(dirname(target), constants.W_OK).catch((error: unknown) => {
    throw cannotWrite(target, codeOf(error));
  });
  if (found)
    await access(target, constants.R_OK | constants.W_OK).catch((error: unknown) => {
      throw cannotWrite(target, codeOf(error));
    });
};

/** Root must not take the file away from the user who runs the service. */
const ownerOf = async (target: string): Promise<{ uid: number; gid: number } | undefined> => {
  const before = await stat(target).catch(() => undefined);
  return before && before.uid !== process.getuid?.() ? { uid: before.uid, gid: before.gid } : undefined;
};

const replaceFile = async (target: string, text: string): Promise<void> => {
  await writeWhole(target, text, { mode: 0o600, owner: await ownerOf(target) }).catch((error: unknown) => {
    throw cannotWrite(target, codeOf(error));
  });
};

const lockPatienceMs = 10_000;

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
};

/** One process at a time changes the file; what a dead one left behind is taken over. */
const alone = async <T>(target: string, work: () => Promise<T>): Promise<T> => {
  const lock = join(dirname(target), ".env.lock");
  const giveUpAt = Date.now() + lockPatienceMs;
  for (;;) {
    try {
      const handle = await open(lock, "wx", 0o600);
      await handle.writeFile(String(process.pid));
      await handle.close();
      break;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw cannotWrite(target, codeOf(error));
      const owner = Number(await readFile(lock, "utf8").catch(() => ""));
      if (owner > 0 && !isAlive(owner)) await rm(lock, { force: true });
      else if (Date.now() > giveUpAt)
        throw new Failure({
          kind: "request",
          message: `${target} is being changed by another process`,
          remedy: `try again; if nothing else runs, remove ${lock}`,
          cause: error,
        });
      else await sleep(50);
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
};

/**
 * Changes the text of a `.env`; afterwards its owner alone may read it.
 * @throws Failure where it cannot be written; then it is as it was.
 */
export const changeEnvFile = async (file: string, change: (text: string) => string): Promise<void> => {
  const target = await behindLinks(file);
  await alone(target, async () => {
    const before = await readFile(target, "utf8").catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return "";
      throw cannotWrite(target, codeOf(error));
    });
    const after = change(before);
    await replaceFile(target, after);
  });
};
