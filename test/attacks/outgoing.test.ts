import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type NoticeDelivery, send } from "../../src/alerts/deliver/send.ts";
import { targetProblem } from "../../src/alerts/rule/target.ts";
import type { NoticeAlert } from "../../src/alerts/notice/notice.ts";
import { notifierSettings } from "../../src/alerts/rule/settings.ts";
import { isPublicAddress } from "../../src/domain/hosts.ts";
import { mailReceiver } from "../alerts/receivers.ts";

test.each([
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "127.0.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::10.0.0.1",
  "::169.254.169.254",
  "::ffff:10.0.0.1",
  "::ffff:169.254.169.254",
  "64:ff9b::10.0.0.1",
  "64:ff9b:1::1",
  "2002:a00:1::",
  "2001::1",
  "2001:db8::1",
  "fe80::1",
  "fc00::1",
  "fd00:ec2::254",
  "fec0::1",
  "ff02::1",
  "100::1",
  "4000::1",
])("%s is no address of the public internet", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001:800::200e"])(
  "%s is an address of the public internet",
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test.each([
  "[::10.0.0.1]",
  "[::169.254.169.254]",
  "[64:ff9b::a9fe:a9fe]",
  "0x0a000001",
  "167772161",
  "012.0.0.1",
])("a webhook at %s is refused", (host) => {
  expect(targetProblem(`https://${host}/hook`, false)).toMatch(/private address/);
});

const alert = (name: string, explanation: string): NoticeAlert => ({
  name,
  severity: "critical",
  metric: "spend",
  value: "10",
  threshold: "5",
  currency: "EUR",
  labels: { platform: "meta", campaign_id: "1", campaign_name: name },
  window: null,
  spend: "10",
  conversions: "0",
  since: "2026-03-15T00:00:00.000Z",
  explanation,
});

const mailTo = (smtp: string, text: string): NoticeDelivery => {
  const { mail } = notifierSettings.parse({
    mail: { type: "email", smtp, from: "costper@example.com", to: ["team@example.com"] },
  });
  if (mail === undefined) throw new Error("no notifier");
  return {
    notifier: mail,
    body: { version: 1, status: "firing", alerts: [alert(text, text)] },
    idempotencyKey: "0".repeat(64),
    timeoutMs: 5_000,
  };
};

test.each([
  ["CR LF", "a\r\nRCPT TO:<evil@example.com>\r\nBcc: evil@example.com"],
  ["LF", "a\nBcc: evil@example.com\n\nbody"],
  ["CR", "a\rBcc: evil@example.com"],
  ["a lone dot", "a\r\n.\r\nMAIL FROM:<x@example.com>\r\nRCPT TO:<evil@example.com>\r\nDATA\r\n"],
  ["line separators", "a\u2028Bcc: evil@example.com\u2029.\u0085x"],
  ["NUL and escapes", "a\0\u001b[2J"],
])("%s in a name or an explanation reaches neither header nor envelope", async (_name, text) => {
  const { url, mails, recipients } = await mailReceiver();
  await send(mailTo(url, text));
  expect(recipients).toEqual([["team@example.com"]]);
  expect(mails).toHaveLength(1);
  const [head = ""] = (mails[0] ?? "").split("\r\n\r\n", 1);
  const names = head.split(/\r\n(?![ \t])/).map((line) => line.split(":", 1)[0]?.toLowerCase());
  expect(names.filter((name) => name === "to")).toHaveLength(1);
  expect(names).not.toContain("bcc");
  expect(names).not.toContain("rcpt to");
});

test("a password never goes out in clear, unless the URL says that this is meant", async () => {
  const { url, mails, passwords } = await mailReceiver({ login: true });
  const withPassword = url.replace("smtp://", "smtp://user:hunter2@");
  await expect(send(mailTo(withPassword, "a"))).rejects.toThrow(/in clear.*smtps:\/\/.*ignoreTLS/);
  expect({ mails, passwords }).toEqual({ mails: [], passwords: [] });
  await send(mailTo(`${withPassword}/?ignoreTLS=true`, "a"));
  expect(mails).toHaveLength(1);
  expect(passwords).toEqual(["hunter2"]);
});

test.each([
  "a@example.com\r\nRCPT TO:<evil@example.com>",
  "a@example.com, evil@example.com",
  "a b@example.com",
])("a recipient that is more than one address is refused: %j", (to) => {
  expect(
    notifierSettings.safeParse({ mail: { type: "email", smtp: "smtp://localhost", from: "a@b.c", to: [to] } })
      .success,
  ).toBe(false);
});

test("a mail server that never says a word is given up in time", async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const delivery = { ...mailTo(`smtp://127.0.0.1:${String(port)}`, "a"), timeoutMs: 500 };
  await expect(send(delivery)).rejects.toThrow(/did not take it/);
});
