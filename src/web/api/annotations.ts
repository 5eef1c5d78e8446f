import { sql } from "kysely";
import * as z from "zod";
import { profiles } from "../../connectors/registry.ts";
import type { Annotation } from "./answers.ts";
import { labelsOf } from "./alerts.ts";
import { accountOf, filterKeys } from "./query.ts";
import { rangeKeys, resolveRange } from "./ranges.ts";
import { notesOf } from "./notes.ts";
import type { NoteAnswer } from "./operating-answers.ts";
import { hasRows, type Read } from "./read.ts";

export const annotationsQuery = z.strictObject({ ...rangeKeys, ...filterKeys });

const platformChanges = (): readonly (Annotation & { readonly platform: string })[] =>
  profiles().flatMap(({ name, changes = [] }) =>
    changes.map(({ date, text }) => ({ date, kind: "platform" as const, platform: name, text })),
  );

/** Of whom a note is, in front of it; a note about everything has none. */
const aboutText = (note: NoteAnswer): string => {
  const name = note.campaign_name ?? note.campaign_id ?? note.account_name ?? note.account_id;
  return name === null ? note.text : `${name}: ${note.text}`;
};

/**
 * What a reader should know of when a line bends: what people noted, alerts that began or ended, and changes of the
 * platforms.
 */
export const annotations = async (
  read: Read,
  query: z.infer<typeof annotationsQuery>,
): Promise<{ readonly annotations: readonly Annotation[] }> => {
  const range = await resolveRange(read, query);
  const about = query.account === undefined ? query.platform : accountOf(query.account).platform;
  const changes = platformChanges().filter(
    ({ date, platform }) =>
      date >= range.from && date <= range.to && (about === undefined || platform === about),
  );
  const events = (await hasRows(read, "ops.alert_event"))
    ? await read<Annotation>(sql`
        select distinct occurred_at::date as date, 'alert' as kind, labels ->> 'platform' as platform,
               'Alert ' || rule || case to_state when 'firing' then ' fired' else ' was resolved' end
                 || coalesce(': ' || coalesce(labels ->> 'campaign_name', labels ->> 'account_id'), '') as text
        from ops.alert_event
        where to_state in ('firing', 'resolved') and occurred_at::date between ${range.from}::date and ${range.to}::date
          and labels @> ${labelsOf(query)}::jsonb
        order by 1 desc, 4 limit 50`)
    : [];
  const notes = (await notesOf(read, range, query)).map((note): Annotation => ({
    date: note.date,
    kind: "note",
    platform: note.platform,
    text: aboutText(note),
  }));
  return { annotations: [...notes, ...changes, ...events].toSorted((a, b) => a.date.localeCompare(b.date)) };
};
