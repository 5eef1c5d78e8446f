import type { Exchange, SandboxPlatform } from "../server.ts";

export const zendeskSecret = "sandbox-zendesk-client-secret";
export const zendeskToken = "sandbox-zendesk-api-token";
const clientId = "costper_sandbox";
const email = "integration@planted.example";

/** What is planted in every answer, and must be found nowhere outside. */
export const plantedRequester = {
  phone_number: "+4570998877",
  name: "Ingrid Plantedcaller",
  email: "ingrid.requester@planted.example",
  subject: "Plantedsubject about my parcel",
  description: "Plantedtext, call me at +45 70 99 88 77",
} as const;

export interface HelpTicket {
  readonly id: number;
  readonly at: string;
  readonly updatedAt?: string;
  readonly channel: string;
  readonly status?: string;
  readonly tags?: readonly string[];
  /** An agent opened it for somebody else. */
  readonly byAgent?: boolean;
}

export interface HelpCall {
  readonly id: number;
  readonly at: string;
  readonly updatedAt?: string;
  readonly direction: string;
  readonly status?: string;
  readonly talkSeconds?: number;
}

const minuteMs = 60_000;
const talkPage = 1_000;

const seconds = (at: string): number => Math.floor(Date.parse(at) / 1_000);
const changedAt = ({ at, updatedAt = at }: { readonly at: string; readonly updatedAt?: string }): number =>
  seconds(updatedAt);

