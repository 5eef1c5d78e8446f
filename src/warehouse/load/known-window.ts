import type pg from "pg";
import type { Connector, Pull } from "../../connectors/connector.ts";
import type { Part } from "./fact-tables.ts";

/** A slice's window, as the statements on it name it. */
export interface SliceWindow {
  readonly connector: Connector;
  readonly pull: Pull;
  readonly sliceId: string;
  readonly accountKey: number;
}

/** What the rows of a part and day were when they were published, and the counts and sums that they came to. */
export interface PublishedDay {
  readonly fingerprint: string;
  readonly published: string;
}

/** What is known of a window before it is read. Whoever changes it meanwhile changes `others` too. */
export interface KnownWindow {
  /** Changes with every other slice that publishes or confirms a day of the window. */
  readonly others: string | null;
  /** The days that were published whole. */
  readonly whole: ReadonlySet<string>;
  readonly prints: ReadonlyMap<Part, ReadonlyMap<string, PublishedDay>>;
}

const parametersOf = ({ connector, pull, sliceId }: SliceWindow) => [
  connector.platform,
  pull.account.id,
  pull.from,
  pull.to,
  sliceId,
];

export const readKnownWindow = async (client: pg.PoolClient, window: SliceWindow): Promise<KnownWindow> => {
  const days = await client.query<{ others: string | null; whole: string[] }>(
    `select ops.others_in($1, $2, $3, $4, $5) as others,
            array(select date::text from ops.account_day
                  where platform = $1 and account_id = $2 and date between $3 and $4
                    and state in ('complete', 'no_spend')) as whole`,
    parametersOf(window),
  );
  const { rows } = await client.query<PublishedDay & { readonly part: Part; readonly date: string }>(
    `select part, date, fingerprint, published from ops.day_fingerprint
     where account_key = $1 and date between $2 and $3`,
    [window.accountKey, window.pull.from, window.pull.to],
  );
  const prints = new Map<Part, Map<string, PublishedDay>>();
  for (const { part, date, ...print } of rows) {
    const known = prints.get(part);
    if (known) known.set(date, print);
    else prints.set(part, new Map([[date, print]]));
  }
  return { others: days.rows[0]?.others ?? null, whole: new Set(days.rows[0]?.whole), prints };
};

/** Waits until no other slice of the account publishes. @returns what `others` of the window is by then. */
export const holdPublishing = async (client: pg.PoolClient, window: SliceWindow): Promise<string | null> => {
  const { rows } = await client.query<{ others: string | null }>(
    "select ops.hold_publishing($6, $1, $2, $3, $4, $5) as others",
    [...parametersOf(window), window.accountKey],
  );
  return rows[0]?.others ?? null;
};
