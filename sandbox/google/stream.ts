import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { createGzip, constants } from "node:zlib";
import type { Exchange } from "../server.ts";
import type { Batches } from "./batches.ts";

/** How an answer goes wrong after it has begun with 200. */
export interface Damage {
  /** Whole batches that are sent before. */
  readonly after: number;
  readonly way:
    | { readonly kind: "error"; readonly element: object }
    | { readonly kind: "reset" }
    | { readonly kind: "truncate" }
    | { readonly kind: "stall" }
    | { readonly kind: "repeat" };
}

// Faults know of an exchange only; what they ask for is looked up when its answer is written.
const damages = new WeakMap<ServerResponse, Damage>();
export const damage = ({ response }: Exchange, how: Damage): void => void damages.set(response, how);

/** Sends a JSON array, batch by batch, no faster than it is read, and cut in the midst of tokens. */
export const sendBatches = async (
  exchange: Exchange,
  batches: Batches,
  options: { readonly requestId: string; readonly plain: boolean },
): Promise<void> => {
  const { response } = exchange;
  const how = damages.get(response);
  const gzip =
    !options.plain && how === undefined && /\bgzip\b/.test(String(exchange.headers["accept-encoding"] ?? ""));
  response.writeHead(200, {
    "content-type": "application/json; charset=UTF-8",
    "request-id": options.requestId,
    ...(gzip ? { "content-encoding": "gzip" } : {}),
  });
  const encoder = gzip ? createGzip({ level: 1, flush: constants.Z_SYNC_FLUSH }) : undefined;
  encoder?.pipe(response);
  const out = encoder ?? response;
  const gone = once(response, "close");
  const write = async (bytes: Buffer | string): Promise<void> => {
    if (!out.write(bytes)) await Promise.race([once(out, "drain"), gone]);
  };

  await write("[");
  let sent = 0;
  const element = async (bytes: Buffer): Promise<void> => {
    const middle = Math.floor(bytes.length / 2);
    if (sent > 0) await write(",\n");
    if (options.plain) await write(bytes);
    else {
      await write(bytes.subarray(0, middle));
      await write(bytes.subarray(middle));
    }
    sent += 1;
  };
  for (const batch of batches) {
    if (response.destroyed) return;
    if (how !== undefined && sent === how.after) {
      if (how.way.kind === "error") {
        await element(Buffer.from(JSON.stringify(how.way.element)));
        break;
      }
      if (how.way.kind === "repeat") {
        await element(batch);
      } else {
        await write(`${sent > 0 ? "," : ""}${batch.toString("utf8", 0, Math.floor(batch.length / 3))}`);
        if (how.way.kind === "stall") {
          await gone;
          return;
        }
        if (how.way.kind === "truncate") {
          out.end();
          return;
        }
        // Long enough for what was written to leave before the connection breaks.
        response.write("", () => setImmediate(() => response.socket?.resetAndDestroy()));
        return;
      }
    }
    await element(batch);
  }
  out.end("]");
};
