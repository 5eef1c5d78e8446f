import type { Command } from "commander";
import type { ListedAlert } from "../alerts/state/list.ts";
import type { ListedSilence } from "../alerts/state/silence.ts";
import type { AlertSettings } from "../alerts/rule/settings.ts";
import type { App } from "../app.ts";
import type { Config } from "../config.ts";
import { asFailure } from "../domain/failure.ts";
import { migrate } from "../warehouse/migrate.ts";
import { checkRange, parseDay, parseFrom, parseTo, refuseFuture } from "./dates.ts";
import { exitStatus, UsageError } from "./errors.ts";
import { type Act, examples, type Frame, type Register } from "./frame.ts";
import { formatDecimal } from "./output.ts";
import { userName } from "./who.ts";

/** The rule of that name. @throws UsageError, before anything is opened */
const ruleNamed = ({ alerts }: Config, name: string): AlertSettings => {
  const rule = alerts.find((one) => one.name === name);
  if (rule !== undefined) return rule;
  const names = alerts.map((one) => one.name).join(", ");
  throw new UsageError(
    `no alert is called ${name}`,
    names === "" ? "the config has none" : `there is ${names}`,
  );
};

const openMigrated = async ({ openApp }: Frame): Promise<App> => {
  const app = await openApp();
  await migrate(app.database);
  return app;
};

const labelText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");

const printAlerts = ({ out }: Frame, alerts: readonly ListedAlert[]): void =>
  out.table(
    [
      { title: "state" },
      { title: "alert" },
      { title: "of" },
      { title: "value", right: true },
      { title: "why" },
    ],
    alerts.map(({ state, rule, labels, value, explanation }) => [
      state,
      rule,
      labelText(labels),
      formatDecimal(value as string | null, 2),
      explanation,
    ]),
  );

const addCheck = (command: Command, act: Act): void => {
  command
    .command("check")
    .description("Evaluate every rule, deliver what is due, and end.")
    .option("--date <day>", "as of the end of this day, on the figures known now", parseDay)
    .action(
      act<{ date?: string }>(async (frame, { date }) => {
        const { globals, out, log, loadConfig } = frame;
        refuseFuture("--date", date, new Date());
        const config = await loadConfig();
        const app = await openMigrated(frame);
        const { runAlerts } = await import("../alerts/run.ts");
        const { failureText } = await import("../alerts/deliver/deliver.ts");
        const { listAlerts } = await import("../alerts/state/list.ts");
        const { db } = app.database;
        const result = await runAlerts({ db, config, now: app.now(), asOf: date, atOnce: true });
        for (const { rule, message } of result.problems) log.error({ rule }, message);
        for (const failure of result.failures)
          log.error({ notifier: failure.notifier }, `notice ${failureText(failure)}`);
        if (globals.json) out.json(result);
        else {
          const loud = (await listAlerts(db)).filter(({ state }) => state !== "inactive");
          if (loud.length > 0) printAlerts(frame, loud);
          const { firing, pending, no_data: noData } = result.states;
          out.text(
            `${String(result.rules)} rules: ${String(firing)} firing, ${String(pending)} pending, ${String(noData)} without data; ${String(result.delivered)} notices delivered`,
          );
        }
        return result.problems.length + result.failures.length > 0 ? exitStatus.failed : exitStatus.done;
      }),
    );
};

const addList = (command: Command, act: Act): void => {
  command
    .command("list")
    .description("Show the alerts as they were evaluated last.")
    .action(
      act(async (frame) => {
        const app = await openMigrated(frame);
        const { listAlerts } = await import("../alerts/state/list.ts");
        const alerts = await listAlerts(app.database.db);
        if (frame.globals.json) frame.out.json({ alerts });
        else if (alerts.length === 0) frame.out.text("no alert was evaluated yet");
        else printAlerts(frame, alerts);
      }),
    );
};

const addTest = (command: Command, act: Act): void => {
  command
    .command("test <notifier>")
    .description("Send a test notice to a notifier.")
    .action(
      act(async ({ globals, out, loadConfig }, _options, name = "") => {
        const { notifiers } = await loadConfig();
        const notifier = Object.hasOwn(notifiers, name) ? notifiers[name] : undefined;
        if (notifier === undefined)
          throw new UsageError(
            `no notifier is called ${name}`,
            `there is ${Object.keys(notifiers).join(", ") || "none"}`,
          );
        const { sendTest } = await import("../alerts/deliver/send-test.ts");
        try {
          await sendTest({ notifier, now: new Date() });
        } catch (error) {
          throw new Error(`${name} did not take the notice: ${asFailure(error).message}`, { cause: error });
        }
        if (globals.json) out.json({ notifier: name, delivered: true });
        else out.text(`${name} took the notice`);
      }),
    );
};

const collect = (value: string, earlier: readonly string[]): readonly string[] => [...earlier, value];

/** @throws UsageError where one of them is no label */
const labelsOf = (
  labels: Readonly<Record<string, string>> | undefined,
  written: readonly string[],
): Readonly<Record<string, string>> => {
  if (labels !== undefined) return labels;
  throw new UsageError(
    `--label ${written.join(" ")} is no label`,
    "write such as platform=meta or campaign_id=123",
  );
};

