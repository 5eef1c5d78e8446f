import type { PoolClient } from "pg";
import { Failure } from "../domain/failure.ts";

/** Holds a source until the transaction ends. @throws Failure `transient` where another process has it */
export const holdSource = async (client: PoolClient, name: string): Promise<void> => {
  const { rows } = await client.query<{ free: boolean }>(
    "select ops.try_hold('costper.source', hashtext($1)) as free",
    [name],
  );
  if (rows[0]?.free === true) return;
  throw new Failure({
    kind: "transient",
    message: `source ${name} is being pulled by another process`,
    remedy: "wait until it has ended",
  });
};
