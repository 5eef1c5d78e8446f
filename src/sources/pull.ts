import type { Logger } from "pino";
import type { DayRange } from "../domain/day.ts";
import { asFailure, Failure, type FailureKind } from "../domain/failure.ts";
import { importFile, type ImportResult } from "../imports/import-file.ts";
import { importKinds } from "../imports/kinds/index.ts";
import type { ImportContext } from "../imports/kinds/kind.ts";
import { describeProblem } from "../imports/problem.ts";
import { loadSourceLists } from "../metrics/channels/lists.ts";
import type { Database } from "../warehouse/database.ts";
import { holdSource } from "./hold.ts";
import { type Counts, keepFailed, keepGood, readMemory, type StreamKey } from "./ledger.ts";
import { openSource } from "./registry.ts";
import { replaceRows } from "./replace.ts";
import type { SourceSettings } from "./settings.ts";
import type { Landing, Source, SourceContext, SourceStream, StreamAsk } from "./source.ts";

export interface PullOptions {
  readonly name: string;
  readonly settings: SourceSettings;
  readonly database: Database;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly folder: string;
  readonly timeZone: string;
  readonly context: Omit<ImportContext, "lists">;
  readonly full?: boolean | undefined;
  readonly range?: Partial<DayRange> | undefined;
  readonly acceptRemovals?: boolean | undefined;
  readonly firstDelayMs?: number | undefined;
}

/** What one stream came to. */
export interface StreamResult extends StreamKey {
  readonly outcome: "done" | "unchanged" | "failed";
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly refused: number;
  readonly redacted: Counts;
  readonly unmapped: Counts;
  readonly ms: number;
  readonly failure: Failure | null;
}

/** After these nothing else of the source is asked for: it would fail the same way. */
const stopsSource: ReadonlySet<FailureKind> = new Set([
  "busy",
  "credentials",
  "account",
  "transient",
  "cancelled",
]);

export const sourceContext = (options: PullOptions): SourceContext => ({
  name: options.name,
  idPrefix: options.settings.idPrefix ?? `${options.name}:`,
  database: options.database,
  log: options.log.child({ source: options.name }),
  now: options.now,
  timeZone: options.timeZone,
  folder: options.folder,
  firstDelayMs: options.firstDelayMs,
});

const most = (counts: Map<string, number>): Counts =>
  Object.fromEntries([...counts].sort(([, one], [, other]) => other - one).slice(0, 100));

const adder = () => {
  const counts = new Map<string, number>();
  return { counts, add: (key: string) => void counts.set(key, (counts.get(key) ?? 0) + 1) };
};

const mostProblemsTold = 3;

/** Lands one set of rows; what cannot be taken is one failure that names the first faults. */
const landing =
  (options: PullOptions, context: SourceContext, redact: (field: string) => void): StreamAsk["land"] =>
  async ({
    kind: kindName,
    file,
    replaces,
    afterMerge,
    beforeMerge,
    ...rest
  }: Landing): Promise<ImportResult> => {
    const { name, signal, database } = options;
    const kind = importKinds[kindName];
    if (kind === undefined) throw new RangeError(`there is no import of ${kindName}`);
    const problems: string[] = [];
    let found = 0;
    let isHeader = false;
    const result = await importFile({
      ...rest,
      database,
      kind,
      source: name,
      sourceName: name,
      idPrefix: context.idPrefix,
      context: { ...options.context, lists: await loadSourceLists() },
      onRedacted: redact,
      onProblem: (problem) => {
        found += 1;
        isHeader ||= problem.line === 1 && problem.reason.includes("header");
        if (problems.length < mostProblemsTold) problems.push(describeProblem(problem));
        if (rest.skipBad !== undefined)
          context.log.warn({ file, problem: describeProblem(problem) }, "line refused");
      },
      onWarning: (warning) => context.log.debug({ file, warning }, "rows of a source"),
      beforeMerge: async (client) => {
        await holdSource(client, name);
        await beforeMerge?.(client);
      },
      afterMerge: async (client) => {
        const withdrawn = replaces
          ? await replaceRows(client, {
              source: name,
              kind: kindName,
              accepted: options.acceptRemovals === true,
            })
          : 0;
        const more = (await afterMerge?.(client)) ?? {};
        return { withdrawn: withdrawn + (more.withdrawn ?? 0) };
      },
      signal,
    });
    if (result.loaded) return result;
    throw new Failure({
      kind: isHeader ? "request" : "data",
      message: `source ${name}${file === undefined ? "" : `, ${file}`}: ${String(found)} ${found === 1 ? "fault" : "faults"}, nothing was loaded: ${problems.join("; ")}`,
      remedy: isHeader
        ? `make it give the columns that costper import ${kindName} takes, or name them under columns`
        : "correct the rows named, or skip them with skipBad where there is one",
    });
  };

