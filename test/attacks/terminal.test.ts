import { expect, test } from "vitest";
import { folderWith, startCostper } from "../jobs/start-process.ts";

/** Runs costper with something that happens within the process while the command works. */
const run = async (happening: string, ...args: string[]) => {
  const folder = await folderWith({ connectors: { linkedin: { accessToken: "t" } } });
  // As soon as the command is at work: it listens to signals, and to the runtime.
  const script = `const waiting = setInterval(() => {
    if (!process.listenerCount("SIGTERM") || !process.listenerCount("warning")) return;
    clearInterval(waiting);
    ${happening}
  }, 10);`;
  const child = startCostper(folder, ["sandbox", ...args], {
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(`import { EventEmitter } from "node:events";${script}`)}`,
    NODE_PENDING_DEPRECATION: "1",
  });
  return { ended: child.ended, said: () => child.said() };
};

test.each([
  ["an error of another's code", 'throw new Error("boom")', "costper: boom"],
  ["a promise that nobody waits for", 'void Promise.reject(new Error("boom"))', "costper: boom"],
  ["a stream without a listener", 'new EventEmitter().emit("error", new Error("boom"))', "costper: "],
  ["no error at all", "throw undefined", "costper: undefined"],
  [
    "an error of many lines",
    `throw new Error("boom\\n    at nothing\\nclient_secret=abcdefgh")`,
    "costper: boom at nothing client_secret=[secret]",
  ],
  ["text", 'void Promise.reject("boom")', "costper: boom"],
  [
    "a failure of the machine",
    'throw Object.assign(new Error("EMFILE: too many open files, open x"), { code: "EMFILE" })',
    "costper: this process may open no more files (EMFILE)",
  ],
])("%s that is thrown anywhere is one line, and a stack only for --verbose", async (_, happening, line) => {
  const plain = await run(happening);
  expect(await plain.ended).toBe(1);
  const lines = plain
    .said()
    .split("\n")
    .filter((text) => text.startsWith("costper: "));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(line);
  expect(plain.said()).not.toMatch(/^\s+at /m);
});

test("--verbose shows where it was thrown", async () => {
  const { ended, said } = await run('throw new Error("boom")', "--verbose");
  expect(await ended).toBe(1);
  expect(said()).toMatch(/^costper: boom$/m);
  expect(said()).toMatch(/^\s+at /m);
});

test("warnings of the runtime are lines of the log, never text beside it", async () => {
  const { ended, said } = await run(
    `process.emitWarning("old", "DeprecationWarning"); process.emitWarning("new", "ExperimentalWarning");
     process.emitWarning("11 abort listeners added", "MaxListenersExceededWarning"); process.emitWarning("plain");
     setTimeout(() => process.kill(process.pid, "SIGTERM"), 500)`,
  );
  await ended;
  expect(said()).not.toMatch(/\(node:\d+\)|Use `node --trace/);
  const logged = said()
    .split("\n")
    .filter((line) => line.includes("the runtime warns"))
    .map((line) => JSON.parse(line) as { warning: string });
  expect(logged.map(({ warning }) => warning)).toEqual(["MaxListenersExceededWarning", "Warning"]);
});
