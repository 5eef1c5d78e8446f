import { createHmac } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { deliverDue } from "../../src/alerts/deliver/deliver.ts";
import { evaluateAlerts } from "../../src/alerts/evaluate.ts";
import { runAlerts } from "../../src/alerts/run.ts";
import { sendTest } from "../../src/alerts/deliver/send-test.ts";
import { type AlertSettings, notifierSettings, type Notifiers } from "../../src/alerts/rule/settings.ts";
import { silence } from "../../src/alerts/state/silence.ts";
import type { NoticeBody } from "../../src/alerts/notice/notice.ts";
import { addDays, eachDay } from "../../src/domain/day.ts";
import { alertAfterRollup } from "../../src/sync/after-rollup.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { silent } from "../jobs/backends.ts";
import { freshDatabase } from "../support/database.ts";
import { httpReceiver, mailReceiver } from "./receivers.ts";
import { at, ruleFrom, seedAccounts, seedFigures, seedGoodDays, storedAlerts } from "./seed.ts";

const day = "2026-03-14";
const now = at("2026-03-15");
const later = (ms: number): Date => new Date(now.getTime() + ms);

const notifiersOf = (written: Record<string, unknown>): Notifiers => notifierSettings.parse(written);

/** Two dear campaigns and a cheap one, for as many days as needed. */
const costly = async (): Promise<Database & { readonly url: string }> => {
  const database = await freshDatabase();
  const accounts = await seedAccounts(database, [{ id: "1" }]);
  await seedGoodDays(database, accounts, "2026-01-01", "2026-03-30");
  await seedFigures(
    database,
    accounts,
    eachDay({ from: "2026-02-20", to: day }).flatMap((date) => {
      const dear = date > "2026-03-07" ? 50 : 25;
      return [
        { account: "1", campaign: "a", date, spend: dear, conversions: 1, clicks: 10 },
        {
          account: "1",
          campaign: "b",
          date,
          spend: date > "2026-03-07" ? 60 : 20,
          clicks: 10,
          conversions: date > "2026-03-07" ? 0 : 1,
        },
        { account: "1", campaign: "c", date, spend: 5, conversions: 1, clicks: 10 },
      ];
    }),
  );
  return database;
};

const evaluate = (database: Database, notifiers: Notifiers, rules: readonly AlertSettings[], asOf = day) =>
  evaluateAlerts({ db: database.db, notifiers, rules, now: at(addDays(asOf, 1)), asOf });

const notices = async (database: Database) =>
  (
    await database.pool.query<{
      notifier: string;
      kind: string;
      status: string;
      attempts: number;
      last_error: string | null;
    }>("select notifier, kind, status, attempts, last_error from ops.notice order by notice_id")
  ).rows;

const bodyOf = (text: string | undefined): NoticeBody => JSON.parse(text ?? "{}") as NoticeBody;

