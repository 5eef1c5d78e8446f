import { type Kysely, type RawBuilder, sql } from "kysely";
import * as z from "zod";
import type { DB } from "../../warehouse/schema.ts";
import { WebProblem } from "../failures.ts";
import type { Range } from "./answers.ts";
import type { NoteAnswer } from "./operating-answers.ts";
import { accountOf, filterKeys, idParameter, storableText } from "./query.ts";
import { dayKey, rangeKeys, resolveRange } from "./ranges.ts";
import type { Read } from "./read.ts";

const shownNotes = 200;

export const notesQuery = z.strictObject({ ...rangeKeys, ...filterKeys });

type Scope = Pick<z.infer<typeof notesQuery>, "platform" | "account" | "campaign">;

const same = (column: string, wanted: string | null): RawBuilder<unknown> => {
  const named = sql.ref(column);
  return sql`(${wanted}::text is null or ${named} is null or ${named} = ${wanted})`;
};

/** Notes on the days that say something of what is looked at: those of a part of it, and those of what it is a part of. */
export const notesOf = async (read: Read, range: Range, scope: Scope): Promise<readonly NoteAnswer[]> => {
  const account = scope.account === undefined ? undefined : accountOf(scope.account);
  return read<NoteAnswer>(sql`
    select n.note_id::text as id, n.date, n.platform, n.account_id, a.name as account_name, n.campaign_id,
           c.name as campaign_name, n.text, n.made_by, n.made_at, n.changed_at
    from ops.note n
    left join (select * from warehouse.account where series_to is null) a
      on a.platform = n.platform and a.account_id = n.account_id
    left join warehouse.campaign c on c.account_key = a.account_key and c.campaign_id = n.campaign_id
    where n.date between ${range.from}::date and ${range.to}::date
      and ${same("n.platform", account?.platform ?? scope.platform ?? null)}
      and ${same("n.account_id", account?.id ?? null)}
      and ${same("n.campaign_id", scope.campaign ?? null)}
    order by n.date desc, n.note_id desc limit ${shownNotes}`);
};

/** The notes on the days of the range. */
export const notes = async (
  read: Read,
  query: z.infer<typeof notesQuery>,
): Promise<{ readonly range: Range; readonly notes: readonly NoteAnswer[] }> => {
  const range = await resolveRange(read, query);
  return { range, notes: await notesOf(read, range, query) };
};

export const noteBody = z
  .strictObject({
    date: dayKey,
    ...filterKeys,
    text: storableText(500).refine((text) => text.trim() !== "", "is empty: write what happened"),
  })
  .refine(({ campaign, account }) => campaign === undefined || account !== undefined, {
    path: ["campaign"],
    error: "needs the account that it is of",
  })
  .refine(
    ({ account, platform }) =>
      account === undefined || platform === undefined || accountOf(account).platform === platform,
    { path: ["account"], error: "is of another platform" },
  );

type NoteBody = z.infer<typeof noteBody>;

/** The scope of a note as it is kept. @throws WebProblem where the warehouse does not know it */
const scopeOf = async (db: Kysely<DB>, { platform, account, campaign }: NoteBody) => {
  if (account === undefined) return { platform: platform ?? null, accountId: null, campaignId: null };
  const named = accountOf(account);
  const { rows } = await sql<{ campaign: boolean }>`
    select ${campaign ?? null}::text is null
           or exists (select from warehouse.campaign c where c.account_key = a.account_key and c.campaign_id = ${campaign ?? null})
           or exists (select from marts.cost_per_conversion_daily m
                      where m.account_key = a.account_key and m.campaign_id = ${campaign ?? null}) as campaign
    from warehouse.account a
    where a.platform = ${named.platform} and a.account_id = ${named.id} and a.series_to is null`.execute(db);
  const [found] = rows;
  if (found === undefined)
    throw new WebProblem(404, "the warehouse does not know that account", "choose one that it has");
  if (!found.campaign) throw new WebProblem(404, "the account has no such campaign", "choose one of its own");
  return { platform: named.platform, accountId: named.id, campaignId: campaign ?? null };
};

export const addNote = async (
  db: Kysely<DB>,
  body: NoteBody,
  madeBy: string,
): Promise<{ readonly id: string }> => {
  const { platform, accountId, campaignId } = await scopeOf(db, body);
  const { rows } = await sql<{ id: string }>`
    insert into ops.note (date, platform, account_id, campaign_id, text, made_by)
    values (${body.date}, ${platform}, ${accountId}, ${campaignId}, ${body.text.trim()}, ${madeBy})
    returning note_id::text as id`.execute(db);
  return { id: rows[0]?.id ?? "" };
};

const gone = (): WebProblem =>
  new WebProblem(404, "there is no such note", "somebody may have taken it away: reload the page");

export const changeNote = async (
  db: Kysely<DB>,
  parameters: unknown,
  body: NoteBody,
): Promise<{ readonly id: string }> => {
  const { id } = idParameter.parse(parameters);
  const { platform, accountId, campaignId } = await scopeOf(db, body);
  const { rows } = await sql`
    update ops.note
    set date = ${body.date}, platform = ${platform}, account_id = ${accountId}, campaign_id = ${campaignId},
        text = ${body.text.trim()}, changed_at = now()
    where note_id = ${id}::bigint returning 1`.execute(db);
  if (rows.length === 0) throw gone();
  return { id };
};

export const removeNote = async (
  db: Kysely<DB>,
  parameters: unknown,
): Promise<{ readonly removed: string }> => {
  const { id } = idParameter.parse(parameters);
  const { rows } = await sql`delete from ops.note where note_id = ${id}::bigint returning 1`.execute(db);
  if (rows.length === 0) throw gone();
  return { removed: id };
};
