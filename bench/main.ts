import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";

/**
 * Benchmarks: `npm run bench` runs all, `npm run bench -- load queue` those, `-- load --platform microsoft` that one with
 * another platform than its usual one; `npm run bench -- backtest` measures no time but the projections, and has options
 * of its own. Each prints one JSON object a line; figures that matter are ratios of things measured side by side in the
 * same run, since machines differ.
 */
if (process.argv[2] === "backtest") {
  const { backtest } = await import("./backtest.ts");
  process.exit(await backtest(process.argv.slice(3)));
}

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    platform: { type: "string" },
    contacts: { type: "string" },
    rows: { type: "string" },
    baseline: { type: "string" },
    python: { type: "string" },
    rounds: { type: "string" },
    cases: { type: "string" },
  },
});

const benches: Readonly<Record<string, () => Promise<{ run: () => Promise<unknown> }>>> = {
  alerts: () => import("./alerts.ts"),
  classify: () => import("./classify.ts"),
  dashboard: () => import("./dashboard.ts"),
  goals: async () => {
    const { run } = await import("./goals.ts");
    return { run: () => run(options) };
  },
  history: () => import("./history.ts"),
  load: async () => {
    const { run } = await import("./load.ts");
    return { run: () => run(options) };
  },
  night: async () => {
    const { run } = await import("./night.ts");
    return { run: () => run(options) };
  },
  pull: () => import("./pull.ts"),
  queue: () => import("./queue.ts"),
  rollup: () => import("./rollup.ts"),
  sources: async () => {
    const { run } = await import("./sources.ts");
    return { run: () => run(options) };
  },
};

const unknown = wanted.find((name) => !(name in benches));
if (unknown !== undefined) {
  process.stderr.write(
    `there is no benchmark ${unknown}; there are ${[...Object.keys(benches), "backtest"].join(", ")}\n`,
  );
  process.exit(2);
}

const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

say({
  bench: "machine",
  node: process.version,
  cpus: cpus().length,
  model: cpus()[0]?.model,
  memory_gib: Math.round(totalmem() / 2 ** 30),
});
for (const name of wanted.length > 0 ? wanted : Object.keys(benches)) {
  const bench = await benches[name]?.();
  say({ bench: name, ...((await bench?.run()) as object) });
}
process.exit(0);
