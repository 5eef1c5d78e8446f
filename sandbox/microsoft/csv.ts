import type { AskedReport } from "./report.ts";

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

const line = (cells: readonly string[]): string => `${cells.map(quoted).join(",")}\r\n`;

/** The file of a report: BOM, quotes everywhere, CRLF; header and footer as asked. Large ones are never held whole. */
export function* csvOf(asked: AskedReport, rows: () => Iterable<readonly string[]>): Generator<string> {
  let count = 0;
  for (const _ of rows()) count += 1;
  let text = "\uFEFF";
  if (asked.withHeader)
    text += [
      "Report Name: sandbox",
      `Report Time: ${asked.from} - ${asked.to}`,
      `Time Zone: ${asked.zone}`,
      `Last Completed Available Day: ${asked.to} 23:59:59 (GMT)`,
      `Last Completed Available Hour: ${asked.to} 23:59:59 (GMT)`,
      `Report Aggregation: ${asked.daily ? "Daily" : "Summary"}`,
      "Report Filter: ",
      "Potential Incomplete Data: true",
      `Rows: ${String(count)}`,
    ]
      .map((each) => line([each]))
      .concat("\r\n")
      .join("");
  if (asked.withNames) text += line(asked.columns);
  for (const row of rows()) {
    text += line(row);
    if (text.length > 1 << 16) {
      yield text;
      text = "";
    }
  }
  if (asked.withFooter) text += `\r\n${line(["©2026 Microsoft Corporation. All rights reserved. "])}`;
  yield text;
}
