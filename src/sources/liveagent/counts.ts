import type { ContactChannel } from "../desk/figures.ts";
import type { Call, Ticket } from "./pages.ts";
import { instantOf } from "./pages.ts";

// Letters of `channel_type` ("Ticket", API v3). Calls' own tickets are counted as calls.
const letters: Readonly<
  Record<string, ContactChannel | "call ticket" | "forum" | "suggestion" | "internal">
> = {
  E: "email",
  B: "chat",
  I: "chat",
  M: "form",
  F: "social",
  A: "social",
  T: "social",
  Q: "forum",
  S: "suggestion",
  C: "call ticket",
  W: "call ticket",
  V: "call ticket",
  "1": "internal",
};

/** Begun, deleted, spam. */
const noContact = new Set(["I", "X", "B"]);

const isAnswered = ({ dateAnswered }: Call): boolean =>
  (dateAnswered ?? "") !== "" && !(dateAnswered ?? "").startsWith("0000");

/** A call that was passed on has a second row with the same ticket while the first goes on. */
const withoutTransfers = (calls: readonly Call[]): readonly Call[] => {
  const kept: Call[] = [];
  const ends = new Map<string, number>();
  const sorted = calls
    .map((call) => ({ call, at: instantOf(call.dateCreated).getTime() }))
    .sort((one, other) => one.at - other.at || (one.call.id < other.call.id ? -1 : 1));
  for (const { call, at } of sorted) {
    const end = call.dateFinished ? instantOf(call.dateFinished).getTime() : at;
    const key = call.ticketId ? `${call.type} ${call.ticketId}` : `call ${call.id}`;
    const before = ends.get(key);
    ends.set(key, Math.max(end, before ?? end));
    if (before === undefined || at > before) kept.push(call);
  }
  return kept;
};

/** Answered calls of a day by direction, or all of them; internal ones never. */
export const countCalls = (
  calls: readonly Call[],
  which: "answered" | "all",
): { readonly in: number; readonly out: number } => {
  const counted = withoutTransfers(calls.filter((call) => which === "all" || isAnswered(call)));
  return {
    in: counted.filter(({ type }) => type === "I").length,
    out: counted.filter(({ type }) => type === "O").length,
  };
};

/** Tickets of a day that customers wrote, by channel. */
export const countTickets = (
  tickets: readonly Ticket[],
  options: {
    readonly exclude: readonly string[];
    readonly departments: readonly string[] | undefined;
    /** Told of letters that nobody knows. */
    readonly unmapped: (value: string) => void;
  },
): ReadonlyMap<ContactChannel, number> => {
  const counts = new Map<ContactChannel, number>();
  for (const { status, channel_type: letter, departmentid } of tickets) {
    if (noContact.has(status)) continue;
    if (options.departments?.includes(departmentid ?? "") === false) continue;
    const named = letters[letter];
    if (named === undefined) options.unmapped(`channel_type ${letter}`);
    if (named === "call ticket" || named === "internal" || options.exclude.includes(named ?? "")) continue;
    const channel =
      named === undefined ? "other" : named === "forum" || named === "suggestion" ? "message" : named;
    counts.set(channel, (counts.get(channel) ?? 0) + 1);
  }
  return counts;
};
