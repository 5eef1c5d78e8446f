import { credentialStore } from "./credentials.ts";
import { checkRange } from "./dates.ts";
import { examples, type Register } from "./frame.ts";
import { parseWait } from "./parse-wait.ts";
import { createProgress } from "./progress.ts";
import {
  addSelectionOptions,
  askedAccounts,
  collect,
  refuseUnreached,
  selectedPlatforms,
  selectedSources,
} from "./selection.ts";
import { runSync, type SyncCommandOptions } from "./sync/run.ts";
import { reportSync, syncSentence } from "./sync/told.ts";

export const register: Register = (command, act) => {
  addSelectionOptions(command)
    .option("--source <name>", "this source of first-party data alone; may be repeated", collect)
    .option("--full", "sources: everything is read, not only what changed")
    .option("--accept-removals", "sources: what vanished in great numbers was really removed")
    .option(
      "--max-wait <duration>",
      "the longest wait for one limit of a platform (90s, 15m; default 15m)",
      parseWait,
    )
    .addHelpText(
      "after",
      examples(
        ["costper sync", "the lookback of every account, up to yesterday"],
        ["costper sync --platform google --from 2026-01-01", "a backfill; resumes when interrupted"],
        ["costper sync --source crm", "one source of first-party data, now"],
        ["costper sync --account act_1 --to 2026-11-01", "one account"],
      ),
    )
    .action(
      act<SyncCommandOptions>(async (frame, options) => {
        checkRange(options, new Date());
        const config = await frame.loadConfig();
        // Before anything is opened: a wrong platform or account makes no file, table or request.
        selectedSources(config, options);
        askedAccounts(config, selectedPlatforms(config, options), options);
        await refuseUnreached(config, options, frame);
        const app = await frame.openApp({
          connections: 32,
          tokens: await credentialStore(frame, config),
          ...(options.maxWait === undefined ? {} : { maxWaitMs: options.maxWait }),
        });
        const live = process.stderr.isTTY && !frame.globals.quiet && frame.globals.logFormat !== "json";
        if (live) frame.log.level = frame.globals.verbose ? "debug" : "warn";
        const progress = live ? createProgress(process.stderr) : undefined;
        try {
          const summary = await runSync(app, options, progress);
          progress?.stop();
          reportSync(frame, summary);
          if (!frame.globals.quiet) process.stderr.write(`${syncSentence(summary)}\n`);
        } finally {
          progress?.stop();
        }
      }),
    );
};