/** Zendesk's OAuth, its cursor export of tickets, and Talk's export of calls, which never says that it ends. */
export const createZendeskSandbox = () => {
  const tickets = new Map<number, HelpTicket>();
  const calls = new Map<number, HelpCall>();
  const state = {
    isRevoked: false,
    isClosed: false,
    mayExport: true,
    hasTalk: true,
    /** Of each kind of export; thirty with the add-on High Volume. */
    exportsPerMinute: 10,
    /** What a 429 says of itself; undefined: nothing, as is reported, too. */
    retryAfter: "30" as string | undefined,
    requestsPerToken: Number.POSITIVE_INFINITY,
    pageSize: 1_000,
    /** A cursor that leads to itself. */
    isStuck: false,
  };
  const tokens = new Map<string, number>();
  const exported: Record<string, number[]> = { tickets: [], calls: [] };

  const refuse = (exchange: Exchange, status: number, error: unknown, headers = {}): void =>
    exchange.json(status, { error, description: `refused for ${plantedRequester.email}` }, headers);

  const signIn = (exchange: Exchange): void => {
    const body = JSON.parse(exchange.body) as Readonly<Record<string, unknown>>;
    const isRight =
      body["grant_type"] === "client_credentials" &&
      body["client_id"] === clientId &&
      body["client_secret"] === zendeskSecret &&
      body["scope"] === "read" &&
      typeof body["expires_in"] === "number";
    if (!isRight || state.isRevoked) return refuse(exchange, 401, "invalid_client");
    const token = `zendesk-sandbox-access-token-${String(tokens.size)}`;
    tokens.set(token, 0);
    exchange.json(200, {
      access_token: token,
      token_type: "bearer",
      scope: "read",
      expires_in: body["expires_in"],
    });
  };

  const isLetIn = ({ headers }: Exchange): boolean => {
    const given = headers.authorization ?? "";
    if (state.isRevoked) return false;
    if (given === `Basic ${Buffer.from(`${email}/token:${zendeskToken}`).toString("base64")}`) return true;
    const used = tokens.get(given.replace("Bearer ", ""));
    if (used === undefined || used >= state.requestsPerToken) return false;
    tokens.set(given.replace("Bearer ", ""), used + 1);
    return true;
  };

  /** The eleventh export of its kind within a minute is one too many. */
  const isTooFast = (exchange: Exchange, kind: "tickets" | "calls"): boolean => {
    const now = Date.now();
    exported[kind] = (exported[kind] ?? []).filter((at) => at > now - minuteMs);
    if (exported[kind].length >= state.exportsPerMinute) {
      refuse(
        exchange,
        429,
        "TooManyRequests",
        state.retryAfter === undefined ? {} : { "retry-after": state.retryAfter },
      );
      return true;
    }
    exported[kind].push(now);
    return false;
  };

  const writtenTicket = (ticket: HelpTicket) => ({
    id: ticket.id,
    created_at: ticket.at,
    updated_at: ticket.updatedAt ?? ticket.at,
    generated_timestamp: changedAt(ticket),
    status: ticket.status ?? "open",
    via: {
      channel: ticket.channel,
      source: {
        from: { address: plantedRequester.email, name: plantedRequester.name },
        to: {},
        rel: null,
      },
    },
    tags: ticket.tags ?? [],
    requester_id: 360_000_000_000_000 + ticket.id,
    submitter_id: ticket.byAgent === true ? 9 : 360_000_000_000_000 + ticket.id,
    subject: plantedRequester.subject,
    description: plantedRequester.description,
  });

  const exportTickets = (exchange: Exchange, query: URLSearchParams): void => {
    const cursor = query.get("cursor");
    const [start, place] =
      cursor === null ? [Number(query.get("start_time")), 0] : cursor.split("-").map(Number);
    if (start === undefined || Number.isNaN(start)) return refuse(exchange, 400, "InvalidValue");
    const found = [...tickets.values()]
      .filter((ticket) => changedAt(ticket) >= start)
      .sort((one, other) => changedAt(one) - changedAt(other) || one.id - other.id);
    const size = Math.min(state.pageSize, Number(query.get("per_page") ?? "1000"));
    const end = (place ?? 0) + size;
    exchange.json(200, {
      // One of the page before may come again.
      tickets: found.slice(Math.max(0, (place ?? 0) - 1), end).map(writtenTicket),
      after_url: "https://elsewhere.example/api/v2/incremental/tickets/cursor.json",
      after_cursor: state.isStuck ? `${String(start)}-0` : `${String(start)}-${String(end)}`,
      end_of_stream: !state.isStuck && end >= found.length,
    });
  };

  const exportCalls = (exchange: Exchange, query: URLSearchParams): void => {
    const start = Number(query.get("start_time"));
    const page = [...calls.values()]
      .filter((call) => changedAt(call) >= start)
      .sort((one, other) => changedAt(one) - changedAt(other) || one.id - other.id)
      .slice(0, talkPage);
    const last = page.at(-1);
    const next = last === undefined ? start : changedAt(last);
    exchange.json(200, {
      calls: page.map((call) => ({
        id: call.id,
        created_at: call.at,
        updated_at: call.updatedAt ?? call.at,
        direction: call.direction,
        completion_status: call.status ?? "completed",
        talk_time: call.talkSeconds ?? 171,
        duration: 184,
        wait_time: 18,
        voicemail: false,
        callback: false,
        ticket_id: 35_437,
        agent_id: 9,
        phone_number: plantedRequester.phone_number,
        call_charge: "0.003",
        minutes_billed: 4,
      })),
      count: page.length,
      next_page: `https://elsewhere.example/api/v2/channels/voice/stats/incremental/calls?start_time=${String(next)}`,
    });
  };

  return {
    platform: "zendesk",
    tickets,
    calls,
    /** Switches for what may happen to an account and its client. */
    state,
    addTicket: (ticket: HelpTicket): void => void tickets.set(ticket.id, ticket),
    addCall: (call: HelpCall): void => void calls.set(call.id, call),
    answer: (exchange: Exchange): void => {
      const { method, path } = exchange;
      if (state.isClosed)
        return refuse(exchange, 404, { title: "No help desk at sandbox.zendesk.com", message: "none" });
      if (method === "POST" && path === "/oauth/tokens") return signIn(exchange);
      if (!isLetIn(exchange)) return refuse(exchange, 401, "invalid_token");
      const query = new URLSearchParams(exchange.rawQuery);
      if (path === "/api/v2/account/settings.json")
        return exchange.json(200, { settings: { branding: { header_color: "78A300" } } });
      if (path === "/api/v2/incremental/tickets/cursor.json") {
        if (!state.mayExport) return refuse(exchange, 403, { title: "Forbidden", message: "no right" });
        if (!isTooFast(exchange, "tickets")) exportTickets(exchange, query);
        return;
      }
      if (path === "/api/v2/channels/voice/stats/incremental/calls") {
        if (!state.hasTalk) return refuse(exchange, 404, "InvalidEndpoint");
        if (!isTooFast(exchange, "calls")) exportCalls(exchange, query);
        return;
      }
      refuse(exchange, 404, "InvalidEndpoint");
    },
  } satisfies SandboxPlatform<"zendesk"> & Record<string, unknown>;
};

/** A section of `sources` that points at the sandbox. */
export const zendeskSandboxSettings = (url: string): Readonly<Record<string, unknown>> => ({
  type: "zendesk",
  subdomain: "sandbox",
  clientId,
  clientSecret: zendeskSecret,
  endpoints: { api: url },
});

/** The same, by an API token. */
export const zendeskTokenSettings = (url: string): Readonly<Record<string, unknown>> => ({
  type: "zendesk",
  subdomain: "sandbox",
  email,
  apiToken: zendeskToken,
  endpoints: { api: url },
});