const pullStream = async (
  options: PullOptions,
  context: SourceContext,
  stream: SourceStream,
): Promise<StreamResult> => {
  const { name, settings, database, signal, range = {} } = options;
  const key: StreamKey = { source: name, stream: stream.name, type: settings.type };
  const startedAt = options.now();
  const started = performance.now();
  const redacted = adder();
  const unmapped = adder();
  const told = () => ({ redacted: most(redacted.counts), unmapped: most(unmapped.counts) });
  const ms = () => Math.round(performance.now() - started);
  try {
    const pulled = await stream.pull({
      ...range,
      memory: await readMemory(database.pool, key),
      signal,
      full: options.full === true,
      acceptRemovals: options.acceptRemovals === true,
      land: landing(options, context, redacted.add),
      redact: redacted.add,
      unmapped: unmapped.add,
    });
    await keepGood(database.pool, key, pulled, { startedAt, ...told() });
    const { rowsRead, rowsWritten, refused = 0 } = pulled;
    const counts = { rowsRead, rowsWritten, refused, ms: ms() };
    context.log.info({ stream: stream.name, ...counts }, "source is loaded");
    for (const [value, records] of Object.entries(told().unmapped))
      context.log.warn(
        { stream: stream.name, value, records },
        "a value has no meaning yet: name it under stages",
      );
    return {
      ...key,
      ...counts,
      outcome: pulled.unchanged === true ? "unchanged" : "done",
      ...told(),
      failure: null,
    };
  } catch (error) {
    const failure = asFailure(signal.aborted ? signal.reason : error);
    return failed(options, key, failure, { startedAt, ms: ms() });
  }
};

const failed = async (
  { database, log }: PullOptions,
  key: StreamKey,
  failure: Failure,
  { startedAt, ms }: { readonly startedAt: Date; readonly ms: number },
): Promise<StreamResult> => {
  // A limit or a stop says nothing about the data; what was good stays so.
  if (failure.kind !== "cancelled") {
    await keepFailed(database.pool, key, failure, startedAt);
    log.warn({ ...key, kind: failure.kind, failure: failure.message }, "source failed");
  }
  const none = { rowsRead: 0, rowsWritten: 0, refused: 0, redacted: {}, unmapped: {} };
  return { ...key, ...none, outcome: "failed", ms, failure };
};

/** Pulls a source's streams one after the other. A failure is in the results; throws only when the signal aborts. */
export const pullSource = async (options: PullOptions): Promise<readonly StreamResult[]> => {
  const { name, settings, signal } = options;
  const context = sourceContext(options);
  let source: Source | undefined;
  const results: StreamResult[] = [];
  try {
    source = await openSource(settings, context);
    // A stream that is not asked for any more is neither fresh nor failing.
    await options.database.pool.query(
      "delete from ops.source where source = $1 and not (stream = any ($2))",
      [name, source.streams.map((stream) => stream.name)],
    );
    let stop: Failure | undefined;
    for (const stream of source.streams) {
      signal.throwIfAborted();
      const key = { source: name, stream: stream.name, type: settings.type };
      const result = stop
        ? await failed(options, key, stop, { startedAt: options.now(), ms: 0 })
        : await pullStream(options, context, stream);
      if (result.failure && stopsSource.has(result.failure.kind)) stop = result.failure;
      results.push(result);
    }
    return results;
  } catch (error) {
    signal.throwIfAborted();
    const key = { source: name, stream: "all", type: settings.type };
    return [...results, await failed(options, key, asFailure(error), { startedAt: options.now(), ms: 0 })];
  } finally {
    await source?.close();
  }
};
