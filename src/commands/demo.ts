import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { InvalidArgumentError } from "commander";
import { parseConfig } from "../config.ts";
import { addDays, dayAt } from "../domain/day.ts";
import { isLoopbackHost } from "../domain/hosts.ts";
import { report } from "../metrics/report.ts";
import { platforms } from "../connectors/registry.ts";
import { startCompany } from "../../sandbox/company.ts";
import { sandboxConfig, startSandbox } from "../../sandbox/start.ts";
import { version } from "../version.ts";
import { describeUrl } from "../warehouse/connection/settings.ts";
import { examples, type Register } from "./frame.ts";
import { type DemoAlert, demoAlerts, demoAlertStates } from "./demo-alerts.ts";
import { costLine, demoCampaigns, firstPartyLines, importDemoFiles } from "./demo-first-party.ts";
import { createNightClock, nightsPlayed, playNights, restatedLine } from "./demo-nights.ts";
import { createProgress } from "./progress.ts";
import { terminalLines } from "./terminal.ts";
import { takeForDemo } from "./demo-database.ts";
import { openDashboard } from "./dashboard.ts";
import { formatDecimal } from "./output.ts";
import { printReport } from "./report.ts";
import { runSync } from "./sync/run.ts";
import { reportSync } from "./sync/told.ts";

interface DemoOptions {
  readonly days: number;
  readonly once?: boolean;
  readonly database?: string;
  readonly host: string;
}

const alertLine = ({ rule, state, value, threshold }: DemoAlert): string =>
  `Alert ${state}: ${rule} (${formatDecimal(value, 2)}, threshold ${formatDecimal(threshold, 2)})`;

const usualPort = 8_787;

/** The usual port, or any that is free where another program has it: a demo asks nobody to stop anything. */
const portForDashboard = (host: string): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(0));
    probe.listen(usualPort, host, () => probe.close(() => resolve(usualPort)));
  });

const parseDays = (text: string): number => {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 1_000)
    throw new InvalidArgumentError("Days are a whole number from 1 to 1000.");
  return days;
};

export const register: Register = (command, act) => {
  command
    .option("--days <days>", "how many days to sync, up to yesterday", parseDays, 90)
    .option("--once", "end when all is done, rather than keep serving")
    .option("--database <url>", "an empty Postgres (default: one of its own in .costper)")
    .option(
      "--host <address>",
      "where the dashboard listens; off this machine it asks for a token",
      "127.0.0.1",
    )
    .addHelpText(
      "after",
      examples(
        ["costper demo", "everything, then keeps the database and the dashboard up until Ctrl-C"],
        ["costper demo --days 30 --once", "everything, then ends"],
      ),
    )
    .action(
      act<DemoOptions>(async (frame, options) => {
        const { globals, out, signal, cwd, env, onEnd, log } = frame;
        const started = performance.now();
        if (!globals.quiet)
          process.stderr.write(
            `costper ${version} demo: sandbox platforms, ${options.database === undefined ? "a Postgres of its own in .costper" : "the named Postgres"}, and ${String(options.days)} days of figures, pulled in ${String(nightsPlayed)} nights. It takes about a minute.\n`,
          );
        const clock = createNightClock();
        const sandbox = await startSandbox({ clock: clock.now, port: 0 });
        onEnd(() => sandbox.close());
        const folder = join(cwd, ".costper");
        await mkdir(folder, { recursive: true });
        const file = join(folder, "demo.yaml");
        const to = addDays(dayAt(new Date(), "UTC"), -1);
        const from = addDays(to, 1 - options.days);
        const company = await startCompany({ clock: () => new Date(), since: from });
        onEnd(() => company.close());
        const isOffLoopback = !isLoopbackHost(options.host);
        const token = randomBytes(18).toString("base64url");
        const text = sandboxConfig(sandbox, {
          alerts: demoAlerts,
          sources: company.sources,
          ...(options.database !== undefined && { database: options.database }),
          web: {
            host: options.host,
            port: await portForDashboard(options.host),
            ...(isOffLoopback && { token }),
          },
        });
        await writeFile(file, text, { mode: 0o600 });
        const config = { ...parseConfig(text, file, env), folder: cwd };
        const app = await frame.openApp({ config, connections: 32, now: clock.now });
        if (options.database !== undefined) await takeForDemo(app.database);
        const live = process.stderr.isTTY && !globals.quiet;
        log.level = globals.verbose ? "debug" : "warn";
        const progress = live ? createProgress(process.stderr) : undefined;
        const { summary: ads, rows } = await playNights(app, {
          sandbox,
          clock,
          platforms,
          from,
          to,
          progress: progress ?? {},
          ...(!globals.quiet && { onNight: (words) => void terminalLines.write(`${words}\n`) }),
        }).finally(() => progress?.stop());
        // The shop lives by its ads: what its CRM holds follows from what the campaigns spent.
        const campaigns = await demoCampaigns(app, { from, to });
        company.live({ from, to }, campaigns);
        await importDemoFiles(app, { from, to }, campaigns);
        const own = await runSync(app, { from, to, source: Object.keys(config.sources) });
        const result = { ...ads, sources: own.sources };
        const alerts = await demoAlertStates(app.database.db);
        const restated = await restatedLine(app);
        reportSync(frame, result);
        const seconds = ((performance.now() - started) / 1_000).toFixed(1);
        if (!globals.json) {
          out.text(
            `\nWhat did a paid conversion cost? ${from} to ${to}, ${rows.toLocaleString("en")} rows in ${seconds} s\n`,
          );
          printReport(
            out,
            await report(app.database.db, {
              by: ["platform"],
              from,
              to,
              platforms,
              inReportingCurrency: true,
            }),
            ["platform"],
            "table",
          );
          for (const line of await firstPartyLines(app, { from, to })) out.text(line);
          out.text(await costLine(app, { from, to }));
          out.text(`\n${alerts.map(alertLine).join("\n")}`);
          if (restated !== undefined) out.text(restated);
          out.text(
            options.database === undefined
              ? `\nThe warehouse:  npx costper psql, or psql "${app.databaseUrl}"`
              : `\nThe warehouse:  ${describeUrl(options.database)}`,
          );
          out.text(
            "Ask it:         select platform, sum(spend_reporting) / sum(conversions) as cost_per_conversion\n" +
              "                from marts.cost_per_conversion_daily group by platform;",
          );
          if (options.once)
            out.text(
              "It stops with this command; `costper psql` here starts it again, and without --once it stays up, dashboard and all.",
            );
        }
        if (options.once) return undefined;
        const url = await openDashboard(frame, app);
        if (!globals.json)
          out.text(
            `The dashboard:  ${url}${isOffLoopback ? `, with the token ${token}` : ""}\n\nBoth stay up until Ctrl-C.`,
          );
        if (!signal.aborted) await once(signal, "abort");
        return 0;
      }),
    );
};
