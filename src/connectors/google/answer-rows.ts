import { Failure } from "../../domain/failure.ts";
import { type Answer, type AnswerHeaders, interrupted } from "../wire/exchange.ts";
import { checkJsonSize, JsonTooLarge } from "../wire/json.ts";
import { type AnswerScanner, type Piece, scanAnswer, TooLong } from "./answer-scanner.ts";
import { checkColumns, type ColumnCheck } from "./columns.ts";
import { type ErrorContext, failureOf } from "./failures.ts";
import { readRows, type RowReader } from "./row-reader.ts";

const transient = (message: string, accountId?: string): Failure =>
  new Failure({
    kind: "transient",
    platform: "google",
    message,
    remedy: "it is tried again; nothing of a broken answer is kept",
    ...(accountId === undefined ? {} : { accountId }),
  });

const tooLarge = ({ what, accountId }: ErrorContext, sentence: string): Failure =>
  new Failure({
    kind: "data",
    platform: "google",
    code: "too_large",
    message: `${what}: ${sentence}`,
    remedy: "ask for fewer days or accounts at once; nothing of the answer is kept",
    ...(accountId === undefined ? {} : { accountId }),
  });

/** Pieces are small; of one that is not, it is first looked at what it would grow to. */
const suspectBytes = 1_000_000;

const parsePiece = (
  about: ErrorContext,
  piece: Piece,
  headers: AnswerHeaders,
  columns: ColumnCheck,
  reader: RowReader | undefined,
): readonly unknown[] => {
  if (piece.kind === "read") {
    columns.see(piece.rows);
    return piece.rows;
  }
  const { kind, bytes } = piece;
  let batch: { readonly error?: unknown; readonly results?: unknown; readonly fieldMask?: unknown };
  try {
    const text = bytes.toString("utf8");
    if (bytes.length > suspectBytes) checkJsonSize(text);
    if (kind === "rows") {
      const rows = JSON.parse(`[${text}]`) as unknown[];
      columns.see(rows);
      reader?.learn(rows.at(-1));
      return rows;
    }
    batch = JSON.parse(text) as typeof batch;
  } catch (error) {
    if (error instanceof JsonTooLarge) throw tooLarge(about, `an element ${error.message}`);
    throw transient(`${about.what} was answered with broken JSON`, about.accountId);
  }
  // After the first batch the status is 200 already: an error then comes as an element of its own.
  if (batch.error !== undefined) throw failureOf(about, 200, batch, headers).failure;
  if (typeof batch.fieldMask === "string") columns.mask(batch.fieldMask);
  if (batch.results === undefined) return [];
  if (!Array.isArray(batch.results))
    throw transient(`${about.what} was answered with results that are no list`, about.accountId);
  columns.see(batch.results);
  return batch.results;
};

/** Reads on until some pieces are complete; none at the end of the array. */
const nextPieces = async (
  about: ErrorContext,
  answer: Answer,
  scanner: AnswerScanner,
  head: Buffer[],
): Promise<Piece[] | undefined> => {
  for (;;) {
    const chunk = await answer.read();
    if (!chunk) {
      if (scanner.done) return undefined;
      const whole = failureOf(about, 200, Buffer.concat(head).toString("utf8"), answer.headers);
      // An object in the array's place may be an error, which search answers like that.
      if (whole.isError) throw whole.failure;
      throw transient(`${about.what} was answered with a truncated text`, about.accountId);
    }
    if (head.length === 0) head.push(chunk.subarray(0, 65_536));
    try {
      const pieces = scanner.push(chunk);
      if (pieces.length > 0) return pieces;
    } catch (error) {
      if (error instanceof TooLong) throw tooLarge(about, error.message);
      const whole = failureOf(about, 200, Buffer.concat(head).toString("utf8"), answer.headers);
      if (whole.isError) throw whole.failure;
      throw transient(`${about.what} was answered with something else than JSON batches`, about.accountId);
    }
  }
};

/** The query that is answered. */
interface AnswerTo {
  readonly about: ErrorContext;
  readonly gaql: string;
  readonly customerId: string;
  readonly signal: AbortSignal;
}

/**
 * The rows of a searchStream answer, some hundred at a time, as they come off the wire; an element may have none.
 * @throws Failure where the answer breaks off, is an error or holds one, or lacks a metric that the query asks for.
 */
export async function* answerRows(
  answer: Answer,
  { about, gaql, customerId, signal }: AnswerTo,
): AsyncGenerator<readonly unknown[]> {
  // Only rows of figures come by the million.
  const reader = gaql.includes("metrics.") ? readRows() : undefined;
  const scanner = scanAnswer(reader);
  const columns = checkColumns(about.what, gaql, customerId);
  const head: Buffer[] = [];
  for (;;) {
    const pieces = await nextPieces(about, answer, scanner, head);
    if (!pieces) break;
    for (const piece of pieces) {
      if (signal.aborted) throw interrupted(signal, "google");
      yield parsePiece(about, piece, answer.headers, columns, reader);
    }
  }
  columns.end();
}
