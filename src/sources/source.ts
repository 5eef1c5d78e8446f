import type { Logger } from "pino";
import type * as z from "zod";
import type { Day } from "../domain/day.ts";
import type { Database } from "../warehouse/database.ts";
import type { ImportOptions, ImportResult } from "../imports/import-file.ts";
import type { SourceSettings } from "./settings.ts";

/** What costper knows of a type of source without talking to one. Light: it is always loaded. */
export interface SourceType<Settings extends SourceSettings = SourceSettings> {
  /** `type` in costper.yaml. */
  readonly name: string;
  readonly label: string;
  readonly settings: z.ZodType<Settings>;
  /** What keys say together that cannot be; `key` is the path below the source. */
  problems?(
    written: Readonly<Record<string, unknown>>,
  ): readonly { readonly key: string; readonly message: string }[];
  /** The settings that no log line and no error may show. */
  readonly secrets: readonly string[];
}

/** What a source is opened with. */
export interface SourceContext {
  /** Its name in costper.yaml. */
  readonly name: string;
  readonly idPrefix: string;
  readonly database: Database;
  readonly log: Logger;
  readonly now: () => Date;
  /** IANA zone whose days are counted. */
  readonly timeZone: string;
  /** The config's folder: files are named from it. */
  readonly folder: string;
  /** Tests shorten the delays; nothing else does. */
  readonly firstDelayMs?: number | undefined;
}

/** What is remembered of a stream between two pulls. */
export interface StreamMemory {
  /** Changes up to then are loaded. */
  readonly mark: Date | null;
  /** The last time that everything was read. */
  readonly lastWholeAt: Date | null;
  readonly state: Readonly<Record<string, unknown>>;
}

export type Landing = Pick<ImportOptions, "bytes"> &
  Partial<
    Pick<
      ImportOptions,
      | "separator"
      | "encoding"
      | "values"
      | "headings"
      | "correct"
      | "keepDeleted"
      | "keepFirst"
      | "ofCrm"
      | "keepHistory"
      | "skipBad"
      | "afterMerge"
      | "beforeMerge"
    >
  > & {
    readonly kind: string;
    /** Rows of this source that do not come go. */
    readonly replaces?: boolean;
    /** Name of a file, for messages. */
    readonly file?: string;
  };

/** One pull of a stream: what is asked of it, and where its rows go. */
export interface StreamAsk {
  readonly memory: StreamMemory;
  readonly signal: AbortSignal;
  /** Everything is read, not only what changed. */
  readonly full: boolean;
  readonly from?: Day | undefined;
  readonly to?: Day | undefined;
  /** A mass removal is meant. */
  readonly acceptRemovals: boolean;
  /** Lands rows in one transaction. @throws Failure `data` or `request` where they cannot be taken. */
  land(this: void, landing: Landing): Promise<ImportResult>;
  /** Counts a value that was left out as personal data. */
  redact(this: void, field: string): void;
  /** Counts a value that has no meaning yet. */
  unmapped(this: void, value: string): void;
}

/** What a pull came to. */
export interface Pulled {
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly refused?: number;
  /** Nothing new was there: what is loaded is up to date. */
  readonly unchanged?: boolean;
  /** False where the origin said nothing at all: how old the data are does not change. Default true. */
  readonly fresh?: boolean;
  readonly mark?: Date;
  /** Whether everything was read. */
  readonly whole?: boolean;
  readonly state?: Readonly<Record<string, unknown>>;
}

export interface SourceStream {
  readonly name: string;
  /** @throws Failure */
  pull(ask: StreamAsk): Promise<Pulled>;
}

/** One line of `costper doctor` about a source. */
export interface SourceFinding {
  readonly outcome: "ok" | "warning";
  readonly message: string;
  readonly remedy?: string;
}

/** A source that is open. */
export interface Source {
  readonly streams: readonly SourceStream[];
  /** What `costper doctor` says. @throws Failure */
  check(signal: AbortSignal): AsyncIterable<SourceFinding>;
  close(): Promise<void>;
}

export type OpenSource<Settings> = (settings: Settings, context: SourceContext) => Promise<Source> | Source;
