import { Option } from "commander";
import { resolve } from "node:path";
import { type ExportFormat, exportFormats, exportTable } from "../warehouse/export/export.ts";
import { addRangeOptions, checkRange } from "./dates.ts";
import { examples, type Register } from "./frame.ts";
import { asWrongUse } from "./usage.ts";

interface Options {
  readonly format: ExportFormat;
  readonly from?: string;
  readonly to?: string;
  readonly partitionBy?: "month";
}

export const register: Register = (command, act) => {
  addRangeOptions(
    command
      .argument("<table>", "a table or view of marts, warehouse or ad_reporting")
      .argument("<destination>", "a folder, made if missing, or - for standard output")
      .addOption(new Option("--format <format>", "of the files").choices(exportFormats).default("csv")),
  )
    .addOption(
      new Option(
        "--partition-by <part>",
        "a file a month, in folders month=YYYY-MM that readers of Parquet know",
      ).choices(["month"]),
    )
    .addHelpText(
      "after",
      examples(
        ["costper export cost_per_conversion_daily - --from 2026-10-01", "CSV on standard output"],
        ["costper export warehouse.ad_daily out --format parquet --partition-by month", "a file a month"],
      ),
    )
    .action(
      act<Options>(async ({ globals, out, signal, openApp }, options, table = "", destination = "") => {
        const toStream = destination === "-";
        checkRange(options, new Date());
        const { database } = await openApp({ connections: 3 });
        const files = await exportTable(database, {
          ...options,
          table,
          destination: toStream ? process.stdout : resolve(destination),
          signal,
        }).catch(asWrongUse);
        if (toStream) return;
        if (globals.json) return out.json({ files });
        for (const { file, rows } of files) out.text(`${file ?? ""}  ${String(rows)} rows`);
        if (files.length === 0) out.text("there are no rows in that range");
      }),
    );
};
