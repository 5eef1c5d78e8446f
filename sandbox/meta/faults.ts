import { answers } from "../faults.ts";
import type { Exchange, Fault } from "../server.ts";

type Where = Pick<Fault, "when" | "after" | "times">;

interface ErrorParts {
  readonly code: number;
  readonly subcode?: number;
  readonly message?: string;
  readonly status?: number;
  readonly isTransient?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

const lastPart = (exchange: Exchange): string => exchange.path.split("/").at(-1) ?? "";

/** Starts of reports, states of reports, their result pages, and reports that are answered at once. */
export const requests = {
  start: (exchange: Exchange) => exchange.method === "POST" && lastPart(exchange) === "insights",
  state: (exchange: Exchange) => exchange.method === "GET" && /^61\d+$/.test(lastPart(exchange)),
  result: (exchange: Exchange) => /\/61\d+\/insights$/.test(exchange.path),
  total: (exchange: Exchange) => exchange.method === "GET" && /\/act_\d+\/insights$/.test(exchange.path),
} as const;

const body = ({ code, subcode, message, isTransient }: ErrorParts) => ({
  error: {
    message: message ?? `(#${code}) sandbox error`,
    type: "OAuthException",
    code,
    ...(subcode === undefined ? {} : { error_subcode: subcode }),
    ...(isTransient === undefined ? {} : { is_transient: isTransient }),
    fbtrace_id: "SandboxTrace2",
  },
});

const regain = (minutes: number): string =>
  JSON.stringify({
    "1": [
      { type: "ads_management", call_count: 5, total_cputime: 5, total_time: 5 },
      {
        type: "ads_insights",
        call_count: 100,
        total_cputime: 12,
        total_time: 9,
        estimated_time_to_regain_access: minutes,
      },
    ],
  });

/** A run's state in the place of the sandbox's own. */
const jobState = (state: Readonly<Record<string, unknown>>, where: Where = {}): Fault =>
  answers(200, { id: "6100000000000", account_id: "1", ...state }, { when: requests.state, ...where });

/** Meta's own ways to fail. */
export const metaFaults = {
  /** Any row of the error table. */
  error: (parts: ErrorParts, where: Where = {}): Fault =>
    answers(parts.status ?? 400, body(parts), { ...where, headers: { ...parts.headers } }),
  errorInside200: (parts: ErrorParts, where: Where = {}): Fault => answers(200, body(parts), where),
  revokedToken: (where: Where = {}): Fault =>
    answers(401, body({ code: 190, subcode: 460, message: "The session has been invalidated." }), where),
  tooMuchData: (where: Where = {}): Fault => answers(400, body({ code: 100, subcode: 1487534 }), where),
  oldVersion: (where: Where = {}): Fault =>
    answers(
      400,
      body({ code: 2635, message: "(#2635) This version is no longer served; use v26.0." }),
      where,
    ),
  accountThrottled: (minutes: number, where: Where = {}): Fault =>
    answers(400, body({ code: 80_000, subcode: 2446079, isTransient: true }), {
      ...where,
      headers: { "x-business-use-case-usage": regain(minutes) },
    }),
  applicationThrottled: (where: Where = {}): Fault =>
    answers(400, body({ code: 4, subcode: 1504022, isTransient: true }), where),
  jobState,
  stuckAt: (percent: number, where: Where = {}): Fault =>
    jobState(
      {
        async_status: percent === 0 ? "Job Not Started" : "Job Running",
        async_percent_completion: percent,
      },
      { times: Infinity, ...where },
    ),
  completedEarly: (where: Where = {}): Fault =>
    jobState({ async_status: "Job Completed", async_percent_completion: 99 }, where),
  jobSkipped: (where: Where = {}): Fault =>
    jobState({ async_status: "Job Skipped", async_percent_completion: 0 }, where),
  /** Before v25.0 a failed job says no more than that. */
  jobFailed: (reason: { code: number; subcode: number } | undefined, where: Where = {}): Fault =>
    jobState(
      {
        async_status: "Job Failed",
        async_percent_completion: 0,
        ...(reason
          ? {
              error_code: reason.code,
              error_subcode: reason.subcode,
              error_message: "The report failed.",
              error_user_title: "Report failed",
            }
          : {}),
      },
      where,
    ),
  /** A run that was just made is not known yet. */
  unknownRun: (where: Where = {}): Fault =>
    answers(400, body({ code: 100, subcode: 33, message: "Object does not exist" }), {
      when: requests.state,
      ...where,
    }),
  /** Rows shift between pages, so that one comes twice. */
  duplicateRow: (where: Where = {}): Fault => ({
    when: requests.result,
    ...where,
    name: "duplicate row",
    strike: async (exchange, answer) => {
      const json = exchange.json.bind(exchange);
      const twice: Exchange["json"] = (status, page, headers) => {
        const { data, ...rest } = page as { data: readonly unknown[] };
        json(status, { ...rest, data: [...data, ...data.slice(0, 1)] }, headers);
      };
      Object.assign(exchange, { json: twice });
      await answer();
    },
  }),
  /** The account's meter rises with each call, up to an error at 100 %. */
  throttleRising: (step: number, minutes: number, where: Where = {}): Fault => {
    let percent = 0;
    return {
      times: Math.ceil(100 / step),
      ...where,
      name: "throttle rising",
      strike: async (exchange, answer) => {
        percent = Math.min(100, percent + step);
        const headers = {
          "x-fb-ads-insights-throttle": JSON.stringify({ app_id_util_pct: 1.5, acc_id_util_pct: percent }),
        };
        if (percent === 100)
          return exchange.json(400, body({ code: 80_000, subcode: 2446079 }), {
            ...headers,
            "x-business-use-case-usage": regain(minutes),
          });
        const json = exchange.json.bind(exchange);
        const metered: Exchange["json"] = (status, page) => json(status, page, headers);
        Object.assign(exchange, { json: metered });
        return answer();
      },
    };
  },
} as const;
