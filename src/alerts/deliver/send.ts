import { createHmac } from "node:crypto";
import { createTransport } from "nodemailer";
import type { NoticeBody } from "../notice/notice.ts";
import { DeliveryError, postJson } from "./post.ts";
import { mailOf, slackText, webhookText } from "../notice/render.ts";
import type { Notifier } from "../rule/settings.ts";

/** A receiver that has not answered by then is tried again later. */
export const defaultTimeoutMs = 10_000;

export interface NoticeDelivery {
  readonly notifier: Notifier;
  readonly body: NoticeBody;
  /** The same for every attempt at the same notice. */
  readonly idempotencyKey: string;
  readonly timeoutMs?: number | undefined;
}

const sendMail = async (
  notifier: Extract<Notifier, { type: "email" }>,
  { body, idempotencyKey, timeoutMs = defaultTimeoutMs }: NoticeDelivery,
): Promise<void> => {
  const transport = createTransport({
    url: notifier.smtp,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from: notifier.from,
      to: notifier.to,
      ...mailOf(body),
      // Mail servers drop a second message of the same id.
      messageId: `<${idempotencyKey.slice(0, 40)}@costper>`,
      headers: { "Idempotency-Key": idempotencyKey, "Auto-Submitted": "auto-generated" },
    });
  } catch (error) {
    const { code = "no connection", responseCode } = error as { code?: string; responseCode?: number };
    const answer = responseCode === undefined ? "" : `, it answered ${String(responseCode)}`;
    throw new DeliveryError(`the mail server did not take it (${code}${answer})`);
  } finally {
    transport.close();
  }
};

/**
 * Makes one attempt to hand a notice over.
 * @throws DeliveryError
 */
export const send = async (delivery: NoticeDelivery): Promise<void> => {
  const { notifier, body, idempotencyKey, timeoutMs = defaultTimeoutMs } = delivery;
  if (notifier.type === "email") return sendMail(notifier, delivery);
  const text = notifier.type === "slack" ? slackText(body) : webhookText(body);
  const secret = notifier.type === "webhook" ? notifier.secret : undefined;
  const signature =
    secret === undefined ? undefined : createHmac("sha256", secret).update(text).digest("hex");
  await postJson({
    url: notifier.url,
    allowPrivate: notifier.allowPrivate,
    body: text,
    timeoutMs,
    headers: {
      "Idempotency-Key": idempotencyKey,
      ...(signature === undefined ? {} : { "X-Costper-Signature": `sha256=${signature}` }),
    },
  });
};
