import type pg from "pg";
import type { UnknownOf } from "../../connectors/connector.ts";
import { breakdowns } from "../../domain/breakdown.ts";
import { eachDay } from "../../domain/day.ts";
import { asFailure, Failure } from "../../domain/failure.ts";
import { retries } from "../../domain/retry.ts";
import type { Entity } from "../../domain/facts.ts";
import { knownWindows, storeRestatement } from "../accounts.ts";
import { holdingConnection } from "../connection/pool.ts";
import { storeEntities, unknownIds } from "../dimensions.ts";
import { forManyRows } from "../planner.ts";
import { ensurePartitions, inTransaction, lockAccount } from "../transaction.ts";
import { type LackingBreakdown, noteBreakdownDays, readBreakdowns } from "./breakdowns.ts";
import { collectOften } from "./collect-often.ts";
import { factParts, factTables, tablesOf } from "./fact-tables.ts";
import { fingerprints } from "./fingerprint.ts";
import type { HeldRows } from "./held-rows.ts";
import type { DayCheck } from "./judge-days.ts";
import { holdPublishing, readKnownWindow, type SliceWindow } from "./known-window.ts";
import { readFacts } from "./read-streams.ts";
import { dataFailure, isDatabaseError } from "./refused.ts";
import type { Staging } from "./stage.ts";
import { judgedDaysOf } from "./staged-window.ts";
import { changedDays, confirmDays, type WindowTotals } from "./unchanged.ts";
import { addUp, publishWindow } from "./window.ts";

export interface SliceToLoad extends SliceWindow {
  readonly pool: pg.Pool;
  /** Lists names and states too; once per account and run is enough. What rows teach is kept whichever slice read it. */
  readonly withEntities: boolean;
  readonly onRows?: (rows: number) => void;
  /** The clock by which days end. */
  readonly now: () => Date;
}

export interface LoadedSlice extends WindowTotals {
  readonly rowsRead: number;
  readonly rowsWritten: number;
  /** Days that did not reconcile and were not published. */
  readonly failedDays: readonly DayCheck[];
  /** Days that were published, with something that is worth a word. */
  readonly oddDays: readonly DayCheck[];
  /** Breakdowns that the platform refused or garbled; all else of the window does not depend on them. */
  readonly lackingBreakdowns: readonly LackingBreakdown[];
}

/** The partitioned tables that the slice may write to. */
const factNames = ({ connector }: SliceToLoad): readonly string[] =>
  [...factTables, ...tablesOf(...breakdowns.filter((breakdown) => connector.breakdowns?.[breakdown]))].map(
    ({ name }) => `warehouse.${name}`,
  );

/** Whether nothing is stored yet for the window: then rows need no comparison. */
const rangeIsEmpty = async (client: pg.PoolClient, slice: SliceToLoad): Promise<boolean> => {
  const { rows } = await client.query(
    factTables
      .map(
        ({ name }) =>
          `(select 1 from warehouse.${name} where account_key = $1 and date between $2 and $3 limit 1)`,
      )
      .join(" union all "),
    [slice.accountKey, slice.pull.from, slice.pull.to],
  );
  return rows.length === 0;
};

/** Asked again from the start where the answer breaks in its middle, as the streams of facts are. */
const gather = async (
  { pull }: SliceToLoad,
  stream: () => AsyncIterable<readonly Entity[]>,
): Promise<readonly Entity[]> => {
  for (let attempt = 1; ; attempt += 1)
    try {
      const entities: Entity[] = [];
      for await (const batch of stream()) entities.push(...batch);
      return entities;
    } catch (error) {
      pull.signal.throwIfAborted();
      if (asFailure(error).kind !== "transient" || attempt >= retries.stream.attempts) throw error;
    }
};

const pullEntities = async (slice: SliceToLoad): Promise<readonly Entity[]> =>
  slice.withEntities ? gather(slice, () => slice.connector.entities(slice.pull)) : [];

/** What this slice's rows taught, beyond what it listed. */
const pullLearnt = async (
  client: pg.PoolClient,
  slice: SliceToLoad,
  listed: readonly Entity[],
): Promise<readonly Entity[]> => {
  const { connector, accountKey } = slice;
  if (!connector.learnt) return [];
  const learnt = connector.learnt.bind(connector);
  const unknownOf: UnknownOf = async (kind, ids) => {
    const known = new Set(listed.filter((entity) => entity.kind === kind).map(({ id }) => id));
    return unknownIds(
      client,
      accountKey,
      kind,
      ids.filter((id) => !known.has(id)),
    );
  };
  return gather(slice, () => learnt(slice.pull, unknownOf));
};

/**
 * Another slice published or confirmed some of the same days while this one was read: its figures may be the newer ones,
 * and a range that was found empty may hold its rows.
 */
class Overtaken extends Error {}

/**
 * `direct`: straight into the warehouse, if the range is empty. `alone`: no other slice of the account publishes from
 * before the first row is read.
 */
type Way = "direct" | "beside" | "alone";