const addSilence = (command: Command, act: Act): void => {
  command
    .command("silence <name>")
    .description("Keep a rule, or some of its series, from being heard for a time.")
    .option("--label <key=value>", "only series with this label; may be repeated", collect, [])
    .requiredOption("--for <time>", "how long, such as 3d, 12h or 30m")
    .option("--reason <text>", "why, for those who wonder later")
    .action(
      act<{ label: readonly string[]; for: string; reason?: string }>(async (frame, options, name = "") => {
        const config = await frame.loadConfig();
        const rule = ruleNamed(config, name).name;
        const { isDuration, durationMs } = await import("../alerts/rule/duration.ts");
        const { readLabels, silence } = await import("../alerts/state/silence.ts");
        if (!isDuration(options.for) || durationMs(options.for) === 0)
          throw new UsageError(
            `--for ${options.for} is not a length of time`,
            "write such as 3d, 12h or 30m",
          );
        const labels = labelsOf(readLabels(options.label), options.label);
        const app = await openMigrated(frame);
        const made = await silence({
          db: app.database.db,
          rule,
          labels,
          lasts: options.for,
          now: app.now(),
          madeBy: userName(),
          reason: options.reason ?? null,
        });
        const until = made.endsAt.toISOString();
        if (frame.globals.json) frame.out.json({ rule, labels, until });
        else frame.out.text(`${[rule, labelText(labels)].join(" ").trim()} is silent until ${until}`);
      }),
    );
};

const silenceColumns = ["alert", "of", "until", "made by", "why"].map((title) => ({ title }));

const silenceRow = ({ rule, labels, ends_at, made_by, reason }: ListedSilence) => [
  rule,
  labelText(labels),
  new Date(ends_at).toISOString().slice(0, 16).replace("T", " "),
  made_by,
  reason,
];

const addSilences = (command: Command, act: Act): void => {
  command
    .command("silences")
    .description("Show what is kept from being heard, until when, by whom and why.")
    .action(
      act(async (frame) => {
        const app = await openMigrated(frame);
        const { listSilences } = await import("../alerts/state/silence.ts");
        const silences = await listSilences(app.database.db, app.now());
        if (frame.globals.json) frame.out.json({ silences });
        else if (silences.length === 0) frame.out.text("no alert is silenced");
        else frame.out.table(silenceColumns, silences.map(silenceRow));
      }),
    );
};

const addUnsilence = (command: Command, act: Act): void => {
  command
    .command("unsilence <name>")
    .description("Hear a rule again before its silences end; with labels, only the silence of just those.")
    .option("--label <key=value>", "the labels of the silence; may be repeated", collect, [])
    .action(
      act<{ label: readonly string[] }>(async (frame, options, name = "") => {
        const { endSilences, readLabels } = await import("../alerts/state/silence.ts");
        const labels =
          options.label.length === 0 ? undefined : labelsOf(readLabels(options.label), options.label);
        const app = await openMigrated(frame);
        const ended = await endSilences(app.database.db, { rule: name, labels }, userName(), app.now());
        if (ended.length === 0)
          throw new UsageError(
            `${[name, ...options.label].join(" ")} is not silenced`,
            "costper alerts silences lists what is",
          );
        if (frame.globals.json) frame.out.json({ ended });
        else
          for (const { rule, labels: of } of ended)
            frame.out.text(`${[rule, labelText(of)].join(" ").trim()} is heard again`);
      }),
    );
};

const addReplay = (command: Command, act: Act): void => {
  command
    .command("replay <name>")
    .description("What a rule would have said, on the figures as they were known then.")
    .requiredOption("--from <day>", "first day: YYYY-MM-DD, 7d, 2026-10", parseFrom)
    .requiredOption("--to <day>", "last day, in the same words", parseTo)
    .action(
      act<{ from: string; to: string }>(async (frame, range, name = "") => {
        checkRange(range, new Date());
        const config = await frame.loadConfig();
        const settings = ruleNamed(config, name);
        const app = await openMigrated(frame);
        const { replay } = await import("../alerts/replay.ts");
        const result = await replay({
          db: app.database.db,
          settings,
          range,
          now: app.now(),
          reportingCurrency: config.reportingCurrency,
        });
        if (frame.globals.json) return frame.out.json(result);
        if (result.firings.length > 0)
          frame.out.table(
            [
              { title: "date" },
              { title: "of" },
              { title: "value then", right: true },
              { title: "value now", right: true },
              { title: "taken back" },
            ],
            result.firings.map(({ date, labels, valueThen, valueNow, takenBack }) => [
              date,
              labelText(labels),
              formatDecimal(valueThen, 2),
              formatDecimal(valueNow, 2),
              takenBack ? "yes" : "no",
            ]),
          );
        frame.out.text(
          `${result.rule}: fired ${String(result.fired)} times in ${String(result.days)} days, ${String(result.takenBack)} taken back by later figures, ${String(result.daysWithoutData)} days without whole data`,
        );
        for (const note of result.notes) frame.log.warn(note);
      }),
    );
};

export const register: Register = (command, act) => {
  command.addHelpText(
    "after",
    examples(
      ["costper alerts check", "evaluate, deliver what is due"],
      ["costper alerts check --date 2026-11-01", "as of the end of that day"],
      ["costper alerts list --json", "what the alerts stand at"],
      ["costper alerts test team", "see whether notices arrive"],
      [
        "costper alerts silence meta-too-expensive --label campaign_id=123 --for 3d",
        "hear nothing of it for a while",
      ],
      ["costper alerts silences", "what is silent, until when"],
      ["costper alerts unsilence meta-too-expensive", "hear it again"],
      [
        "costper alerts replay meta-too-expensive --from 2026-10-01 --to 2026-10-31",
        "how often it would have fired",
      ],
    ),
  );
  for (const add of [addCheck, addList, addTest, addSilence, addSilences, addUnsilence, addReplay])
    add(command, act);
};
