import { asFailure, type Failure } from "../../src/domain/failure.ts";

/** All rows of a connector's stream. */
export const drain = async <T>(batches: AsyncIterable<readonly T[]>): Promise<T[]> => {
  const rows: T[] = [];
  for await (const batch of batches) rows.push(...batch);
  return rows;
};

export const list = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

export const failureOf = async (work: Promise<unknown>): Promise<Failure> => {
  try {
    await work;
  } catch (error) {
    return asFailure(error);
  }
  throw new Error("nothing failed");
};

/** Decimal text of at most six places, in millionths. */
export const millionths = (text: string): bigint => {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(6, "0").slice(0, 6));
};
