import { randomUUID } from "node:crypto";
import type { NoticeBody } from "../notice/notice.ts";
import { send } from "./send.ts";
import type { Notifier } from "../rule/settings.ts";

/** A notice that says nothing but that notices arrive. */
const testBody = (now: Date): NoticeBody => ({
  version: 1,
  status: "test",
  alerts: [
    {
      name: "test",
      severity: "info",
      metric: "cost_per_conversion",
      value: null,
      threshold: null,
      currency: null,
      labels: {},
      window: null,
      spend: null,
      conversions: null,
      since: now.toISOString(),
      explanation: "this is a test of costper; nothing is wrong",
    },
  ],
});

/** Sends a test notice at once, past the outbox. @throws DeliveryError */
export const sendTest = (options: {
  readonly notifier: Notifier;
  readonly now: Date;
  readonly timeoutMs?: number;
}): Promise<void> =>
  send({
    notifier: options.notifier,
    body: testBody(options.now),
    idempotencyKey: randomUUID(),
    timeoutMs: options.timeoutMs,
  });
