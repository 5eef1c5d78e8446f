import { answers, htmlPage } from "../faults.ts";
import type { Exchange, Fault } from "../server.ts";

type Where = Pick<Fault, "when" | "after" | "times">;

const isPath =
  (pattern: RegExp, method = "GET") =>
  (exchange: Exchange): boolean =>
    exchange.method === method && pattern.test(exchange.path);

export const xRequests = {
  accounts: isPath(/^\/12\/accounts$/),
  active: isPath(/\/active_entities$/),
  stats: isPath(/^\/12\/stats\/accounts\/[^/]+$/),
  submit: isPath(/^\/12\/stats\/jobs\//, "POST"),
  poll: isPath(/^\/12\/stats\/jobs\//),
  download: isPath(/^\/results\//),
  web: (exchange: Exchange) => exchange.rawQuery.includes("WEB_CONVERSION"),
  delivery: (exchange: Exchange) => exchange.rawQuery.includes("BILLING"),
} as const;

const body = (code: string | number, message: string, parameter?: string) => ({
  errors: [{ code, message, ...(parameter === undefined ? {} : { parameter, details: "", value: "" }) }],
  request: { params: {} },
});

/** X's own misbehaviours; those of any platform stand in `sandbox/faults.ts`. */
export const xFaults = {
  /** Any row of the error table; `code` may be the older numeric form. */
  error: (
    status: number,
    code: string | number,
    where: Where & { message?: string; parameter?: string; headers?: Record<string, string> } = {},
  ): Fault => answers(status, body(code, where.message ?? `${code}`, where.parameter), where),
  tooManyJobs: (where: Where = {}): Fault =>
    answers(400, body("TOO_MANY_JOBS", "Too many jobs are processing"), { when: xRequests.submit, ...where }),
  /** The account has no web conversions. */
  noWebConversions: (where: Where = {}): Fault =>
    answers(400, body("INVALID_ACCOUNT_SERVICE_LEVEL", "The account has no access to this feature"), {
      when: xRequests.web,
      times: Infinity,
      ...where,
    }),
  page503: (retryAfterSeconds: number, where: Where = {}): Fault => ({
    ...htmlPage(503, where),
    strike: (exchange) =>
      exchange.text(503, "<html><body>Over capacity</body></html>", {
        "content-type": "text/html",
        "retry-after": String(retryAfterSeconds),
      }),
  }),
  /** What a poll says of every job, in the place of what is true. */
  jobs: (
    change: (job: Record<string, unknown>) => Record<string, unknown> | undefined,
    where: Where = {},
  ): Fault => ({
    when: xRequests.poll,
    ...where,
    name: "jobs in another state",
    strike: async (exchange, answer) => {
      const text = exchange.text.bind(exchange);
      const changed: Exchange["text"] = (status, answered, headers) => {
        // Ids are taken as text: as numbers they are too large.
        const page = JSON.parse(answered.replaceAll(/"id":(\d+)/g, '"id":"$1"')) as {
          data: readonly Record<string, unknown>[];
        };
        const data = page.data.map(change).filter((job) => job !== undefined);
        text(status, JSON.stringify({ ...page, data }), headers);
      };
      Object.assign(exchange, { text: changed });
      await answer();
    },
  }),
  expiredLink: (where: Where = {}): Fault => ({
    when: xRequests.download,
    ...where,
    name: "expired link",
    strike: (exchange) => exchange.text(404, "<Error><Code>NoSuchKey</Code></Error>"),
  }),
  brokenGzip: (where: Where = {}): Fault => ({
    when: xRequests.download,
    ...where,
    name: "broken gzip",
    strike: (exchange) => {
      exchange.response.writeHead(200, { "content-type": "application/gzip" });
      exchange.response.end(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]));
    },
  }),
} as const;
