import { useState } from "preact/hooks";
import type { Health } from "../../api/health-answers.ts";
import { dash, dayText, momentText } from "../format.ts";
import { DataTable } from "../parts/data-table.tsx";
import { SendingProblem } from "../parts/sending-problem.tsx";
import { Card, Hidden } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { useSending } from "../state/sending.ts";
import { useSession } from "../state/session.ts";

type Account = Health["accounts"][number];

const Resume = ({ platform, account_id, account_name }: Account) => {
  const { sending, problem, start } = useSending("/api/accounts/resume");
  return (
    <>
      <button disabled={sending} onClick={() => start({ platform, account_id })}>
        Resume<Hidden> {account_name ?? account_id}</Hidden>
      </button>
      <SendingProblem problem={problem} />
    </>
  );
};

/** Asks why before it pauses: whoever wonders later finds it. */
const Pause = ({ platform, account_id, account_name }: Account) => {
  const [isOpen, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const { sending, problem, start } = useSending("/api/accounts/pause");
  const name = account_name ?? account_id;
  if (!isOpen)
    return (
      <button onClick={() => setOpen(true)}>
        Pause<Hidden> {name}</Hidden>
      </button>
    );
  return (
    <form
      class="silence"
      onSubmit={(event) => {
        event.preventDefault();
        start({ platform, account_id, reason: reason === "" ? null : reason });
        setOpen(false);
      }}
    >
      <input
        aria-label={`Why ${name} is paused`}
        placeholder="Why, for those who wonder later"
        maxLength={300}
        value={reason}
        onInput={({ currentTarget: { value } }) => setReason(value)}
      />
      <button disabled={sending}>Pause {name}</button>
      <button type="button" class="quiet" onClick={() => setOpen(false)}>
        Cancel
      </button>
      <SendingProblem problem={problem} />
    </form>
  );
};

const stateText = ({ last_good_date, stale, paused }: Account): string => {
  const day = last_good_date === null ? "never" : dayText(last_good_date);
  if (paused === null) return `${day}${stale ? ", stale" : ""}`;
  const by = paused.by === null ? "" : ` by ${paused.by}`;
  return `${day}, paused since ${momentText(paused.since)}${by}${paused.reason === null ? "" : `: ${paused.reason}`}`;
};

/** How fresh each account is, and a way to leave it alone for a while. */
export const Freshness = ({ accounts }: Pick<Health, "accounts">) => {
  const mayOperate = useSession()?.may_operate === true;
  const columns = ["Account", "Platform", "Last good day", "Fetched"].map((name) => ({ name, whole: true }));
  return (
    <Card
      title="Freshness"
      {...(mayOperate && {
        about:
          "A paused account is left alone: nothing is pulled of it, its figures stay, and no night fails for it.",
      })}
    >
      <DataTable
        caption="Freshness of each account"
        columns={mayOperate ? [...columns, { name: "Pulled" }] : columns}
        rows={accounts.map((account) => [
          account.account_name ?? account.account_id,
          platformName(account.platform),
          stateText(account),
          account.fetched_at === null ? dash : momentText(account.fetched_at),
          ...(mayOperate ? [account.paused === null ? <Pause {...account} /> : <Resume {...account} />] : []),
        ])}
      />
    </Card>
  );
};
