import { type Kysely, sql } from "kysely";
import * as z from "zod";
import { endSilences, listSilences } from "../../alerts/state/silence.ts";
import type { DB } from "../../warehouse/schema.ts";
import { WebProblem } from "../failures.ts";
import type { SilenceAnswer } from "./operating-answers.ts";
import { idParameter, reasonText, storableText } from "./query.ts";

const longestHours = 24 * 90;
const shortestHours = 0.05;

export const silenceBody = z.strictObject({
  rule: storableText(200).min(1),
  labels: z.record(storableText(100), storableText(500)).default({}),
  hours: z
    .number()
    .min(shortestHours, `must be at least ${String(shortestHours)}`)
    .max(longestHours, `must be at most ${String(longestHours)}`),
  reason: reasonText,
});

/** Keeps a rule, or those of its series that carry the labels, quiet from now on for some hours. */
export const silence = async (
  db: Kysely<DB>,
  { rule, labels, hours, reason }: z.infer<typeof silenceBody>,
  madeBy: string,
): Promise<{ readonly until: string }> => {
  const { rows } = await sql<{ until: string }>`
    insert into ops.alert_silence (rule, labels, starts_at, ends_at, made_by, reason)
    select ${rule}, ${JSON.stringify(labels)}::jsonb, now(), now() + ${hours} * interval '1 hour', ${madeBy}, ${reason}
    where exists (select from ops.alert where rule = ${rule})
    returning ends_at as until`.execute(db);
  const [made] = rows;
  if (made === undefined)
    throw new WebProblem(404, "no alert has that rule", "the name may have changed: reload the page");
  return made;
};

/** What is not heard now, until when, by whom and why. */
export const silences = async (db: Kysely<DB>): Promise<{ readonly silences: readonly SilenceAnswer[] }> => ({
  silences: await listSilences(db, new Date()),
});

/** Ends one silence before its time. */
export const unsilence = async (
  db: Kysely<DB>,
  parameters: unknown,
  endedBy: string,
): Promise<{ readonly ended: readonly SilenceAnswer[] }> => {
  const { id } = idParameter.parse(parameters);
  const ended = await endSilences(db, { id }, endedBy, new Date());
  if (ended.length === 0)
    throw new WebProblem(404, "no such silence is in force", "it may have ended: reload the page");
  return { ended };
};
