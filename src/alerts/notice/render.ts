import type { NoticeAlert, NoticeBody } from "./notice.ts";
import { htmlSafe, oneLine, slackSafe } from "./plain.ts";

/** A notice in the forms that people read it in. */

/** How many alerts a chat message or mail spells out. */
const spelledOut = 10;

const headline = ({ status, alerts }: NoticeBody): string => {
  const names = [...new Set(alerts.map(({ name }) => name))];
  const what = names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and more`;
  const count = alerts.length === 1 ? "" : ` (${String(alerts.length)} alerts)`;
  return oneLine(
    `${status === "firing" ? "Firing" : status === "resolved" ? "Resolved" : "Test"}: ${what}${count}`,
  );
};

const where = ({ labels }: NoticeAlert): string => {
  const account = [labels["source"] && `source ${labels["source"]}`, labels["platform"], labels["account_id"]]
    .filter((part) => part !== undefined)
    .join(" ");
  const parts = [
    labels["campaign_name"] ?? labels["campaign_id"],
    labels["network"],
    labels["conversion_action_name"] ?? labels["conversion_action_id"],
    account === "" ? undefined : account,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
};

const title = (alert: NoticeAlert): string =>
  oneLine(`[${alert.severity}] ${alert.name}${where(alert) === "" ? "" : ` – ${where(alert)}`}`);

const left = (alerts: readonly NoticeAlert[]): string | undefined =>
  alerts.length > spelledOut ? `and ${String(alerts.length - spelledOut)} more` : undefined;

/** What no figure of the notice tells of. */
const absent = ({ missing = [] }: NoticeBody): readonly string[] =>
  missing.length > spelledOut
    ? [...missing.slice(0, spelledOut), `and ${String(missing.length - spelledOut)} more`]
    : missing;

/** The webhook's body. The order of keys is always the same, so that every attempt signs the same bytes. */
export const webhookText = ({ version, status, alerts, missing = [] }: NoticeBody): string =>
  JSON.stringify({
    version,
    status,
    alerts: alerts.map((alert) => ({
      name: alert.name,
      severity: alert.severity,
      metric: alert.metric,
      value: alert.value,
      threshold: alert.threshold,
      currency: alert.currency,
      labels: alert.labels,
      window: alert.window === null ? null : { from: alert.window.from, to: alert.window.to },
      spend: alert.spend,
      conversions: alert.conversions,
      since: alert.since,
      explanation: alert.explanation,
    })),
    ...(missing.length > 0 && { missing }),
  });

/** The body of a Slack-compatible incoming webhook. */
export const slackText = (body: NoticeBody): string => {
  const sections = body.alerts
    .slice(0, spelledOut)
    .map((alert) => `*${slackSafe(title(alert))}*\n${slackSafe(alert.explanation)}`.slice(0, 3_000));
  const rest = left(body.alerts);
  return JSON.stringify({
    text: slackSafe(headline(body)),
    blocks: [
      { type: "header", text: { type: "plain_text", text: headline(body).slice(0, 150) } },
      ...sections.map((text) => ({ type: "section", text: { type: "mrkdwn", text } })),
      ...absent(body).map((line) => ({
        type: "context",
        elements: [{ type: "mrkdwn", text: slackSafe(`Missing: ${oneLine(line)}`) }],
      })),
      ...(rest === undefined ? [] : [{ type: "context", elements: [{ type: "mrkdwn", text: rest }] }]),
    ],
  });
};

export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export const mailOf = (body: NoticeBody): Mail => {
  const alerts = body.alerts.slice(0, spelledOut);
  const rest = left(body.alerts);
  const subject = `costper: ${headline(body)}`;
  const lines = (alert: NoticeAlert): readonly string[] => alert.explanation.split("; ").map(oneLine);
  const text = alerts
    .map((alert) =>
      [title(alert), ...lines(alert).map((line) => `  ${line}`), `  since ${alert.since}`].join("\n"),
    )
    .concat(
      rest ?? [],
      absent(body).map((line) => `Missing: ${oneLine(line)}`),
    )
    .join("\n\n");
  const html = alerts
    .map(
      (alert) =>
        `<h3>${htmlSafe(title(alert))}</h3><ul>${[...lines(alert), `since ${alert.since}`]
          .map((line) => `<li>${htmlSafe(line)}</li>`)
          .join("")}</ul>`,
    )
    .concat(
      rest === undefined ? [] : [`<p>${rest}</p>`],
      absent(body).map((line) => `<p>Missing: ${htmlSafe(oneLine(line))}</p>`),
    )
    .join("\n");
  return {
    subject,
    text: `${text}\n`,
    html: `<!doctype html><meta charset="utf-8"><title>${htmlSafe(subject)}</title>\n${html}\n`,
  };
};
