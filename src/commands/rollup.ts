import { storeCountingRules } from "../metrics/counting.ts";
import { firstPartySettings } from "../metrics/first-party/config.ts";
import { rollUpFirstParty } from "../metrics/first-party.ts";
import { warnOfUnknownAmounts } from "../metrics/unknown-amounts.ts";
import { rebuild } from "../metrics/rollup/rollup.ts";
import { configuredPlatforms } from "../connectors/registry.ts";
import { migrate } from "../warehouse/migrate.ts";
import { addRangeOptions, checkRange } from "./dates.ts";
import { examples, type Register } from "./frame.ts";
import type { SelectionOptions } from "./selection.ts";
import { reportUnfit } from "./unfit.ts";

export const register: Register = (command, act) => {
  addRangeOptions(command)
    .addHelpText(
      "after",
      examples(
        ["costper rollup", "everything, for example after the choice of counted conversions changed"],
        ["costper rollup --from 2026-11-01", "from that day on"],
      ),
    )
    .action(
      act<SelectionOptions>(async (frame, options) => {
        const { globals, out, log, signal, loadConfig, openApp } = frame;
        checkRange(options, new Date());
        const config = await loadConfig();
        const { database } = await openApp();
        await migrate(database);
        const started = performance.now();
        for (const platform of configuredPlatforms(config.connectors))
          await storeCountingRules(database.pool, platform, config.connectors);
        const written = await rebuild(
          {
            pool: database.pool,
            reportingCurrency: config.reportingCurrency ?? null,
            signal,
            onUnfit: reportUnfit(frame),
          },
          { from: options.from ?? null, to: options.to ?? null },
        );
        await rollUpFirstParty({ database, settings: firstPartySettings(config), whole: true });
        await warnOfUnknownAmounts({ pool: database.pool, log, from: options.from ?? "1970-01-01" });
        const ms = Math.round(performance.now() - started);
        log.info({ written, ms }, "rolled up");
        if (globals.json) out.json({ rows_written: written, ms });
        else out.text(`${String(written)} rows of the marts changed`);
      }),
    );
};
