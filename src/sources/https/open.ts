import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";
import { type Answer, open as openAnswer } from "../../connectors/wire/exchange.ts";
import { guardedLookup, privateAddress } from "../../connectors/wire/guarded-lookup.ts";
import { retryAfterMs } from "../../connectors/wire/retry-after.ts";
import { request } from "../../connectors/wire/request.ts";
import { addDays, dayAt } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import { isLoopbackHost, isPublicAddress } from "../../domain/hosts.ts";
import { csvReading, readingKey } from "../reading.ts";
import type { SourceFinding, OpenSource, Pulled, SourceContext, StreamAsk } from "../source.ts";
import type { HttpsSettings } from "./type.ts";

const mostRedirects = 3;

type Days = Readonly<Record<"today" | "yesterday" | "from" | "to", string>>;

const addressOf = ({ url }: HttpsSettings, days: Days): URL =>
  new URL(url.replaceAll(/\{(today|yesterday|from|to)\}/g, (_, name: keyof Days) => days[name]));

const daysOf = (
  { now, timeZone }: SourceContext,
  ask: { readonly from?: string | undefined; readonly to?: string | undefined },
): Days => {
  const today = dayAt(now(), timeZone);
  const yesterday = addDays(today, -1);
  const to = ask.to ?? yesterday;
  return { today, yesterday, from: ask.from ?? addDays(to, -6), to };
};

const refused = (
  name: string,
  details: {
    message: string;
    remedy: string;
    kind?: "request" | "credentials" | "account" | "data" | "transient";
    status?: number;
  },
): Failure => new Failure({ kind: "request", ...details, message: `source ${name}: ${details.message}` });

/** An address in the URL itself is never looked up. @throws Failure */
const checkHost = (url: URL, allowPrivate: boolean, name: string): void => {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isPrivate = isLoopbackHost(host) || (ipaddr.isValid(host) && !isPublicAddress(host));
  if (isPrivate && !allowPrivate)
    throw refused(name, {
      message: `${url.host} is a private address`,
      remedy: `set sources.${name}.allowPrivate: true where that is meant`,
    });
};

const sameSite = (one: URL, other: URL): boolean => one.origin === other.origin;

interface Asked {
  readonly settings: HttpsSettings;
  readonly context: SourceContext;
  readonly signal: AbortSignal;
}

/** Follows redirects by https only; the headers of the config stay with their own host. */
const answerOf = async (
  { settings, context, signal }: Asked,
  first: URL,
  known: Readonly<Record<string, string>>,
): Promise<Answer> => {
  let url = first;
  for (let followed = 0; ; followed += 1) {
    // A redirect leads into no private network, whatever the config says of its own host.
    const allowPrivate = settings.allowPrivate && sameSite(url, first);
    checkHost(url, allowPrivate, context.name);
    const answer = await openAnswer({
      url,
      headers: {
        accept: "text/csv, text/plain;q=0.9, */*;q=0.1",
        ...(sameSite(url, first) ? { ...settings.headers, ...known } : {}),
      },
      call: `source ${context.name}`,
      signal,
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting: `sources.${context.name}.timeoutSeconds`,
      lookup: guardedLookup(allowPrivate),
    }).catch((error: unknown) => {
      if (error instanceof Failure && error.code === privateAddress)
        throw refused(context.name, {
          message: `the name ${url.hostname} leads to a private address`,
          remedy: `set sources.${context.name}.allowPrivate: true where that is meant`,
        });
      throw error;
    });
    if (![301, 302, 303, 307, 308].includes(answer.status)) return answer;
    answer.close();
    const to = answer.headers.get("location");
    const next = to !== null && URL.canParse(to, url) ? new URL(to, url) : undefined;
    const mayGo = next !== undefined && (next.protocol === "https:" || next.protocol === url.protocol);
    if (!mayGo || followed >= mostRedirects || !/^https?:$/.test(next.protocol))
      throw refused(context.name, {
        message: `${url.host} redirects ${followed >= mostRedirects ? "again and again" : "to where it may not"}`,
        remedy: "name the address that it leads to",
      });
    url = next;
  }
};

const failureOf = (answer: Answer, { context: { name, now } }: Asked): Failure => {
  const { status } = answer;
  const said = { message: `the server answered ${String(status)}`, status };
  if (status === 401 || status === 403)
    return refused(name, { ...said, kind: "credentials", remedy: `check the headers of sources.${name}` });
  const waitMs = retryAfterMs(answer.headers.get("retry-after"), now());
  if (status === 429 || (status === 503 && waitMs !== undefined))
    return new Failure({
      kind: "busy",
      status,
      message: `source ${name}: ${said.message}`,
      remedy: "nothing: it is asked again when the limit is over",
      retryAt: new Date(now().getTime() + (waitMs ?? 60_000)),
    });
  if (status >= 500 || status === 408)
    return refused(name, { ...said, kind: "transient", remedy: "it is asked again" });
  return refused(name, {
    ...said,
    remedy: status === 404 ? "check the URL; with missing: ok a missing file is no news" : "check the URL",
  });
};

