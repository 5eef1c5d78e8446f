import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { stringify } from "yaml";
import { addDays, type Day, dayAt, eachDay } from "../src/domain/day.ts";
import { type Measured, runCostper, runMeasured, startHelper, startPostgres } from "./support/processes.ts";

/**
 * What a row costs beside an older build of costper (`--baseline`, a built checkout) and beside dlt with Arrow tables
 * (`--python`, an interpreter that has `dlt[postgres]`, `pyarrow`, `orjson` and `requests`): CPU seconds of the tool and of
 * Postgres. The variants take turns, so their ratios hold where the machine drifts; each figure is a median of the rounds.
 */
export interface GoalOptions {
  readonly baseline?: string | undefined;
  readonly python?: string | undefined;
  readonly rounds?: string | undefined;
  /** Names of cases, separated by commas; absent: all. */
  readonly cases?: string | undefined;
}

interface World {
  readonly settings: { readonly endpoints: object };
  readonly account: string;
  readonly manager: string;
  readonly clients: readonly string[];
}

type Phase = "first" | "repeat" | "changed";

interface Case {
  readonly name: string;
  readonly days: number;
  readonly phases: readonly Phase[];
  readonly accountsOf: (world: World) => readonly { readonly id: string; readonly via: string | null }[];
}

const adsPerDay = 33_000;
const smallAccounts = 200;
const large = ({ account }: World) => [{ id: account, via: null }];

const cases: readonly Case[] = [
  { name: "million", days: 31, phases: ["first", "repeat", "changed"], accountsOf: large },
  { name: "three_days", days: 3, phases: ["first", "repeat"], accountsOf: large },
  {
    name: "small_accounts",
    days: 14,
    phases: ["first", "repeat"],
    accountsOf: ({ clients, manager }) => clients.map((id) => ({ id, via: manager })),
  },
];

interface Costs {
  readonly cpu_s: number;
  readonly tool_cpu_s: number;
  readonly postgres_cpu_s: number;
  readonly peak_mib: number;
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
};

const medians = (runs: readonly Costs[]): Costs => ({
  cpu_s: median(runs.map(({ cpu_s }) => cpu_s)),
  tool_cpu_s: median(runs.map(({ tool_cpu_s }) => tool_cpu_s)),
  postgres_cpu_s: median(runs.map(({ postgres_cpu_s }) => postgres_cpu_s)),
  peak_mib: Math.max(...runs.map(({ peak_mib }) => peak_mib)),
});

type Postgres = Awaited<ReturnType<typeof startPostgres>>;

const urlOf = ({ url }: Postgres, database: string): string => {
  const named = new URL(url);
  named.pathname = `/${database}`;
  return named.href;
};

const ask = async (url: string, ...statements: readonly string[]): Promise<readonly unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: readonly unknown[] = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
};

interface Work {
  readonly folder: string;
  readonly database: string;
  readonly world: World;
  readonly of: Case;
  readonly days: readonly Day[];
}

interface Variant {
  readonly name: string;
  readonly prepare: (work: Work) => Promise<unknown>;
  readonly run: (work: Work) => Promise<Measured>;
  /** Of the same rows every tool has the same spend. */
  readonly spend: string;
}

const costper = (name: string, build: string | undefined): Variant => {
  const options = (folder: string) => ({ cwd: folder, ...(build !== undefined && { build }) });
  const configure = async ({ folder, database, world, of }: Work): Promise<void> => {
    const accounts = of.accountsOf(world).map(({ id }) => id);
    await writeFile(
      join(folder, "costper.yaml"),
      stringify({ database, connectors: { google: { ...world.settings, accounts } } }),
    );
  };
  return {
    name,
    prepare: async (work) => {
      await configure(work);
      const { status } = await runCostper(["migrate"], options(work.folder));
      if (status !== 0) throw new Error(`${name}: migrate ended with ${String(status)}`);
    },
    run: async (work) => {
      const { folder, days } = work;
      await configure(work);
      const range = ["--from", days[0] ?? "", "--to", days.at(-1) ?? ""];
      return runCostper(["sync", ...range, "--json", "--quiet"], options(folder));
    },
    spend: "select round(sum(spend), 2)::text as spend from warehouse.ad_daily where ad_id <> ''",
  };
};

