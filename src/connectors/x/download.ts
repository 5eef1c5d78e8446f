import { gunzipSync } from "node:zlib";
import { Failure } from "../../domain/failure.ts";
import type { ConnectorContext } from "../connector.ts";
import { open } from "../wire/exchange.ts";
import { readJson } from "../wire/json.ts";
import { request } from "../wire/request.ts";
import type { Pace } from "./pace.ts";
import { type Question, type StatsBody, statsShape } from "./stats.ts";

/** Fetches a job's result; undefined where the link is dead. */
export type Download = (
  url: string,
  question: Question,
  signal: AbortSignal,
) => Promise<StatsBody | undefined>;

const name = "report file";
/** 20 entities over a quarter: far below this even with every metric. */
const mostBytes = 64 * 1024 * 1024;
/** The link is public for whoever has it, and may lead on to where the file is. */
const redirects = 3;

const broken = (message: string): Failure =>
  new Failure({
    kind: "transient",
    platform: "x",
    message: `${name}: ${message}`,
    remedy: "it is fetched again",
  });

/** The file is gzip by itself, which HTTP does not unpack: told by its first bytes. */
const unpacked = (bytes: Buffer): string => {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString("utf8");
  try {
    return gunzipSync(bytes, { maxOutputLength: mostBytes }).toString("utf8");
  } catch {
    throw broken("it cannot be unpacked");
  }
};

/** The link is signed in itself: an Authorization header has no place there. */
export const openDownload =
  (context: ConnectorContext, idleMs: number, pace: Pace): Download =>
  async (url, question, signal) => {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return undefined;
    const { log, now } = context;
    const { entity } = question.report;
    return request(
      { log, accountId: null, signal, call: name, now, platform: "x", firstDelayMs: pace.firstDelayMs },
      async () => {
        const answer = await open({
          url,
          signal,
          call: name,
          platform: "x",
          idleMs,
          timeoutSetting: "connectors.x.timeoutSeconds",
          redirects,
        });
        try {
          context.onRequest?.({ call: name, status: answer.status });
          if ([403, 404, 410].includes(answer.status)) return undefined;
          if (answer.status !== 200) throw broken(`its host answered ${String(answer.status)}`);
          const parts: Buffer[] = [];
          let bytes = 0;
          for (let part = await answer.read(); part; part = await answer.read()) {
            bytes += part.length;
            if (bytes > mostBytes) throw broken("it is larger than any report should be");
            parts.push(part);
          }
          const text = unpacked(Buffer.concat(parts));
          return readJson(text, statsShape, { what: `${name} of ${entity}`, platform: "x" });
        } finally {
          answer.close();
        }
      },
    );
  };
