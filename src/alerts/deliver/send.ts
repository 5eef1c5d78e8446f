import { createHmac } from "node:crypto";
import type { OutboxBody } from "../notice/notice.ts";
import { DeliveryError, postJson } from "./post.ts";
import { digestMail, digestSlack, digestWebhook } from "../notice/digest.ts";
import { mailOf, slackText, webhookText } from "../notice/render.ts";
import type { Notifier } from "../rule/settings.ts";

/** A receiver that has not answered by then is tried again later. */
export const defaultTimeoutMs = 10_000;

/** A mail takes several answers, each of them within the timeout; so many of them are waited for. */
const answersOfMail = 6;

export interface NoticeDelivery {
  readonly notifier: Notifier;
  readonly body: OutboxBody;
  /** The same for every attempt at the same notice. */
  readonly idempotencyKey: string;
  readonly timeoutMs?: number | undefined;
}

/**
 * The mail server's URL with our limits in it: the library reads either a URL or options, not both. A password never
 * goes out in clear, unless the URL says that this is meant (`?ignoreTLS=true`).
 */
const transportUrl = (smtp: string, timeoutMs: number): string => {
  const url = new URL(smtp);
  for (const limit of ["connectionTimeout", "greetingTimeout", "socketTimeout", "dnsTimeout"])
    url.searchParams.set(limit, String(timeoutMs));
  for (const closed of ["disableFileAccess", "disableUrlAccess"]) url.searchParams.set(closed, "true");
  if (url.protocol === "smtp:" && url.password !== "" && url.searchParams.get("ignoreTLS") !== "true")
    url.searchParams.set("requireTLS", "true");
  return url.href;
};

const sendMail = async (
  notifier: Extract<Notifier, { type: "email" }>,
  { body, idempotencyKey, timeoutMs = defaultTimeoutMs }: NoticeDelivery,
): Promise<void> => {
  // Loaded here, since most syncs send no mail.
  const { createTransport } = await import("nodemailer");
  const transport = createTransport(transportUrl(notifier.smtp, timeoutMs));
  const totalMs = timeoutMs * answersOfMail;
  const signal = AbortSignal.timeout(totalMs);
  try {
    const { rejected, rejectedErrors = [] } = await transport.sendMail({
      signal,
      from: notifier.from,
      to: notifier.to,
      ...(body.status === "digest" ? digestMail(body) : mailOf(body)),
      // Mail servers drop a second message of the same id.
      messageId: `<${idempotencyKey.slice(0, 40)}@costper>`,
      headers: { "Idempotency-Key": idempotencyKey, "Auto-Submitted": "auto-generated" },
    });
    if (rejected.length === 0) return;
    const answers = [...new Set(rejectedErrors.flatMap(({ responseCode }) => responseCode ?? []))];
    throw new DeliveryError(
      `the mail server took it for the others, not for ${rejected.map(String).join(", ")} (it answered ${answers.join(", ")})`,
      { taken: true },
    );
  } catch (error) {
    if (error instanceof DeliveryError) throw error;
    if (signal.aborted)
      throw new DeliveryError(`the mail server did not take it within ${String(totalMs / 1_000)} s`);
    const { code = "no connection", responseCode } = error as { code?: string; responseCode?: number };
    if (code === "ETLS")
      throw new DeliveryError(
        "the mail server takes no encryption, and the password must not go out in clear: use smtps://, or add ?ignoreTLS=true to the URL where that is meant",
      );
    const answer = responseCode === undefined ? "" : `, it answered ${String(responseCode)}`;
    throw new DeliveryError(`the mail server did not take it (${code}${answer})`, {
      rejected: code === "EMESSAGE" && (responseCode ?? 500) >= 500,
    });
  } finally {
    transport.close();
  }
};

const textFor = (type: "slack" | "webhook", body: OutboxBody): string => {
  if (body.status === "digest") return type === "slack" ? digestSlack(body) : digestWebhook(body);
  return type === "slack" ? slackText(body) : webhookText(body);
};

/**
 * Makes one attempt to hand a notice over.
 * @throws DeliveryError
 */
export const send = async (delivery: NoticeDelivery): Promise<void> => {
  const { notifier, body, idempotencyKey, timeoutMs = defaultTimeoutMs } = delivery;
  if (notifier.type === "email") return sendMail(notifier, delivery);
  const text = textFor(notifier.type, body);
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
