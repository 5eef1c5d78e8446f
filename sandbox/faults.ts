import type { Exchange, Fault } from "./server.ts";

type Where = Pick<Fault, "when" | "after" | "times">;

/** Faults that look the same on every platform; a platform's own stand in its folder. */

/** The front end answers with a page instead of JSON. */
export const htmlPage = (status = 502, where: Where = {}): Fault => ({
  ...where,
  name: `html ${String(status)}`,
  strike: (exchange) =>
    exchange.text(status, "<html><body><h1>Bad Gateway</h1></body></html>", {
      "content-type": "text/html",
    }),
});

/** The connection is reset before anything is answered. */
export const connectionReset = (where: Where = {}): Fault => ({
  ...where,
  name: "connection reset",
  strike: (exchange) => void exchange.response.socket?.resetAndDestroy(),
});

/** The answer begins, and then nothing comes any more. */
export const stalledBody = (where: Where = {}): Fault => ({
  ...where,
  name: "stalled body",
  strike: (exchange) => {
    exchange.response.writeHead(200, { "content-type": "application/json" });
    exchange.response.write("[");
  },
});

/** Half of a JSON text, ended as if it were whole. */
export const truncatedJson = (body = '{"data":[{"id":"1', where: Where = {}): Fault => ({
  ...where,
  name: "truncated json",
  strike: (exchange) => exchange.text(200, body, { "content-type": "application/json" }),
});

/** A JSON answer of the test's choosing. */
export const answers = (
  status: number,
  body: unknown,
  where: Where & { headers?: Record<string, string> } = {},
): Fault => ({
  ...where,
  name: `answers ${String(status)}`,
  strike: (exchange) => exchange.json(status, body, where.headers),
});

/** Matches requests whose path contains the text. */
export const onPath =
  (part: string) =>
  (exchange: Exchange): boolean =>
    exchange.path.includes(part);
