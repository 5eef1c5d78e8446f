import type { Kysely } from "kysely";
import * as z from "zod";
import { bareAccountId } from "../../connectors/account-ids.ts";
import { isPlatform, platforms } from "../../connectors/registry.ts";
import { pauseAccount, resumeAccount } from "../../warehouse/account-pauses.ts";
import type { DB } from "../../warehouse/schema.ts";
import { WebProblem } from "../failures.ts";
import { reasonText, storableText } from "./query.ts";

const account = {
  platform: z.string().refine(isPlatform, { error: () => `is none of ${platforms.join(", ")}` }),
  account_id: storableText(80).min(1),
};

export const pauseBody = z.strictObject({ ...account, reason: reasonText });
export const resumeBody = z.strictObject(account);

type Named = z.infer<typeof resumeBody>;

const named = ({ platform, account_id: written }: Named) => ({
  platform,
  accountId: bareAccountId(platform, written),
});

/** Nothing is pulled of the account from now on; its figures stay. */
export const pause = async (
  db: Kysely<DB>,
  body: z.infer<typeof pauseBody>,
  madeBy: string,
): Promise<{ readonly paused: true }> => {
  if (!(await pauseAccount(db, { ...named(body), madeBy, reason: body.reason })))
    throw new WebProblem(404, "the warehouse does not know that account", "reload the page");
  return { paused: true };
};

/** The next night asks for the account again. */
export const resume = async (db: Kysely<DB>, body: Named): Promise<{ readonly paused: false }> => {
  if (!(await resumeAccount(db, named(body))))
    throw new WebProblem(404, "that account is not paused", "somebody may have resumed it: reload the page");
  return { paused: false };
};
