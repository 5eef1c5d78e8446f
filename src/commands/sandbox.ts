import { once } from "node:events";
import { InvalidArgumentError } from "commander";
import { sandboxNames } from "../../sandbox/platforms.ts";
import { bankOffset, sandboxConfig, startSandbox } from "../../sandbox/start.ts";
import { examples, type Register } from "./frame.ts";

const parsePort = (text: string): number => {
  const port = Number(text);
  const highest = 65_535 - bankOffset;
  if (!Number.isInteger(port) || port < 0 || port > highest)
    throw new InvalidArgumentError(`A port is a whole number up to ${String(highest)}.`);
  return port;
};

const places = sandboxNames.map((name, index) => `${name} on ${String(9_001 + index)}`).join(", ");

export const register: Register = (command, act) => {
  command
    .option(
      "--port <port>",
      `the platforms listen on this port + 1 to + ${String(bankOffset)}`,
      parsePort,
      9_000,
    )
    .addHelpText(
      "after",
      examples(
        ["costper sandbox", `${places}, exchange rates on ${String(9_000 + bankOffset)}`],
        ["costper sandbox --port 0 > costper.yaml", "on free ports; the config goes to a file"],
      ),
    )
    .action(
      act<{ readonly port: number }>(async ({ globals, out, log, signal, onEnd }, { port }) => {
        const sandbox = await startSandbox({ clock: () => new Date(), port });
        onEnd(() => sandbox.close());
        if (globals.json) out.json({ reportingCurrency: "EUR", ...sandbox.settings });
        else out.text(sandboxConfig(sandbox).trimEnd());
        log.info(
          Object.fromEntries(Object.entries(sandbox.servers).map(([name, { url }]) => [name, url])),
          "sandbox platforms are up; Ctrl-C ends them",
        );
        if (!signal.aborted) await once(signal, "abort");
        return 0;
      }),
    );
};
