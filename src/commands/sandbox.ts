import { once } from "node:events";
import { InvalidArgumentError } from "commander";
import { startBranch } from "../../sandbox/branch.ts";
import { startCompany } from "../../sandbox/company.ts";
import { sandboxNames } from "../../sandbox/platforms.ts";
import { bankOffset, sandboxConfig, startSandbox } from "../../sandbox/start.ts";
import { addDays, dayAt } from "../domain/day.ts";
import { examples, type Register } from "./frame.ts";

/** The company's own systems listen behind the bank. */
const systems = ["crm", "support", "sales", "helpdesk"] as const;
const lastOffset = bankOffset + systems.length;
const lived = 60;

const parsePort = (text: string): number => {
  const port = Number(text);
  const highest = 65_535 - lastOffset;
  if (!Number.isInteger(port) || port < 0 || port > highest)
    throw new InvalidArgumentError(`A port is a whole number up to ${String(highest)}.`);
  return port;
};

const places = sandboxNames.map((name, index) => `${name} on ${String(9_001 + index)}`).join(", ");

export const register: Register = (command, act) => {
  command
    .option(
      "--port <port>",
      `the platforms listen on this port + 1 to + ${String(lastOffset)}`,
      parsePort,
      9_000,
    )
    .addHelpText(
      "after",
      examples(
        [
          "costper sandbox",
          `${places}, exchange rates on ${String(9_000 + bankOffset)}, ${systems.join(", ")} from ${String(9_001 + bankOffset)}`,
        ],
        ["costper sandbox --port 0 > costper.yaml", "on free ports; the config goes to a file"],
      ),
    )
    .action(
      act<{ readonly port: number }>(async ({ globals, out, log, signal, onEnd }, { port }) => {
        const clock = () => new Date();
        const sandbox = await startSandbox({ clock, port });
        onEnd(() => sandbox.close());
        const portOf = (name: (typeof systems)[number]) =>
          port === 0 ? 0 : port + bankOffset + 1 + systems.indexOf(name);
        const to = addDays(dayAt(clock(), "UTC"), -1);
        const range = { from: addDays(to, 1 - lived), to };
        const since = range.from;
        const company = await startCompany({ clock, since, ports: [portOf("crm"), portOf("support")] });
        onEnd(() => company.close());
        const branch = await startBranch({ clock, since, ports: [portOf("sales"), portOf("helpdesk")] });
        onEnd(() => branch.close());
        company.live(range, []);
        branch.live(range);
        const sources = { ...company.sources, ...branch.sources };
        if (globals.json) out.json({ reportingCurrency: "EUR", ...sandbox.settings, sources });
        else out.text(sandboxConfig(sandbox, { sources }).trimEnd());
        const servers = { ...sandbox.servers, ...company.servers, ...branch.servers };
        log.info(
          Object.fromEntries(Object.entries(servers).map(([name, { url }]) => [name, url])),
          "sandbox platforms and systems are up; Ctrl-C ends them",
        );
        if (!signal.aborted) await once(signal, "abort");
        return 0;
      }),
    );
};
