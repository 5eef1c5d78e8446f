import { answers, onPath } from "../faults.ts";
import type { Exchange, Fault } from "../server.ts";
import { type KnownCode, refusal } from "./answers.ts";

type Where = Pick<Fault, "when" | "after" | "times">;

export const onToken = onPath("/oauth2/");
export const onApi = onPath("/v13/");
export const onSubmit = onPath("/GenerateReport/Submit");
export const onPoll = onPath("/GenerateReport/Poll");
export const onDownload = onPath("/ReportDownload/");

/** Requests that name the account, in a header or in the body. */
export const ofAccount =
  (id: string) =>
  (exchange: Exchange): boolean =>
    exchange.headers["customeraccountid"] === id;

/** Microsoft's own misbehaviours; those of any platform stand in `sandbox/faults.ts`. */
export const microsoftFaults = {
  /** A refusal by its number; below `/v13/` unless said otherwise. */
  refuses: (code: KnownCode, where: Where = {}): Fault => {
    const { status, body } = refusal(code);
    return answers(status, body, { when: onApi, ...where });
  },
  /** The third envelope, printed in a migration guide. */
  wrapped: (code: KnownCode, where: Where = {}): Fault => {
    const { status, body } = refusal(code);
    return answers(status, { ApplicationFault: body }, { when: onApi, ...where });
  },
  nullId: (where: Where = {}): Fault => answers(200, { ReportRequestId: null }, { when: onSubmit, ...where }),
  status: (status: string, where: Where = {}): Fault =>
    answers(
      200,
      { ReportRequestStatus: { Status: status, ReportDownloadUrl: null } },
      { when: onPoll, ...where },
    ),
  tokenRefused: (error: string, where: Where = {}): Fault =>
    answers(
      400,
      { error, error_description: "AADSTS70000: refused", error_codes: [70_000] },
      { when: onToken, ...where },
    ),
} as const;
