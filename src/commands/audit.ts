import { Argument } from "commander";
import { addDays, dayAt } from "../domain/day.ts";
import { auditTracking } from "../metrics/first-party/audit.ts";
import { migrate } from "../warehouse/migrate.ts";
import { offer } from "./completion/offer.ts";
import { addRangeOptions, checkRange } from "./dates.ts";
import { UsageError } from "./errors.ts";
import { examples, type Register } from "./frame.ts";
import type { SelectionOptions } from "./selection.ts";

export const register: Register = (command, act) => {
  addRangeOptions(
    command.addArgument(offer(new Argument("<what>", "what to look at: tracking"), ["tracking"])),
  )
    .addHelpText(
      "after",
      examples(
        [
          "costper audit tracking",
          "the last 30 days: untagged clicks, unmatched tags, uncosted channels ...",
        ],
        ["costper audit tracking --from 2026-11-01 --json", "the same for a program"],
      ),
    )
    .action(
      act<SelectionOptions>(async ({ globals, out, loadConfig, openApp }, options, what) => {
        if (what !== "tracking")
          throw new UsageError(`there is no audit of ${JSON.stringify(what)}`, "there is tracking");
        const now = new Date();
        checkRange(options, now);
        const config = await loadConfig();
        const { database } = await openApp();
        await migrate(database);
        const to = options.to ?? addDays(dayAt(now, config.timezone), -1);
        const range = { from: options.from ?? addDays(to, -29), to };
        const findings = await auditTracking(database.pool, range);
        if (globals.json) return out.json({ ...range, findings });
        if (findings.length === 0) return out.text(`no gaps found from ${range.from} to ${range.to}`);
        for (const { check, platform, explanation, remedy } of findings)
          out.text(`${[check, platform].filter(Boolean).join(" ")}: ${explanation}\n  ${remedy}`);
        return undefined;
      }),
    );
};
