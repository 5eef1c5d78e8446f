import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { deliverDue } from "../../src/alerts/deliver/deliver.ts";
import { type Notifiers, notifierSettings } from "../../src/alerts/rule/settings.ts";
import { parseConfig } from "../../src/config.ts";
import type { ConfigError } from "../../src/config/problems.ts";
import { composeDigest } from "../../src/digest/compose.ts";
import { sendDueDigest } from "../../src/digest/send.ts";
import { digestSettings } from "../../src/digest/settings.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { httpReceiver, mailReceiver } from "../alerts/receivers.ts";
import { day, ripening, seedFigures, stage, weekBefore } from "../morning/stage.ts";
import { freshDatabase } from "../support/database.ts";

const told = async (): Promise<Database & { readonly url: string }> => {
  const database = await freshDatabase();
  const accounts = await stage(database, [
    { id: "1", platform: "google" },
    { id: "2", platform: "meta" },
  ]);
  await seedFigures(database, accounts, [
    { account: "1", campaign: "a", date: weekBefore, spend: 60, conversions: 6, clicks: 60 },
    { account: "2", campaign: "<b> & co", date: weekBefore, spend: 40, conversions: 4, clicks: 40 },
    { account: "1", campaign: "a", date: day, spend: 90, conversions: 6, clicks: 60 },
    { account: "2", campaign: "<b> & co", date: day, spend: 40, conversions: 4, clicks: 40 },
  ]);
  await ripening(database, { 1: 0.5, 8: 1 });
  return database;
};

const connectors = { google: {}, meta: {}, linkedin: {} } as never;

const due = (
  database: Database,
  notifiers: Notifiers,
  at: string,
  digest = digestSettings.parse({ at: "08:00", notify: Object.keys(notifiers) }),
) =>
  sendDueDigest({
    db: database.db,
    notifiers,
    now: new Date(at),
    config: { connectors, digest, timezone: "Europe/Copenhagen" },
  });

const notifiersOf = (written: Record<string, unknown>): Notifiers => notifierSettings.parse(written);

test("a due time has one digest, however many processes look and however often", async () => {
  const database = await told();
  const { url, received } = await httpReceiver();
  const notifiers = notifiersOf({ ops: { type: "webhook", url, secret: "s3cret" } });
  await due(database, notifiers, "2026-03-14T07:30:00Z");
  // Whoever first hears of digests at half past eight does not miss the one of eight o'clock.
  expect(received).toHaveLength(0);
  await due(database, notifiers, "2026-03-15T06:59:00Z");
  expect(received).toHaveLength(0);
  await Promise.all(Array.from({ length: 4 }, () => due(database, notifiers, "2026-03-15T07:00:05Z")));
  await due(database, notifiers, "2026-03-15T09:00:00Z");
  expect(received).toHaveLength(1);
  await due(database, notifiers, "2026-03-16T07:00:05Z");
  expect(received).toHaveLength(2);
  const [first, second] = received;
  expect(first?.headers["idempotency-key"]).not.toBe(second?.headers["idempotency-key"]);
  expect(first?.headers["x-costper-signature"]).toBe(
    `sha256=${createHmac("sha256", "s3cret")
      .update(first?.body ?? "")
      .digest("hex")}`,
  );
  expect(JSON.parse(first?.body ?? "{}")).toMatchObject({
    version: 1,
    status: "digest",
    title: "Saturday, 14 March 2026: a paid conversion cost 13.00 EUR",
    data: {
      period: { from: day, to: day },
      missing: [{ platform: "linkedin", account_id: null }],
      groups: [{ currency: "EUR", all: { reported: { cost_per_conversion: "13.000000" } } }],
    },
  });
});

test("one that came too late is left to the next, and a changed hour is not missed before it was asked for", async () => {
  const database = await told();
  const { url, received } = await httpReceiver();
  const notifiers = notifiersOf({ ops: { type: "webhook", url } });
  await due(database, notifiers, "2026-03-14T07:30:00Z");
  await due(database, notifiers, "2026-03-15T21:00:00Z");
  expect(received).toHaveLength(0);
  const earlier = digestSettings.parse({ at: "06:00", notify: ["ops"] });
  await due(database, notifiers, "2026-03-16T06:30:00Z", earlier);
  expect(received).toHaveLength(0);
});

