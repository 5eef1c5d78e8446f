import { setTimeout as sleep } from "node:timers/promises";
import { createProgress } from "../../src/commands/progress.ts";
import { terminalLines } from "../../src/commands/terminal.ts";

// A program for a terminal: three platforms at work below a log of short and long lines, of which some come at once.

const platforms = ["google", "microsoft", "x"] as const;
const display = createProgress(process.stderr);
for (const platform of platforms) display.onPlanned({ platform }, 6);
for (const part of [1, 2, 3, 4, 5, 6]) {
  terminalLines.write(`${String(part)} short\n`);
  terminalLines.write(`${String(part)} long ${"and longer ".repeat(4 * part)}end\n`);
  if (part % 2 === 0) terminalLines.write(`${String(part)} of\n${String(part)} two\n`);
  // Longer than the display waits between two pictures.
  await sleep(150);
  for (const platform of platforms) {
    // One of them stands still for a while.
    if (platform === "x" && part > 3) continue;
    display.onRows(platform, 1_000 * part);
    display.onSlice({ slice: { account: { platform } } });
  }
}
terminalLines.write("last\n");
if (process.argv.includes("--leave")) process.exit(0);
display.stop();
terminalLines.write("done\n");
