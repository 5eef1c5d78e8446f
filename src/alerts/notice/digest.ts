import { htmlSafe, oneLine, slackSafe } from "./plain.ts";

/** What a digest says, ready to be written in any form. */
export interface DigestBody {
  readonly version: 1;
  readonly status: "digest";
  /** "Saturday, 28 November 2026: a paid conversion cost 48.20 EUR" */
  readonly title: string;
  /** The figures that a reader came for, one a currency. */
  readonly figures: readonly { readonly figure: string; readonly label: string; readonly change: string }[];
  readonly sections: readonly { readonly heading: string; readonly lines: readonly string[] }[];
  /** "as of 03:41, 8 of 8 accounts" */
  readonly fresh: string;
  /** The same as `/api/morning` and `/api/missing` tell it, for programs. */
  readonly data: unknown;
}

export const digestWebhook = ({ version, status, title, sections, fresh, data }: DigestBody): string =>
  JSON.stringify({
    version,
    status,
    title,
    sections: sections.map(({ heading, lines }) => ({ heading, lines })),
    fresh,
    data,
  });

/** As text: for the terminal, and for mail programs that show no HTML. */
export const digestPlain = ({ title, figures, sections, fresh }: DigestBody): string =>
  [
    oneLine(title),
    ...figures.map(({ change }) => oneLine(change)),
    ...sections.map(({ heading, lines }) =>
      [heading, ...lines.map((line) => `  ${oneLine(line)}`)].join("\n"),
    ),
    fresh,
  ].join("\n\n");

const slackLine = (text: string): string => slackSafe(oneLine(text), 400);

const section = (text: string) => ({
  type: "section",
  text: { type: "mrkdwn", text: text.slice(0, 3_000) },
});

/** Blocks for a Slack-compatible incoming webhook. */
export const digestSlack = ({ title, figures, sections, fresh }: DigestBody): string =>
  JSON.stringify({
    text: slackLine(title),
    blocks: [
      { type: "header", text: { type: "plain_text", text: oneLine(title).slice(0, 150) } },
      ...figures.map(({ figure, label, change }) =>
        section(`*${slackLine(figure)}* ${slackLine(label)}\n${slackLine(change)}`),
      ),
      ...sections.map(({ heading, lines }) =>
        section([`*${slackLine(heading)}*`, ...lines.map((line) => `• ${slackLine(line)}`)].join("\n")),
      ),
      { type: "context", elements: [{ type: "mrkdwn", text: slackLine(fresh) }] },
    ],
  });

const htmlLine = (text: string): string => htmlSafe(oneLine(text));

const sans = "font-family:-apple-system,Segoe UI,Helvetica,Arial,sans-serif";

const figureHtml = ({ figure, label, change }: DigestBody["figures"][number]): string =>
  `<tr><td style="padding:4px 24px 12px;${sans}">
<div style="font-size:34px;line-height:40px;font-weight:600;color:#16202b">${htmlLine(figure)}</div>
<div style="font-size:14px;line-height:20px;color:#51606e">${htmlLine(label)}</div>
<div style="font-size:15px;line-height:22px;color:#16202b;padding-top:6px">${htmlLine(change)}</div>
</td></tr>`;

const sectionHtml = ({ heading, lines }: DigestBody["sections"][number]): string =>
  `<tr><td style="padding:12px 24px 0;${sans}">
<h2 style="margin:0 0 4px;font-size:15px;line-height:22px;color:#16202b">${htmlLine(heading)}</h2>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">${lines
    .map(
      (line) =>
        `<tr><td style="padding:5px 0;border-top:1px solid #e3e8ed;font-size:14px;line-height:20px;color:#16202b;${sans}">${htmlLine(line)}</td></tr>`,
    )
    .join("\n")}</table></td></tr>`;

/** Tables and styles on the elements alone: mail programs know no more. No image, so nothing is missing without. */
const digestHtml = ({ title, figures, sections, fresh }: DigestBody): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light"><title>${htmlLine(title)}</title></head>
<body style="margin:0;padding:0;background:#f3f5f7">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#f3f5f7"><tr><td align="center" style="padding:20px 8px">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff" style="width:100%;max-width:600px;border:1px solid #e3e8ed">
<tr><td style="padding:20px 24px 8px;${sans}"><h1 style="margin:0;font-size:17px;line-height:24px;color:#16202b">${htmlLine(title)}</h1></td></tr>
${figures.map(figureHtml).join("\n")}
${sections.map(sectionHtml).join("\n")}
<tr><td style="padding:16px 24px 20px;font-size:13px;line-height:18px;color:#51606e;${sans}">costper, ${htmlLine(fresh)}</td></tr>
</table></td></tr></table></body></html>
`;

export const digestMail = (body: DigestBody) => ({
  subject: `costper: ${oneLine(body.title)}`,
  text: `${digestPlain(body)}\n`,
  html: digestHtml(body),
});
