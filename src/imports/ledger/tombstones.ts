import type { PoolClient } from "pg";
import { countedOrder } from "../../metrics/first-party/orders.ts";

/** What an erased id is the id of. */
export type Buried = "lead" | "conversion" | "order";

const buriedBy: Readonly<Record<string, { readonly what: Buried; readonly column: string }>> = {
  leads: { what: "lead", column: "lead_id" },
  conversions: { what: "conversion", column: "conversion_id" },
};

const keyOf = async (client: PoolClient): Promise<Buffer> => {
  const { rows } = await client.query<{ key: Buffer }>(
    "select tombstone_key as key from ops.installation limit 1",
  );
  const key = rows[0]?.key;
  if (key === undefined) throw new RangeError("the installation has no key");
  return key;
};

const blockBytes = 64;

/** The two keys of an HMAC-SHA-256 (RFC 2104), for a statement that computes the rest. */
const padded = (key: Buffer, byte: number): Buffer =>
  Buffer.from(Array.from({ length: blockBytes }, (_, index) => (key[index] ?? 0) ^ byte));

/** $1 and $2 of a statement with `hashOf`. */
const hashKeys = (key: Buffer): readonly Buffer[] => [padded(key, 0x36), padded(key, 0x5c)];

const hashOf = (id: string, what: Buried): string =>
  `sha256($2 || sha256($1 || convert_to('${what}:' || ${id}, 'UTF8')))`;

/** In SQL: what an order is buried under. Within one conversion name it counts once. */
export const orderName = (row: string): string =>
  `jsonb_build_array(${row}.conversion_name, ${row}.order_id)::text`;

/** Keeps that ids were erased, without keeping the ids. `ids` is a relation with a column `id`, however many they are. */
export const bury = async (client: PoolClient, what: Buried, ids: string): Promise<void> => {
  await client.query(
    `insert into ops.tombstone (hash) select distinct ${hashOf("gone.id", what)} from (${ids}) gone on conflict do nothing`,
    [...hashKeys(await keyOf(client))],
  );
};

/** Takes staged rows of people and their conversions that were erased out again: an old file or page names them. */
export const buryForgotten = async (client: PoolClient, kind: string): Promise<void> => {
  const buried = buriedBy[kind];
  if (buried === undefined) return;
  const { rows } = await client.query("select from ops.tombstone limit 1");
  if (rows.length === 0) return;
  const keys = [...hashKeys(await keyOf(client))];
  await client.query(
    `delete from import_row r using ops.tombstone t where t.hash = ${hashOf(`r.${buried.column}`, buried.what)}`,
    keys,
  );
  // What was merged into somebody who was erased since is nobody's; what such a one buys is nobody's in particular.
  await client.query(
    kind === "leads"
      ? `delete from import_row r using ops.tombstone t where t.hash = ${hashOf("r.merged_into", "lead")}`
      : `update import_row r set lead_id = null from ops.tombstone t where t.hash = ${hashOf("r.lead_id", "lead")}`,
    keys,
  );
  if (kind === "conversions")
    await client.query(
      `update import_row r set order_id = '${countedOrder}' from ops.tombstone t
       where r.order_id is not null and t.hash = ${hashOf(orderName("r"), "order")}`,
      keys,
    );
};
