import { once } from "node:events";
import { InvalidArgumentError } from "commander";
import { sandboxConfig, startSandbox } from "../../sandbox/start.ts";
import { examples, type Register } from "./frame.ts";

const parsePort = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_531)
    throw new InvalidArgumentError("A port is a whole number up to 65531.");
  return port;
};

export const register: Register = (command, act) => {
  command
    .option("--port <port>", "the platforms listen on this port + 1 to + 4", parsePort, 9_000)
    .addHelpText(
      "after",
      examples(
        ["costper sandbox", "google on 9001, meta on 9002, linkedin on 9003, exchange rates on 9004"],
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
