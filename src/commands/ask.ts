import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/** Reads lines from standard input; prompts go to standard error, since standard output holds answers. */
export interface Asker {
  readonly isTerminal: boolean;
  /** The next line, trimmed; undefined at the end of the input. What is secret is not shown. */
  line(prompt: string, options?: { readonly secret?: boolean }): Promise<string | undefined>;
  close(): void;
}

export const createAsker = (
  signal: AbortSignal,
  input: NodeJS.ReadStream = process.stdin,
  output: NodeJS.WriteStream = process.stderr,
): Asker => {
  const isTerminal = input.isTTY;
  let hidden = false;
  const shown = new Writable({
    write: (chunk: Buffer, _, done) => {
      if (!hidden) output.write(chunk);
      done();
    },
  });
  let reader: ReturnType<typeof createInterface> | undefined;
  const waiting: ((line: string | undefined) => void)[] = [];
  const come: string[] = [];
  let ended = false;

  const open = () => {
    if (reader) return reader;
    reader = createInterface({ input, output: shown, terminal: isTerminal });
    reader.on("line", (line) => {
      const next = waiting.shift();
      if (next) next(line);
      else come.push(line);
    });
    reader.on("close", () => {
      ended = true;
      for (const next of waiting.splice(0)) next(undefined);
    });
    // readline takes Ctrl-C for itself on a terminal: it must reach the process.
    reader.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
    return reader;
  };

  return {
    isTerminal,
    async line(prompt, { secret = false } = {}) {
      const lines = open();
      if (isTerminal) {
        lines.setPrompt(prompt);
        lines.prompt();
        hidden = secret;
      } else output.write(prompt === "" ? "" : `${prompt.trimEnd()}\n`);
      try {
        const next = come.shift();
        if (next !== undefined || ended) return next?.trim();
        return await new Promise<string | undefined>((resolve, reject) => {
          const onAbort = () => reject(signal.reason as Error);
          signal.addEventListener("abort", onAbort, { once: true });
          waiting.push((line) => {
            signal.removeEventListener("abort", onAbort);
            resolve(line?.trim());
          });
          if (signal.aborted) onAbort();
        });
      } finally {
        if (hidden) output.write("\n");
        hidden = false;
      }
    },
    close() {
      reader?.close();
      input.unref?.();
    },
  };
};
