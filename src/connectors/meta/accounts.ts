import * as z from "zod";
import { isTimeZone } from "../../domain/day.ts";
import type { Account } from "../../domain/facts.ts";
import { asFailure } from "../../domain/failure.ts";
import type { ConnectorContext } from "../connector.ts";
import type { Client } from "./client.ts";
import { nameText } from "./normalize.ts";
import { meta } from "./platform.ts";
import type { MetaSettings } from "./settings.ts";

const fields =
  "id,account_id,name,currency,timezone_name,timezone_offset_hours_utc,account_status,disable_reason";

/** The words of `account_status`. Unsettled, in review or in grace: such an account still runs or may run again. */
const statuses: Readonly<Record<number, string>> = {
  1: "ACTIVE",
  2: "DISABLED",
  3: "UNSETTLED",
  7: "PENDING_RISK_REVIEW",
  8: "PENDING_SETTLEMENT",
  9: "IN_GRACE_PERIOD",
  100: "PENDING_CLOSURE",
  101: "CLOSED",
};
const notEnabled = new Set(["DISABLED", "PENDING_CLOSURE", "CLOSED"]);

const wireAccount = z.object({
  id: z.string().optional(),
  account_id: z.string().optional(),
  name: nameText.nullish(),
  currency: z.string().catch(""),
  timezone_name: z.string().nullish(),
  timezone_offset_hours_utc: z.number().nullish(),
  account_status: z.coerce.number().catch(0),
});

/** An account of which the id cannot be read is undefined. Its currency is judged where it is planned. */
const toAccount = (raw: unknown): Account | undefined => {
  const parsed = wireAccount.safeParse(raw);
  const id = meta.accountId.bare(parsed.data?.account_id ?? parsed.data?.id ?? "");
  if (!parsed.success || id === "") return undefined;
  const { name, currency, timezone_name, timezone_offset_hours_utc, account_status } = parsed.data;
  const status = statuses[account_status] ?? String(account_status);
  const named = timezone_name ?? "";
  const known = named !== "" && isTimeZone(named);
  return {
    platform: "meta",
    id,
    name: name ?? "",
    currency,
    timeZone: known ? named : fixedZone(timezone_offset_hours_utc ?? 0),
    status,
    active: !notEnabled.has(status),
    ...(known ? {} : { warnings: [`unknown time zone ${named || "(none)"}: its present offset is used`] }),
  };
};

/** The IANA zone of a whole offset; its sign is the other way round there. */
const fixedZone = (hours: number): string => {
  const whole = Math.trunc(hours);
  return whole === 0 ? "UTC" : `Etc/GMT${whole > 0 ? "-" : "+"}${Math.abs(whole)}`;
};

/** The token's own ad accounts, then those that the settings name and the token reaches in another way. */
export async function* readAccounts(
  client: Client,
  settings: MetaSettings,
  context: ConnectorContext,
  signal: AbortSignal,
): AsyncGenerator<Account> {
  const seen = new Set<string>();
  const call = {
    path: ["me", "adaccounts"],
    params: { fields },
    name: "ad accounts",
    accountId: null,
    signal,
  };
  for await (const page of client.pages(call, 200))
    for (const raw of page) {
      const account = toAccount(raw);
      if (!account) {
        context.log.warn({ platform: "meta" }, "an ad account without id is left out");
        continue;
      }
      if (seen.has(account.id)) continue;
      seen.add(account.id);
      yield account;
    }
  for (const written of settings.accounts ?? []) {
    const id = meta.accountId.bare(written);
    if (seen.has(id)) continue;
    seen.add(id);
    try {
      const path = [`act_${id}`];
      const raw = await client.call({ path, params: { fields }, name: "ad account", accountId: id, signal });
      const account = toAccount(raw);
      if (account) yield account;
    } catch (error) {
      const failure = asFailure(error);
      // One account out of reach must not hide the others: the caller sees that a named one is missing.
      if (failure.kind !== "account" && failure.kind !== "request") throw failure;
      context.log.warn(
        { platform: "meta", account: id, code: failure.code, reason: failure.message },
        "named account is out of reach",
      );
    }
  }
}