const dlt = (python: string): Variant => ({
  name: "dlt_arrow",
  prepare: async () => undefined,
  run: async ({ folder, database, world, of, days }) => {
    const told = join(folder, "told.json");
    await writeFile(
      told,
      JSON.stringify({ database, settings: world.settings, accounts: of.accountsOf(world), days, folder }),
    );
    const script = join(import.meta.dirname, "support", "dlt_arrow.py");
    return runMeasured("sh", ["-c", 'exec "$0" "$1" < "$2"', python, script, told], { cwd: folder });
  },
  spend: "select round(sum(cost_micros) / 1000000.0, 2)::text as spend from ads.ad_daily",
});

export const run = async ({ baseline, python, rounds = "3", cases: wanted }: GoalOptions) => {
  const chosen = cases.filter(({ name }) => wanted === undefined || wanted.split(",").includes(name));
  const variants = [
    costper("costper", undefined),
    ...(baseline === undefined ? [] : [costper("baseline", baseline)]),
    ...(python === undefined ? [] : [dlt(python)]),
  ];
  const postgres = await startPostgres();
  const sandboxOf = (...more: readonly string[]) =>
    startHelper("support/google-sandbox.ts", [
      String(adsPerDay),
      `accounts=${String(smallAccounts)}`,
      ...more,
    ]);
  const boxes = [await sandboxOf(), await sandboxOf("restated")] as const;
  const costs = new Map<string, Costs[]>();
  const to = addDays(dayAt(new Date(), "UTC"), -2);

  const measure = async (of: Case, variant: Variant, round: number): Promise<void> => {
    const name = `${of.name}_${variant.name}_${String(round)}`;
    const folder = join(postgres.folder, name);
    await mkdir(folder);
    await ask(postgres.url, `create database ${name}`);
    const database = urlOf(postgres, name);
    const days = eachDay({ from: addDays(to, 1 - of.days), to });
    await variant.prepare({ folder, database, world: boxes[0].told as World, of, days });
    for (const phase of of.phases) {
      // dlt writes every row again, whatever changed.
      if (phase === "changed" && variant.name === "dlt_arrow") continue;
      const world = boxes[phase === "changed" ? 1 : 0].told as World;
      await ask(postgres.url, "checkpoint");
      const before = postgres.cpuSeconds();
      const { cpuSeconds, peakMib, status } = await variant.run({ folder, database, world, of, days });
      if (status !== 0) throw new Error(`${name}: ${phase} ended with ${String(status)}`);
      const postgresCpu = postgres.cpuSeconds() - before;
      const key = `${of.name} ${phase} ${variant.name}`;
      const cost = {
        cpu_s: cpuSeconds + postgresCpu,
        tool_cpu_s: cpuSeconds,
        postgres_cpu_s: postgresCpu,
        peak_mib: peakMib,
      };
      costs.set(key, [...(costs.get(key) ?? []), cost]);
      const [check] = await ask(database, variant.spend);
      process.stderr.write(`${JSON.stringify({ round, key, ...cost, ...(check as object) })}\n`);
    }
    await ask(postgres.url, `drop database ${name} with (force)`);
  };

  try {
    for (let round = 1; round <= Number(rounds); round += 1)
      for (const of of chosen) for (const variant of variants) await measure(of, variant, round);
  } finally {
    for (const box of boxes) await box.stop();
    await postgres.close();
  }

  const of = (key: string): Costs | undefined => {
    const found = costs.get(key);
    return found && medians(found);
  };
  const ratios = chosen.flatMap(({ name, phases }) =>
    phases.map((phase) => {
      const own = of(`${name} ${phase} costper`);
      const to = (other: string) => of(`${name} ${phase} ${other}`)?.cpu_s;
      const old = to("baseline");
      const other = to("dlt_arrow") ?? of(`${name} repeat dlt_arrow`)?.cpu_s;
      return {
        of: `${name} ${phase}`,
        ...own,
        ...(own && old !== undefined && { to_baseline: own.cpu_s / old }),
        ...(own && other !== undefined && { dlt_arrow_to_costper: other / own.cpu_s }),
      };
    }),
  );
  return { rounds: Number(rounds), ratios };
};
