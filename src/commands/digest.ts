import { migrate } from "../warehouse/migrate.ts";
import { exitStatus, UsageError } from "./errors.ts";
import { examples, type Register } from "./frame.ts";

interface DigestOptions {
  readonly print?: boolean;
  readonly week?: boolean;
}

export const register: Register = (command, act) => {
  command
    .description(
      "What changed, in words: yesterday or the week, at equal age, with what drove it, what is missing and what is expected. Goes to the notifiers that digest.notify names.",
    )
    .option("--print", "print it, and send nothing")
    .option("--week", "the last seven days, whatever digest.every says")
    .addHelpText(
      "after",
      examples(
        ["costper digest --print", "what the digest would say now"],
        ["costper digest --print --week --json", "the week, for a program"],
        ["costper digest", "send it now, to see how it looks there"],
      ),
    )
    .action(
      act<DigestOptions>(async ({ globals, out, log, loadConfig, openApp }, { print = false, week }) => {
        const config = await loadConfig();
        const { digest, notifiers } = config;
        if (!print && digest === undefined)
          throw new UsageError(
            "no notifier wants a digest",
            "add digest: { notify: [NAME] } to the config, or print it: costper digest --print",
          );
        const { database, now } = await openApp();
        await migrate(database);
        const { composeDigest } = await import("../digest/compose.ts");
        const { digestDays, sendDigestNow } = await import("../digest/send.ts");
        const { failureText } = await import("../alerts/deliver/deliver.ts");
        const { digestPlain } = await import("../alerts/notice/digest.ts");
        const at = now();
        const days = week === true ? digestDays.week : digestDays[digest?.every ?? "day"];
        const body = await composeDigest({ db: database.db, config, days, now: at });
        if (print || digest === undefined) {
          if (globals.json) out.json(body);
          else out.text(digestPlain(body));
          return exitStatus.done;
        }
        const { delivered, failures } = await sendDigestNow({
          db: database.db,
          notifiers,
          now: at,
          to: digest.notify,
          body,
        });
        for (const failure of failures)
          log.error({ notifier: failure.notifier }, `the digest was ${failureText(failure)}`);
        if (globals.json) out.json({ title: body.title, delivered, failures });
        else out.text(`${body.title}; ${String(delivered)} notices delivered`);
        return failures.length > 0 ? exitStatus.failed : exitStatus.done;
      }),
    );
};