const attempt = async (given: SliceToLoad, way: Way): Promise<LoadedSlice> => {
  // Reading that runs in parallel ends when this function ends.
  const ended = new AbortController();
  const signal = AbortSignal.any([given.pull.signal, ended.signal]);
  const slice = { ...given, pull: { ...given.pull, signal } };
  const held: HeldRows[] = [];
  try {
    return await holdingConnection(slice.pool, signal, () =>
      inTransaction(slice.pool, (client) => loadOn(client, slice, way, held), signal, {
        settings: forManyRows,
        repeats: true,
      }),
    );
  } finally {
    ended.abort();
    await Promise.all(held.map((rows) => rows.drop()));
  }
};

const loadOn = async (
  client: pg.PoolClient,
  slice: SliceToLoad,
  way: Way,
  held: HeldRows[],
): Promise<LoadedSlice> => {
  const { connector, pull, sliceId, accountKey } = slice;
  if (way === "alone") await lockAccount(client, "publish", accountKey);
  const known = await readKnownWindow(client, slice);
  const asked = slice.now();
  const direct = way === "direct" && known.prints.size === 0 && (await rangeIsEmpty(client, slice));
  const staging: Staging = {
    client,
    connector,
    pull,
    sliceId,
    accountKey,
    known,
    direct,
    breakdowns: [],
    prints: [],
    held,
    repeated: new Set(),
    compared: new Map(),
    unfit: new Map(),
    onRows: slice.onRows ?? (() => undefined),
  };
  const broken = await readBreakdowns(staging);
  const rowsRead = broken.rowsRead + (await readFacts(staging));
  const parts = [...factParts, ...staging.breakdowns];
  const prints = fingerprints(pull, connector.networkSplit, parts, staging.prints);
  // Names are read while the database adds up.
  const names = pullEntities(slice);
  // This promise is awaited below. If the work before it fails, nobody awaits it.
  names.catch(() => undefined);
  const changed = await changedDays(staging, prints);
  const sums = await addUp(staging, changed);
  const entities = await names;
  const learnt = await pullLearnt(client, slice, entities);
  const others = await holdPublishing(client, slice);
  if (way !== "alone" && others !== known.others) throw new Overtaken();
  const kinds = await storeEntities(client, accountKey, entities, learnt);
  if (slice.withEntities && kinds.has("conversion_action"))
    await storeRestatement(
      client,
      accountKey,
      connector.restatement(await knownWindows(client, accountKey)).finalAfterDays,
    );
  const published = sums && (await publishWindow(staging, sums, prints, asked));
  const failed = published?.failedDays.map(({ date }) => date) ?? [];
  await noteBreakdownDays(
    staging,
    eachDay(pull).filter((day) => !failed.includes(day)),
  );
  const touched = new Set(judgedDaysOf(sums?.staged.days ?? changed));
  const totals = await confirmDays(
    staging,
    eachDay(pull).filter((day) => !touched.has(day)),
  );
  pull.signal.throwIfAborted();
  return {
    rowsRead: rowsRead + (sums?.rowsRead ?? 0),
    rowsWritten: published?.rowsWritten ?? 0,
    failedDays: published?.failedDays ?? [],
    oddDays: published?.oddDays ?? [],
    lackingBreakdowns: broken.lacking,
    ...totals,
  };
};

/** A repeated key, a deadlock; and a COPY that a node of a distributed warehouse refuses, which loses its own code. */
const collisions = ["23505", "40P01", "XX000"];

/**
 * How to try again where slices collided or the platform sent a row twice. In the staging tables both can be resolved;
 * among the published rows they cannot.
 */
const nextWay = (way: Way, error: unknown): Way | undefined => {
  if (error instanceof Overtaken) return "alone";
  if (!(isDatabaseError(error) && collisions.includes(error.code))) return undefined;
  return way === "direct" ? "beside" : "alone";
};

/**
 * Pulls one slice and replaces exactly its window, in one transaction: a crash, an abort or a failure at any point
 * leaves the previous figures whole.
 * @throws Failure as the connector gives it; `data` where a figure does not fit.
 */
export const loadSlice = async (slice: SliceToLoad): Promise<LoadedSlice> => {
  collectOften();
  await ensurePartitions(slice.pool, factNames(slice), slice.pull.from, slice.pull.to);
  for (let way: Way = "direct", left: number = retries.publish.attempts; ; left -= 1)
    try {
      return await attempt(slice, way);
    } catch (error) {
      const next: Way | undefined = left > 1 ? nextWay(way, error) : undefined;
      if (next === undefined) throw dataFailure(error) ?? databaseFailure(error) ?? error;
      way = next;
    }
};

/** What Postgres itself reports (disk full, a lost connection) is worth another try, and says so. */
const databaseFailure = (error: unknown): Failure | undefined =>
  isDatabaseError(error)
    ? new Failure({
        kind: "transient",
        message: `the database refused the load: ${error.message}`,
        remedy: error.code === "53100" ? "free disk space on the database server" : "see the database's log",
        code: error.code,
        cause: error,
      })
    : undefined;