test("a digest that is refused is tried again under the same key, and delivered beside the alerts", async () => {
  const database = await told();
  const { url, received } = await httpReceiver((count) => (count === 1 ? 503 : 200));
  const notifiers = notifiersOf({ ops: { type: "webhook", url } });
  await due(database, notifiers, "2026-03-14T12:00:00Z");
  const refused = await due(database, notifiers, "2026-03-15T07:00:05Z");
  expect(refused).toEqual({ delivered: 0, failures: [{ notifier: "ops", message: "it answered 503" }] });
  const now = new Date("2026-03-15T07:30:00Z");
  expect(await deliverDue({ db: database.db, notifiers, now })).toEqual({ delivered: 1, failures: [] });
  const keys = received.map(({ headers }) => headers["idempotency-key"]);
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(1);
  expect(received[0]?.body).toBe(received[1]?.body);
});

test("a mail needs no image, says the same as text, and takes names as names", async () => {
  const database = await told();
  const { url, mails, recipients } = await mailReceiver();
  const notifiers = notifiersOf({
    mail: { type: "email", smtp: url, from: "costper@example.com", to: ["team@example.com"] },
  });
  await due(database, notifiers, "2026-03-14T12:00:00Z");
  await due(database, notifiers, "2026-03-15T07:00:05Z");
  expect(recipients).toEqual([["team@example.com"]]);
  const mail = (mails[0] ?? "").replaceAll("=\r\n", "").replaceAll("=3D", "=");
  expect(mail).toContain("Subject: costper: Saturday, 14 March 2026: a paid conversion cost 13.00 EUR");
  expect(mail).toContain("Content-Type: multipart/alternative");
  expect(mail).not.toMatch(/<img|url\(|<script|src=/i);
  expect(mail).not.toContain("<b> & co</");
  const [plain = "", html = ""] = mail.split("text/html");
  for (const part of [plain, html]) {
    expect(part).toContain("13.00 EUR");
    expect(part).toContain("linkedin is configured and has no account yet");
    expect(part).toContain("clicks cost more");
    expect(part).toContain("6.50 EUR per conversion once late conversions are in");
  }
});

test("a chat gets blocks within its limits, with the figure first", async () => {
  const database = await told();
  const { url, received } = await httpReceiver();
  const notifiers = notifiersOf({ team: { type: "slack", url } });
  await due(database, notifiers, "2026-03-14T12:00:00Z");
  await due(database, notifiers, "2026-03-15T07:00:05Z");
  const { text, blocks } = JSON.parse(received[0]?.body ?? "{}") as {
    text: string;
    blocks: { type: string; text?: { text: string } }[];
  };
  expect(text).toContain("a paid conversion cost 13.00 EUR");
  expect(blocks.length).toBeLessThanOrEqual(50);
  expect(blocks[0]).toMatchObject({ type: "header" });
  expect(blocks[1]?.text?.text).toMatch(/^\*13\.00 EUR\* per paid conversion/);
  expect(blocks.every((block) => (block.text?.text.length ?? 0) <= 3_000)).toBe(true);
  expect(received[0]?.body).not.toContain("<b>");
  expect(received[0]?.body).toContain("&lt;b&gt; &amp; co");
});

test("a week is told of where the digest comes weekly", async () => {
  const database = await told();
  const body = await composeDigest({
    db: database.db,
    config: { connectors, timezone: "Europe/Copenhagen" },
    days: 7,
    now: new Date("2026-03-15T07:00:00Z"),
  });
  expect(body.title).toBe("8 Mar 2026 to 14 Mar 2026: a paid conversion cost 13.00 EUR");
});

const problemsOf = (digest: string): readonly string[] => {
  try {
    parseConfig(
      `connectors: { meta: { accessToken: t, conversions: [purchase] } }
notifiers: { ops: { type: webhook, url: "https://example.com/hook" } }
digest: ${digest}
`,
      "/x/costper.yaml",
      {},
    );
    return [];
  } catch (error) {
    return (error as ConfigError).problems.map(({ path, message }) => `${path}: ${message}`);
  }
};

test.each([
  ["{ notify: [ops] }", []],
  ["{ every: week, on: friday, at: 07:30, timezone: Europe/Paris, notify: [ops] }", []],
  ["{ notify: [nobody] }", ["digest.notify[0]: no notifier is called nobody; there is ops"]],
  ["{ at: 8am, notify: [ops] }", ["digest.at: must be an hour such as 08:00"]],
  ["{ on: friday, notify: [ops] }", [expect.stringMatching(/^digest\.on: names a weekday.*every: week/)]],
  ["{ every: month, notify: [ops] }", ["digest.every: must be one of day, week"]],
  ["{ timezone: Mars, notify: [ops] }", [expect.stringMatching(/^digest\.timezone: must be a time zone/)]],
  ["{ at: '08:00' }", ["digest.notify: is missing; add it"]],
])("digest: %s", (written, problems) => expect(problemsOf(written)).toEqual(problems));