describe("a webhook", () => {
  test("gets one signed notice for all that fires together, with figures as decimal text", async () => {
    const database = await costly();
    const { url, received } = await httpReceiver();
    const notifiers = notifiersOf({ ops: { type: "webhook", url, secret: "s3cret" } });
    const rule = ruleFrom({ by: "campaign", above: 40, severity: "critical", currency: "EUR" });
    await evaluate(database, notifiers, [rule]);
    expect(await deliverDue({ db: database.db, notifiers, now })).toEqual({ delivered: 1, failures: [] });
    const [notice] = received;
    expect(received).toHaveLength(1);
    expect(notice?.headers["x-costper-signature"]).toBe(
      `sha256=${createHmac("sha256", "s3cret")
        .update(notice?.body ?? "")
        .digest("hex")}`,
    );
    expect(notice?.headers["idempotency-key"]).toMatch(/^[0-9a-f]{64}$/);
    expect(bodyOf(notice?.body)).toEqual({
      version: 1,
      status: "firing",
      alerts: ["a", "b"].map((campaign) => ({
        name: "costly",
        severity: "critical",
        metric: "cost_per_conversion",
        value: campaign === "a" ? "50" : null,
        threshold: "40",
        currency: "EUR",
        labels: {
          platform: "meta",
          account_id: "1",
          campaign_id: campaign,
          campaign_name: `Campaign ${campaign}`,
        },
        window: { from: "2026-03-08", to: day },
        spend: campaign === "a" ? "350" : "420",
        conversions: campaign === "a" ? "7" : "0",
        since: "2026-03-15T00:00:00.000Z",
        explanation: expect.stringMatching(
          /window 2026-03-08 to 2026-03-14.*click price \+\d+%.*daily [▁-█·]{21}/,
        ),
      })),
    });
  });

  test("hears the end of what it was told, and nothing twice in between", async () => {
    const database = await costly();
    const { url, received } = await httpReceiver();
    const notifiers = notifiersOf({ ops: { type: "webhook", url } });
    const rules = [ruleFrom({ by: "campaign", where: { campaign: "a" }, above: 40, window: "1d" })];
    for (const asOf of ["2026-03-07", "2026-03-08", "2026-03-08", "2026-03-09", "2026-03-15", "2026-03-16"]) {
      await evaluate(database, notifiers, rules, asOf);
      await deliverDue({ db: database.db, notifiers, now: at("2026-03-20") });
    }
    expect(received.map(({ body }) => bodyOf(body).status)).toEqual(["firing", "resolved"]);
    expect(await storedAlerts(database)).toMatchObject([{ state: "inactive" }]);
    const { rows } = await database.pool.query(
      "select from_state, to_state from ops.alert_event order by event_id",
    );
    expect(rows).toEqual([
      { from_state: "inactive", to_state: "firing" },
      { from_state: "firing", to_state: "resolved" },
      { from_state: "resolved", to_state: "inactive" },
    ]);
  });

  test("tells of the whole when one campaign carries it", async () => {
    const database = await costly();
    const { url, received } = await httpReceiver();
    const notifiers = notifiersOf({ ops: { type: "webhook", url } });
    await evaluate(database, notifiers, [ruleFrom({ above: 40 })]);
    await deliverDue({ db: database.db, notifiers, now });
    const [alert] = bodyOf(received[0]?.body).alerts;
    expect(alert).toMatchObject({ value: "57.5", labels: {} });
    expect(alert?.explanation).toContain("carried by Campaign b (420 for 0), Campaign a (350 for 7)");
    expect(alert?.explanation).toContain("conversion rate -33%");
  });
});

describe("a death between state and delivery", () => {
  test("leaves the notice to the next, who says it once, even where two come at the same time", async () => {
    const database = await costly();
    const { url, received } = await httpReceiver();
    const notifiers = notifiersOf({ ops: { type: "webhook", url } });
    const rules = [ruleFrom({ by: "campaign", above: 40 })];
    await evaluate(database, notifiers, rules);
    await Promise.all([evaluate(database, notifiers, rules), evaluate(database, notifiers, rules)]);
    await Promise.all([1, 2, 3].map(() => deliverDue({ db: database.db, notifiers, now, atOnce: true })));
    expect(received).toHaveLength(1);
    expect(await notices(database)).toMatchObject([{ status: "delivered", attempts: 1 }]);
  });

  test("while the receiver has the notice sends it again under the same key", async () => {
    const database = await costly();
    const { url, received } = await httpReceiver((count) => (count === 1 ? null : 200));
    const notifiers = notifiersOf({ ops: { type: "webhook", url } });
    await evaluate(database, notifiers, [ruleFrom({ above: 40 })]);
    const script = join(import.meta.dirname, "deliver-process.ts");
    const dying = spawn(process.execPath, ["--import", "tsx", script, database.url, url], {
      stdio: "ignore",
    });
    await expect.poll(() => received.length).toBe(1);
    dying.kill("SIGKILL");
    await once(dying, "exit");
    // Postgres lets go of the dead process's lock as soon as it notices that the connection is gone.
    await expect.poll(async () => (await deliverDue({ db: database.db, notifiers, now })).delivered).toBe(1);
    expect(received).toHaveLength(2);
    expect(received[1]?.headers["idempotency-key"]).toBe(received[0]?.headers["idempotency-key"]);
    expect(received[1]?.body).toBe(received[0]?.body);
  });

  test("a state that could not be written with its notice is not written at all", async () => {
    const database = await costly();
    const notifiers = notifiersOf({ ops: { type: "webhook", url: "http://127.0.0.1:9/" } });
    await database.pool.query("alter table ops.notice add constraint broken check (notifier <> 'ops')");
    await expect(evaluate(database, notifiers, [ruleFrom({ above: 40 })])).rejects.toThrow(/broken/);
    expect(await storedAlerts(database)).toEqual([]);
  });
});

