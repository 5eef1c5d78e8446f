/** One line of text, whatever a name or an explanation holds: no line break or other control character. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();

/** Slack reads `<`, `>` and `&` as its own marks; a section holds 3,000 characters at most. */
export const slackSafe = (text: string, longest = 1_400): string =>
  text.slice(0, longest).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

export const htmlSafe = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
