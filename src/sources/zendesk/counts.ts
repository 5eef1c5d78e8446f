import type { ContactChannel } from "../desk/figures.ts";
import type { ZendeskCall, ZendeskTicket } from "./exports.ts";

// `via.channel` ("Via types reference").
const channels: Readonly<Record<string, ContactChannel>> = {
  email: "email",
  web: "form",
  web_form: "form",
  web_widget: "form",
  help_center: "form",
  mobile: "form",
  mobile_sdk: "form",
  chat: "chat",
  native_messaging: "message",
  sms: "message",
  whatsapp: "message",
  line: "message",
  wechat: "message",
  telegram: "message",
  viber: "message",
  facebook: "social",
  messenger: "social",
  instagram_dm: "social",
  twitter: "social",
  twitter_dm: "social",
  twitter_favorite: "social",
  twitter_like: "social",
  api: "api",
  any_channel: "other",
};

/** A call's own ticket is counted as a call, and what the system or an agent makes is no contact. */
const noContact: ReadonlySet<string> = new Set([
  "voice",
  "rule",
  "linked_problem",
  "merge",
  "batch",
  "group_change",
  "group_deletion",
  "user_change",
  "user_deletion",
  "user_merge",
  "ticket_sharing",
  "ticket_tagging",
  "monitor_event",
  "side_conversation",
  "system",
  "sample_ticket",
  "sample_interactive_ticket",
  "closed_ticket",
  "import",
]);

/** Through which channel a customer wrote a ticket; null: it is no contact. */
export const contactOf = (
  { status, via, tags, requester_id: requester, submitter_id: submitter }: ZendeskTicket,
  exclude: readonly string[],
): { readonly channel: ContactChannel; readonly unknown?: string } | null => {
  if (status === "deleted" || tags?.includes("closed_by_merge") === true) return null;
  const named = via?.channel ?? "";
  if (noContact.has(named) || exclude.includes(named)) return null;
  // Agents open tickets on the web, too, for somebody else.
  if (named === "web" && requester != null && submitter != null && requester !== submitter) return null;
  const channel = channels[named];
  return channel === undefined ? { channel: "other", unknown: `via.channel ${named}` } : { channel };
};

export type CallDirection = "in" | "out";

/** Which way a call went, and whether somebody talked; null: neither in nor out. Calls, not legs: a transfer is one. */
export const callOf = ({
  direction,
  completion_status: ended,
  talk_time: talked,
}: ZendeskCall): { readonly direction: CallDirection; readonly isAnswered: boolean } | null => {
  if (direction !== "inbound" && direction !== "outbound") return null;
  return {
    direction: direction === "inbound" ? "in" : "out",
    isAnswered: ended === "completed" && (talked ?? 0) > 0,
  };
};