describe("a receiver in trouble", () => {
  test("holds up nobody else and is tried again, later and later, under the same key", async () => {
    const database = await costly();
    const dead = await httpReceiver((count) => (count < 3 ? 500 : 200));
    const well = await httpReceiver();
    const notifiers = notifiersOf({
      dead: { type: "webhook", url: dead.url },
      well: { type: "webhook", url: well.url },
    });
    await evaluate(database, notifiers, [ruleFrom({ above: 40, notify: ["dead", "well"] })]);
    const deliver = (when: Date, atOnce = false) =>
      deliverDue({ db: database.db, notifiers, now: when, atOnce });
    expect(await deliver(now)).toEqual({
      delivered: 1,
      failures: [{ notifier: "dead", message: "it answered 500" }],
    });
    expect(await deliver(later(29_000))).toEqual({ delivered: 0, failures: [] });
    expect(await deliver(later(30_000))).toMatchObject({ failures: [{ notifier: "dead" }] });
    expect(await deliver(later(89_000))).toEqual({ delivered: 0, failures: [] });
    expect(await deliver(later(89_000), true)).toEqual({ delivered: 1, failures: [] });
    expect(new Set(dead.received.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(well.received).toHaveLength(1);
    expect(await notices(database)).toMatchObject([
      { status: "delivered", attempts: 3 },
      { status: "delivered", attempts: 1 },
    ]);
  });

  test.each([
    ["that never answers is given up after the timeout", null, /no answer within 0.2 s/],
    ["that redirects is not followed", 302, /answered 302, and redirects are not followed/],
  ])("%s", async (_, status, message) => {
    const database = await costly();
    const other = await httpReceiver();
    const { url } = await httpReceiver(() => status, { location: other.url });
    const notifiers = notifiersOf({ ops: { type: "webhook", url } });
    await evaluate(database, notifiers, [ruleFrom({ above: 40 })]);
    const { failures } = await deliverDue({ db: database.db, notifiers, now, timeoutMs: 200 });
    expect(failures).toMatchObject([{ message: expect.stringMatching(message) }]);
    expect(other.received).toEqual([]);
  });

  test("is not connected to where its name leads to a private address", async () => {
    const notifier = {
      type: "webhook",
      url: "https://localhost.localdomain.invalid/",
      allowPrivate: false,
    } as const;
    await expect(sendTest({ notifier, now })).rejects.toThrow(/no connection/);
    const literal = { type: "webhook", url: "https://169.254.169.254/", allowPrivate: false } as const;
    await expect(sendTest({ notifier: literal, now })).rejects.toThrow(/private address/);
  });
});

describe("people", () => {
  test("read a chat message that cannot be mistaken for markup", async () => {
    const database = await costly();
    await database.pool.query(
      "update warehouse.campaign set name = '<!channel> & Co' where campaign_id = 'a'",
    );
    const { url, received } = await httpReceiver();
    const notifiers = notifiersOf({ ops: { type: "slack", url } });
    await evaluate(database, notifiers, [ruleFrom({ by: "campaign", where: { campaign: "a" }, above: 40 })]);
    await deliverDue({ db: database.db, notifiers, now });
    const message = JSON.parse(received[0]?.body ?? "{}") as {
      text: string;
      blocks: { type: string; text?: { text: string } }[];
    };
    expect(message.text).toBe("Firing: costly");
    expect(message.blocks.map(({ type }) => type)).toEqual(["header", "section"]);
    expect(message.blocks[1]?.text?.text).toContain("&lt;!channel&gt; &amp; Co");
  });

  test("get mail in text and HTML", async () => {
    const database = await costly();
    const { url, mails } = await mailReceiver();
    const notifiers = notifiersOf({
      ops: { type: "email", smtp: url, from: "costper@example.com", to: ["team@example.com"] },
    });
    await evaluate(database, notifiers, [ruleFrom({ above: 40 })]);
    expect(await deliverDue({ db: database.db, notifiers, now })).toEqual({ delivered: 1, failures: [] });
    expect(mails[0]).toMatch(/^Subject: costper: Firing: costly\r$/m);
    expect(mails[0]).toMatch(/^Content-Type: text\/plain/m);
    expect(mails[0]).toMatch(/^Content-Type: text\/html/m);
    expect(mails[0]).toMatch(/^Message-ID: <[0-9a-f]{40}@costper>\r$/m);
  });

  test("hear by mail of the next alert where the server never takes the notice of one", async () => {
    const database = await costly();
    const { url, mails } = await mailReceiver({
      refuses: (what) =>
        "mail" in what && what.mail.includes("Subject: costper: Firing: costly") ? 554 : undefined,
    });
    const notifiers = notifiersOf({
      ops: { type: "email", smtp: url, from: "costper@example.com", to: ["team@example.com"] },
    });
    await evaluate(database, notifiers, [ruleFrom({ above: 40, by: "campaign" })]);
    await evaluate(database, notifiers, [
      ruleFrom({ above: 40, by: "campaign" }),
      ruleFrom({ name: "spend", metric: "spend", above: 1, currency: "EUR" }),
    ]);
    for (let attempt = 1; attempt <= 5; attempt += 1)
      await deliverDue({ db: database.db, notifiers, now, atOnce: true });
    expect(await notices(database)).toMatchObject([
      { status: "abandoned", last_error: "the mail server did not take it (EMESSAGE, it answered 554)" },
      { status: "waiting" },
    ]);
    await deliverDue({ db: database.db, notifiers, now, atOnce: true });
    expect(mails.at(-1)).toMatch(/^Subject: costper: Firing: spend\r$/m);
    expect((await notices(database))[1]).toMatchObject({ status: "delivered" });
  });

  test("are told which of a mail's readers were refused, and the others get it once", async () => {
    const database = await costly();
    const { url, mails } = await mailReceiver({
      refuses: (what) => ("to" in what && what.to === "gone@example.com" ? 550 : undefined),
    });
    const to = ["team@example.com", "gone@example.com"];
    const notifiers = notifiersOf({ ops: { type: "email", smtp: url, from: "costper@example.com", to } });
    const message = "the mail server took it for the others, not for gone@example.com (it answered 550)";
    await evaluate(database, notifiers, [ruleFrom({ above: 40 })]);
    expect(await deliverDue({ db: database.db, notifiers, now })).toEqual({
      delivered: 1,
      failures: [{ notifier: "ops", message, taken: true }],
    });
    expect(await notices(database)).toMatchObject([{ status: "delivered", last_error: message }]);
    await deliverDue({ db: database.db, notifiers, now: later(86_400_000), atOnce: true });
    expect(mails).toHaveLength(1);
    const { ops } = notifiers;
    await expect(sendTest({ notifier: ops!, now })).rejects.toThrow(message);
  });

  test("are not kept waiting by a mail server that never comes to an end", async () => {
    const database = await costly();
    const server = createServer((socket) => {
      socket.on("error", () => undefined).write("220 here\r\n");
      const drip = setInterval(() => socket.write("250-and\r\n"), 50);
      socket.on("close", () => clearInterval(drip));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const smtp = `smtp://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const closed = new Promise((resolve) =>
      server.once("connection", (socket) => socket.once("close", resolve)),
    );
    onTestFinished(() => void server.close());
    const notifiers = notifiersOf({
      ops: { type: "email", smtp, from: "costper@example.com", to: ["team@example.com"] },
    });
    await evaluate(database, notifiers, [ruleFrom({ above: 40 })]);
    const { failures } = await deliverDue({ db: database.db, notifiers, now, timeoutMs: 300 });
    expect(failures).toEqual([{ notifier: "ops", message: "the mail server did not take it within 1.8 s" }]);
    await closed;
  });

  test("can try whether notices arrive", async () => {
    const { url, received } = await httpReceiver();
    await sendTest({ notifier: { type: "webhook", url, allowPrivate: false }, now });
    expect(bodyOf(received[0]?.body).status).toBe("test");
  });

  test("hear nothing of what they silenced, but of the rest", async () => {
    const database = await costly();
    const { url, received } = await httpReceiver();
    const notifiers = notifiersOf({ ops: { type: "webhook", url } });
    await silence({
      db: database.db,
      rule: "costly",
      labels: { campaign_id: "a" },
      lasts: "3d",
      now: at("2026-03-14"),
    });
    const rules = [ruleFrom({ by: "campaign", above: 40 })];
    await evaluate(database, notifiers, rules);
    await deliverDue({ db: database.db, notifiers, now });
    expect(bodyOf(received[0]?.body).alerts.map(({ labels }) => labels["campaign_id"])).toEqual(["b"]);
    await evaluateAlerts({ db: database.db, notifiers, rules, now: at("2026-03-18"), asOf: day });
    await deliverDue({ db: database.db, notifiers, now: at("2026-03-18") });
    expect(bodyOf(received[1]?.body).alerts.map(({ labels }) => labels["campaign_id"])).toEqual(["a"]);
  });

  test("are told the end of an alert whose rule was taken away", async () => {
    const database = await costly();
    const { url, received } = await httpReceiver();
    const notifiers = notifiersOf({ ops: { type: "webhook", url } });
    await evaluate(database, notifiers, [ruleFrom({ above: 40 })]);
    await evaluate(database, notifiers, []);
    await evaluate(database, notifiers, []);
    await deliverDue({ db: database.db, notifiers, now });
    expect(received.map(({ body }) => bodyOf(body).status)).toEqual(["firing", "resolved"]);
  });

  test("are told so too where it was the last rule of the service's config, once", async () => {
    const database = await costly();
    const { url, received } = await httpReceiver();
    const notifiers = notifiersOf({ ops: { type: "webhook", url } });
    await evaluate(database, notifiers, [ruleFrom({ above: 40 })]);
    await deliverDue({ db: database.db, notifiers, now });
    const config = { alerts: [], notifiers, connectors: {}, schedule: "30 3 * * *", timezone: "UTC" };
    for (const ms of [1, 2]) await alertAfterRollup({ db: database.db, config, now: later(ms), log: silent });
    expect(received.map(({ body }) => bodyOf(body).status)).toEqual(["firing", "resolved"]);
    expect(await storedAlerts(database)).toMatchObject([{ state: "inactive" }]);
  });

  test("are not told that all is well when data goes missing, and are when it is", async () => {
    const database = await costly();
    const { url, received } = await httpReceiver();
    const notifiers = notifiersOf({ ops: { type: "webhook", url } });
    const rules = [
      ruleFrom({ by: "campaign", where: { campaign: "a" }, above: 40 }),
      ruleFrom({ name: "stale", metric: "freshness", above: 20 }),
    ];
    await evaluate(database, notifiers, rules);
    await database.pool.query("update ops.account_day set state = 'failed' where date >= '2026-03-14'");
    await evaluate(database, notifiers, rules);
    expect((await storedAlerts(database)).map(({ rule, state }) => `${rule} ${state}`)).toEqual([
      "costly no_data",
      "stale firing",
    ]);
    await database.pool.query(
      "update ops.account_day set state = 'complete'; update figures.cost_per_conversion_daily set spend = 1",
    );
    await evaluate(database, notifiers, rules);
    await deliverDue({ db: database.db, notifiers, now });
    const heard = received.map(
      ({ body }) =>
        `${bodyOf(body).status} ${bodyOf(body)
          .alerts.map(({ name }) => name)
          .sort()
          .join(" ")}`,
    );
    expect(heard).toEqual(["firing costly", "firing stale", "resolved costly stale"]);
  });
});

test("every form of a notice says which configured platforms its figures are without", async () => {
  const database = await costly();
  const [hook, chat, mail] = [await httpReceiver(), await httpReceiver(), await mailReceiver()];
  const notifiers = notifiersOf({
    ops: { type: "webhook", url: hook.url },
    team: { type: "slack", url: chat.url },
    mail: { type: "email", smtp: mail.url, from: "costper@example.com", to: ["team@example.com"] },
  });
  const rule = ruleFrom({ above: 20, currency: "EUR", notify: ["ops", "team", "mail"] });
  const connectors = { meta: {}, linkedin: {} } as never;
  await runAlerts({
    db: database.db,
    config: { alerts: [rule], notifiers, connectors },
    now: at(addDays(day, 1)),
    asOf: day,
  });
  const said = "linkedin is configured and has no account yet: every figure is without it";
  expect(bodyOf(hook.received[0]?.body).missing).toEqual([said]);
  expect(chat.received[0]?.body).toContain(`Missing: ${said}`);
  expect(mail.mails[0]?.replaceAll("=\r\n", "")).toContain(`Missing: ${said}`);
});
