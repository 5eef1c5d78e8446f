import { join } from "node:path";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../src/warehouse/database.ts";
import { folderWith } from "../../jobs/start-process.ts";
import { createDatabase, freshDatabase } from "../../support/database.ts";
import type { Seen } from "../../sync/support.ts";
import { answersOf, differences, exportedRows, printedBy, refused, run } from "./asked.ts";
import { citusUrl, digestsOf, distributedWarehouse, shards, spread, writtenAt } from "./support.ts";
import { folderOf, range, worldOver } from "./world.ts";

const outcomesOf = ({ json }: Seen): readonly string[] =>
  json.slices
    .map(({ platform, account_id, outcome, rows_read }) =>
      [platform, account_id, outcome, rows_read].map(String).join(" "),
    )
    .toSorted();

const examples = join(import.meta.dirname, "..", "..", "..", "docs", "examples");

const importAll = async (folder: string): Promise<readonly string[]> => {
  const printed: string[] = [];
  for (const kind of ["rates", "costs", "leads", "conversions", "measures"])
    printed.push(JSON.stringify(await run(folder, ["import", kind, join(examples, `${kind}.csv`)])));
  return printed;
};

/** Every view and table of analysts, asked as one. */
const readAsAnalyst = async (name: string): Promise<readonly string[]> => {
  const url = new URL(citusUrl);
  url.username = name;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  onTestFinished(() => client.end());
  const { rows } = await client.query<{ name: string; columns: string }>(
    `select c.oid::regclass::text as name, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where n.nspname in ('marts', 'warehouse', 'ad_reporting') and c.relkind in ('r', 'p', 'v') and not c.relispartition
       and a.attname !~ '_sha256$' group by 1`,
  );
  const faults: string[] = [];
  for (const { name: view, columns } of rows)
    await client
      .query(`select ${columns} from ${view}`)
      .catch((error: unknown) => faults.push(`${view}: ${String(error)}`));
  return faults;
};

test("load, rollup, reports, dashboard, export and backup are those of one Postgres", async () => {
  const plain = await freshDatabase();
  const cluster = await distributedWarehouse();
  const one = await worldOver(plain.url);
  const many = await worldOver(cluster.url);
  const [seenOnOne, seenOnMany] = [await one.sync(range), await many.sync(range)];
  expect(seenOnMany.lines).toEqual(seenOnOne.lines);
  expect(outcomesOf(seenOnMany)).toEqual(outcomesOf(seenOnOne));
  const loaded = await digestsOf(cluster);
  expect(loaded).toEqual(await digestsOf(plain));
  expect(Number(loaded["warehouse.ad_daily"]?.split(" ")[0])).toBeGreaterThan(1_000);

  const written = await writtenAt(cluster);
  const again = await many.sync(range);
  expect(again.json.slices.map(({ rows_written }) => rows_written)).toEqual(again.json.slices.map(() => 0));
  expect(await writtenAt(cluster)).toEqual(written);
  await one.sync(range);

  const [oneFolder, manyFolder] = [await folderOf(one), await folderOf(many)];
  expect(await importAll(manyFolder)).toEqual(await importAll(oneFolder));
  const printed = await printedBy(manyFolder);
  expect(refused(printed)).toEqual([]);
  expect(differences(printed, await printedBy(oneFolder))).toEqual([]);
  const exported = await exportedRows(manyFolder);
  expect(exported.length).toBeGreaterThan(1_000);
  expect(exported).toEqual(await exportedRows(oneFolder));
  const answers = await answersOf(cluster, many.configText());
  expect(refused(answers)).toEqual([]);
  expect(differences(answers, await answersOf(plain, one.configText()))).toEqual([]);
  expect(await digestsOf(cluster)).toEqual(await digestsOf(plain));

  const forget = ["forget", "00123"];
  expect(await run(manyFolder, forget)).toEqual(await run(oneFolder, forget));
  const filled = await digestsOf(cluster);

  const doctor = await run(manyFolder, ["doctor"]);
  expect(doctor.printed).toMatch(
    new RegExp(`placement +distributed over \\d+ nodes in ${String(shards)} shards`),
  );
  expect(doctor.printed).not.toMatch(/warning +placement/);

  const analyst = "costper_citus_analyst";
  onTestFinished(() =>
    cluster.pool.query(`drop owned by ${analyst}; drop role ${analyst}`).then(() => undefined),
  );
  expect(await run(manyFolder, ["grant", "analyst", analyst])).toMatchObject({ status: 0 });
  expect(await readAsAnalyst(analyst)).toEqual([]);

  const file = join(manyFolder, "warehouse.zip");
  expect(await run(manyFolder, ["backup", file])).toMatchObject({ status: 0 });
  const { url, drop } = await createDatabase({ empty: true });
  onTestFinished(drop);
  expect(await run(await folderWith({ database: url }), ["restore", file])).toMatchObject({ status: 0 });
  const restored = openDatabase(url, { connections: 2 });
  onTestFinished(() => restored.close());
  expect(await digestsOf(restored)).toEqual(filled);
  // Over itself: it is spread out again as it was.
  expect(await run(manyFolder, ["restore", file, "--force"])).toMatchObject({ status: 0 });
  expect(await digestsOf(cluster)).toEqual(filled);
  expect((await spread(cluster)).filter(({ outcome }) => outcome !== "already")).toEqual([]);
});
