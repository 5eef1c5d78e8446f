import { type RawBuilder, sql } from "kysely";
import * as z from "zod";
import { bareAccountId } from "../../connectors/account-ids.ts";
import { isPlatform, platforms } from "../../connectors/registry.ts";
import type { Range } from "./answers.ts";
import type { Read } from "./read.ts";

/** Text that Postgres can hold: no NUL, and no half of a surrogate pair. */
export const storableText = (longest: number) =>
  z
    .string()
    .max(longest, `is longer than ${String(longest)} characters`)
    .refine(
      (given) => !/[\0\p{Surrogate}]/u.test(given),
      "holds a character that no text has (NUL or half a pair)",
    );

const text = storableText(200);

/** Why something was done, or null. */
export const reasonText = storableText(300)
  .transform((given) => given.trim() || null)
  .nullable()
  .default(null);

/** The number of a row, in the path of an address. */
export const idParameter = z.strictObject({
  id: z.string().regex(/^\d{1,18}$/, "is not a number"),
});

export const filterKeys = {
  platform: z
    .string()
    .refine(isPlatform, { error: () => `is none of ${platforms.join(", ")}` })
    .optional(),
  /** `platform:id`, since ids are unique within their platform only. */
  account: storableText(80)
    .regex(/^[a-z]+:\S+$/, "is not written as platform:id")
    .refine((text) => isPlatform(text.slice(0, text.indexOf(":"))), "names no known platform")
    .optional(),
  campaign: text.optional(),
};

export const currencyKey = {
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, "is not a currency code like EUR")
    .optional(),
};

export const search = text.optional();

export const pageKeys = {
  page: z.coerce.number().int("is not a page number").min(1).max(1_000_000).default(1),
  size: z.coerce.number().int().min(1).max(100, "must be at most 100").default(25),
};

/**
 * How many rows all pages have, which every row says. Beyond the last page there is none to say it, and the first page is
 * asked.
 */
export const countOf = async (
  page: number,
  rows: readonly { readonly count: number }[],
  ask: (first: { readonly page: number; readonly size: number }) => Promise<typeof rows>,
): Promise<number> => {
  const [row] = page === 1 || rows.length > 0 ? rows : await ask({ page: 1, size: 1 });
  return row?.count ?? 0;
};

interface Filters {
  readonly platform?: string | undefined;
  readonly account?: string | undefined;
  readonly campaign?: string | undefined;
}

export const accountOf = (account: string): { readonly platform: string; readonly id: string } => {
  const [platform = "", ...rest] = account.split(":");
  return { platform, id: isPlatform(platform) ? bareAccountId(platform, rest.join(":")) : rest.join(":") };
};

/** The accounts to take; undefined: all. */
export type Keys = readonly number[] | undefined;

/** Which accounts a filter leaves, as a list of keys: the first column of every primary key. */
export const accountKeys = async (read: Read, { platform, account }: Filters): Promise<Keys> => {
  if (platform === undefined && account === undefined) return undefined;
  const wanted = account === undefined ? undefined : accountOf(account);
  const rows = await read<{ account_key: number }>(sql`
    select account_key from warehouse.account
    where (${platform ?? null}::text is null or platform = ${platform ?? null})
      and (${wanted?.id ?? null}::text is null or (platform = ${wanted?.platform ?? null} and account_id = ${wanted?.id ?? null}))`);
  return rows.map(({ account_key }) => account_key);
};

/** Whether an account is one of some. On several machines, what concerns one account is asked of its own alone. */
export const amongKeys = (column: RawBuilder<unknown>, keys: readonly number[]): RawBuilder<unknown> =>
  keys.length === 1 ? sql`${column} = ${keys[0]}::int` : sql`${column} = any (${[...keys]}::int[])`;

/** `and`-able conditions on a mart `m`. */
export const within = (range: Range, keys: Keys, campaign?: string): RawBuilder<unknown> => sql`
  m.date between ${range.from}::date and ${range.to}::date
  ${keys === undefined ? sql`` : sql`and ${amongKeys(sql.ref("m.account_key"), keys)}`}
  ${campaign === undefined ? sql`` : sql`and m.campaign_id = ${campaign}`}`;

/** One letter as a regular expression: either of its cases, and no sign of such an expression. */
const eitherCase = (letter: string): string => {
  const cases = new Set(
    [letter, letter.toLowerCase(), letter.toUpperCase()].filter((form) => Array.from(form).length === 1),
  );
  return cases.size === 1
    ? letter.replace(/[\\^$.|?*+()[\]{}]/, String.raw`\$&`)
    : `[${[...cases].join("")}]`;
};

/**
 * What a person typed, as a regular expression that finds it anywhere, in either case. The cases are told here: a
 * database of locale C, as the embedded one is, knows those of ASCII alone.
 */
export const containing = (text: string): string => Array.from(text, eitherCase).join("");