/** The body as it comes, counted and hashed. @throws Failure where it is too large, short, or a page for people */
async function* bodyOf(
  answer: Answer,
  { settings, context: { name } }: Asked,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  const isPacked = answer.headers.get("content-encoding") !== null;
  const promised = Number(answer.headers.get("content-length") ?? Number.NaN);
  let bytes = 0;
  try {
    for (let part = await answer.read(); part; part = await answer.read()) {
      if (bytes === 0 && /^\uFEFF?\s*<(!doctype|html|\?xml)/i.test(part.subarray(0, 200).toString("utf8")))
        throw pageInstead(name);
      bytes += part.length;
      if (bytes > settings.maxBytes)
        throw refused(name, {
          kind: "data",
          message: `the answer is larger than ${String(settings.maxBytes)} bytes`,
          remedy: `raise sources.${name}.maxBytes, or ask for less`,
        });
      hash.update(part);
      yield part;
    }
  } finally {
    answer.close();
  }
  if (!isPacked && Number.isFinite(promised) && bytes < promised)
    throw refused(name, {
      kind: "transient",
      message: "the answer was cut short",
      remedy: "it is asked again",
    });
}

const pageInstead = (name: string): Failure =>
  refused(name, {
    kind: "credentials",
    message: "the server answered with a page for people, such as a login",
    remedy: `check the URL and the headers of sources.${name}`,
  });

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const nothingNew: Pulled = { rowsRead: 0, rowsWritten: 0, unchanged: true };

const pull = async (settings: HttpsSettings, context: SourceContext, ask: StreamAsk): Promise<Pulled> => {
  const asked = { settings, context, signal: ask.signal };
  const url = addressOf(settings, daysOf(context, ask));
  const { state } = ask.memory;
  const reading = readingKey(settings);
  // Only what was loaded the same way need not be sent again.
  const isKnown = !ask.full && state["url"] === url.href && state["reading"] === reading;
  const known = {
    ...(isKnown && text(state["etag"]) !== undefined ? { "if-none-match": text(state["etag"]) ?? "" } : {}),
    ...(isKnown && text(state["modified"]) !== undefined
      ? { "if-modified-since": text(state["modified"]) ?? "" }
      : {}),
  };
  const { log, now, firstDelayMs } = context;
  const answer = await request(
    { log, now, firstDelayMs, accountId: null, signal: ask.signal, call: `source ${context.name}` },
    async () => {
      const came = await answerOf(asked, url, known);
      if (came.status === 200 || came.status === 304 || (came.status === 404 && settings.missing === "ok"))
        return came;
      came.close();
      throw failureOf(came, asked);
    },
  );
  if (answer.status !== 200) {
    answer.close();
    return nothingNew;
  }
  if (/\bhtml\b/i.test(answer.headers.get("content-type") ?? "")) {
    answer.close();
    throw pageInstead(context.name);
  }
  const hash = createHash("sha256");
  const before = isKnown ? state["sha256"] : undefined;
  const result = await ask.land({
    ...csvReading(settings),
    bytes: bodyOf(answer, asked, hash),
    ...(settings.skipBad ? { skipBad: {} } : {}),
  });
  const sha256 = hash.digest("hex");
  return {
    // Servers that know no If-None-Match send the same again.
    unchanged: sha256 === before,
    rowsRead: result.read,
    rowsWritten: result.inserted + result.changed + (result.withdrawn ?? 0),
    refused: result.refused,
    state: {
      url: url.href,
      reading,
      etag: answer.headers.get("etag"),
      modified: answer.headers.get("last-modified"),
      sha256,
    },
  };
};

async function* check(
  settings: HttpsSettings,
  context: SourceContext,
  signal: AbortSignal,
): AsyncGenerator<SourceFinding> {
  const asked = { settings, context, signal };
  const answer = await answerOf(asked, addressOf(settings, daysOf(context, {})), {});
  answer.close();
  if (answer.status === 404 && settings.missing === "ok") {
    yield { outcome: "ok", message: "the server answers; there is no file now" };
    return;
  }
  if (answer.status !== 200) throw failureOf(answer, asked);
  if (/\bhtml\b/i.test(answer.headers.get("content-type") ?? "")) throw pageInstead(context.name);
  yield {
    outcome: "ok",
    message: `the server answers, ${answer.headers.get("content-length") ?? "unknown"} bytes`,
  };
}

const open: OpenSource<HttpsSettings> = (settings, context) => ({
  streams: [{ name: settings.kind, pull: (ask) => pull(settings, context, ask) }],
  check: (signal) => check(settings, context, signal),
  close: async () => undefined,
});

export default open;
