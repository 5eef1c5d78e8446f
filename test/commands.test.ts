import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { checkRange, parseDay } from "../src/commands/dates.ts";
import { checkNode } from "../src/commands/doctor/checks.ts";
import { checkPlatform } from "../src/commands/doctor/platforms.ts";
import { createOutput, csvText, formatDecimal, formatMoney } from "../src/commands/output.ts";
import type { Connector } from "../src/connectors/connector.ts";
import type { Account } from "../src/domain/facts.ts";
import { Failure } from "../src/domain/failure.ts";
import { createLog } from "../src/log.ts";

test.each(["2026-02-29", "2026-02-30", "2026-13-01", "2026-04-31"])("%s is no day", (text) =>
  expect(() => parseDay(text)).toThrow("The calendar has no such day"),
);

test.each(["tomorrow", "2026-2-1", "20260201", "2026-02-01T00:00", ""])(
  "%j is no way to write a day",
  (text) => expect(() => parseDay(text)).toThrow("YYYY-MM-DD"),
);

test("a leap day is a day in a leap year", () => expect(parseDay("2028-02-29")).toBe("2028-02-29"));

test("a range that runs backwards or lies in the future is refused, by the latest clock on earth", () => {
  const now = new Date("2026-03-10T12:00:00Z");
  expect(() => checkRange({ from: "2026-03-02", to: "2026-03-01" }, now)).toThrow("is after --to");
  expect(() => checkRange({ from: "2026-03-12" }, now)).toThrow("--from 2026-03-12 lies in the future");
  expect(() => checkRange({ to: "2026-03-11" }, now)).not.toThrow();
});

test.each<[string | null, number, string]>([
  ["1234567.895000", 2, "1,234,567.90"],
  ["0.004999", 2, "0.00"],
  ["-0.001", 2, "0.00"],
  ["-1234.565", 2, "-1,234.57"],
  ["99999999999999999.994999", 2, "99,999,999,999,999,999.99"],
  ["12", 0, "12"],
  ["999.5", 0, "1,000"],
  [".5", 1, "0.5"],
  [null, 2, "–"],
])("%s to %i places is %s", (figure, places, text) => expect(formatDecimal(figure, places)).toBe(text));

test("money has as many places as its currency", () => {
  expect(formatMoney("1234.5", "EUR")).toBe("1,234.50 EUR");
  expect(formatMoney("1234.5", "JPY")).toBe("1,235 JPY");
  expect(formatMoney("1.2345", "KWD")).toBe("1.235 KWD");
  expect(formatMoney(null, "EUR")).toBe("–");
});

/** A stream that keeps what is written to it. */
const sink = (isTTY = false) => {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY }) as unknown as NodeJS.WriteStream,
    text: () => chunks.join(""),
  };
};

test("a table is plain columns in a pipe, and a name cannot drive the terminal", () => {
  const { stream, text } = sink();
  createOutput(stream).table(
    [{ title: "name" }, { title: "spend", right: true }],
    [
      ["a\u001b[2Jb\nc", "1.00"],
      ["Ä 🎯", "200.00"],
    ],
  );
  expect(text()).toBe("name       spend\na [2Jb c    1.00\nÄ 🎯      200.00\n");
});

test("a name that begins like a formula is harmless in a spreadsheet, a negative figure stays a figure", () =>
  expect(
    csvText(
      ["name", "spend"],
      [
        ["=cmd()", "-1.50"],
        ['a,"b"', null],
      ],
    ),
  ).toBe('name,spend\n\'=cmd(),-1.50\n"a,""b""",\n'));

test("the log keeps secrets and an error's baggage to itself", async () => {
  const { stream, text } = sink();
  const log = await createLog({ format: "json", stream });
  const error = Object.assign(new Error("refused"), { config: { headers: { authorization: "s3cret" } } });
  log.error({ err: error, accessToken: "s3cret", settings: { refreshToken: "s3cret" } }, "call failed");
  expect(text()).toContain('"message":"refused"');
  expect(text()).not.toContain("s3cret");
});

test.each([
  ["20.18.3", "failed"],
  ["20.19.0", "ok"],
  ["24.1.0", "ok"],
])("Node %s is %s", (version, outcome) => expect(checkNode(version).outcome).toBe(outcome));

const account = (id: string, active = true): Account => ({
  platform: "meta",
  id,
  name: "Shop",
  currency: "EUR",
  timeZone: "UTC",
  status: active ? "ACTIVE" : "CLOSED",
  active,
});

const outcomes = async (named: string[], accounts: () => AsyncIterable<Account>): Promise<string[]> => {
  const checks = checkPlatform(
    "meta",
    named,
    () => Promise.resolve({ accounts } as unknown as Connector),
    new AbortController().signal,
  );
  const told: string[] = [];
  for await (const { outcome, message } of checks) told.push(`${outcome}: ${message}`);
  return told;
};

test("doctor tells an account that the config names and the credentials do not reach, and a closed one", async () =>
  expect(
    await outcomes(["1", "3"], async function* () {
      yield account("1");
      yield account("2", false);
    }),
  ).toEqual([
    "failed: account 3 is not reached by these credentials",
    "warning: 2 Shop: is not active (CLOSED): new figures are not expected of it",
    "ok: credentials work; 1 of 2 accounts active",
  ]));

test("doctor passes on what a platform said of its credentials", async () =>
  expect(
    // oxlint-disable-next-line require-yield
    await outcomes([], async function* (): AsyncGenerator<Account> {
      throw new Failure({ kind: "credentials", message: "the access token is revoked" });
    }),
  ).toEqual(["failed: the access token is revoked"]));
