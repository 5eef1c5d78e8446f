import { createHash } from "node:crypto";
import type { PoolClient } from "pg";
import { attributionSql } from "./attribution.ts";
import type { FirstPartyDue } from "./due.ts";
import { exclusionsSql } from "./exclusions.ts";
import { martsSql } from "./marts.ts";
import type { FirstPartySettings } from "./settings.ts";

const made = "first_party_made_by";
const seen = "first_party_seen";

/** What the marts are made by: the choices, and the statements themselves, which another costper may have otherwise. */
const makerOf = (client: PoolClient, settings: FirstPartySettings, more: readonly string[]): string => {
  const { classify: _, ...choices } = settings;
  const statements = [
    ...Object.values(attributionSql),
    ...exclusionsSql({ client, settings, whole: true }),
    ...Object.values(martsSql),
    ...more,
  ];
  const ordered = Object.entries(choices).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([ordered, statements]))
    .digest("hex");
};

const remembered = async (client: PoolClient, name: string): Promise<string | undefined> => {
  const { rows } = await client.query<{ value: string }>(
    "select value from ops.rollup_setting where name = $1",
    [name],
  );
  return rows[0]?.value;
};

/** Remembers it. Whether it was another before. */
const remember = async (client: PoolClient, name: string, value: string): Promise<boolean> => {
  if ((await remembered(client, name)) === value) return false;
  await client.query(
    `insert into ops.rollup_setting (name, value) values ($1, $2)
     on conflict (name) do update set value = excluded.value`,
    [name, value],
  );
  return true;
};

/**
 * Whether the marts were last made by something else.
 * @param more statements besides those of this folder
 */
export const isOtherMaker = (
  client: PoolClient,
  settings: FirstPartySettings,
  more: readonly string[],
): Promise<boolean> => remember(client, made, makerOf(client, settings, more));

/** What was ever seen decides between none and unknown on every day: whether it is another than it was. */
export const isOtherSeen = (
  { client }: FirstPartyDue,
  what: "conversions" | "measures",
  value: readonly string[] | boolean,
): Promise<boolean> => remember(client, `${seen}_${what}`, JSON.stringify(value));
