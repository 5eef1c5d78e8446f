import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { readJson } from "../../src/connectors/wire/json.ts";
import { createPageGuard } from "../../src/connectors/wire/paging.ts";
import { retryAfterMs } from "../../src/connectors/wire/retry-after.ts";
import { createRedactor } from "../../src/domain/secrets.ts";
import { createLog } from "../../src/log.ts";

describe("a listing ends", () => {
  const rows = (page: number) =>
    Array.from({ length: 3 }, (_, row) => ({ id: `${String(page)}-${String(row)}` }));

  type Page = readonly [items: readonly unknown[], token?: string];
  const endless: [string, (page: number) => Page][] = [
    ["where a token comes twice", (page) => [rows(page), "a"]],
    ["where a page repeats under ever new tokens", (page) => [rows(1), String(page)]],
    ["where pages alternate", (page) => [rows(page % 2), String(page)]],
    ["where pages stay empty", (page) => [[], String(page)]],
    ["where pages are ever new", (page) => [rows(page), String(page)]],
    ["where counted pages repeat", () => [rows(1)]],
  ];

  test.each(endless)("%s", (_, pageOf) => {
    const guard = createPageGuard({ what: "campaigns", platform: "linkedin", mostPages: 500 });
    const listing = () => {
      for (let page = 1; page < 1_000; page += 1) guard.check(...pageOf(page));
    };
    expect(listing).toThrow(/^campaigns: /);
  });

  test("by itself where it is long and honest, and may begin again with smaller pages", () => {
    const guard = createPageGuard({ what: "campaigns" });
    for (let page = 1; page < 5_000; page += 1) guard.check(rows(page), String(page));
    guard.restart();
    guard.check(rows(1), "1");
  });
});

test("what is read is told by what and where, never by its text", () => {
  const shape = z.object({ rows: z.array(z.object({ id: z.string() })) });
  expect(readJson('{"rows":[{"id":"1"}]}', shape, { what: "report" })).toEqual({ rows: [{ id: "1" }] });
  expect(() => readJson('{"rows":[{"id":{"s3cr3t":1}}]}', shape, { what: "report" })).toThrow(
    /^report: rows\.0\.id is not as documented \(.*expected string.*\)$/,
  );
  expect(() => readJson("<html>s3cr3t", shape, { what: "report" })).toThrow(
    /^report: the answer is not JSON \(12 characters\)$/,
  );
});

test.each([
  ["120", 120_000],
  ["1.5", 1_500],
  ["Fri, 20 Nov 2026 12:01:00 GMT", 60_000],
  ["Fri, 20 Nov 2026 11:00:00 GMT", 0],
  ["soon", undefined],
  [null, undefined],
])("Retry-After: %s is %s ms", (header, ms) => {
  expect(retryAfterMs(header, new Date("2026-11-20T12:00:00Z"))).toBe(ms);
});

describe("secrets", () => {
  test("are cut out of texts in every form, longest first, and short ones blank nothing", () => {
    const { redact, add } = createRedactor("s3cr3t/key", "s3cr3t/key-and-more", "a", "");
    expect(redact("a s3cr3t/key-and-more b s3cr3t/key c s3cr3t%2Fkey d")).toBe(
      "a [secret] b [secret] c [secret] d",
    );
    add("later-token");
    expect(redact("later-token")).toBe("[secret]");
  });

  test("are known by where they stand too", () => {
    const { redact } = createRedactor();
    expect(redact("GET /x?access_token=abcdef&fields=id")).toBe("GET /x?access_token=[secret]&fields=id");
    expect(redact("authorization: Bearer ya29.abcdef")).toBe("authorization: Bearer [secret]");
    expect(redact("postgres://costper:pa55word@db:5432/x")).toBe("postgres://costper:[secret]@db:5432/x");
    expect(redact('OAuth oauth_token="abcdef", oauth_nonce="1"')).toBe(
      'OAuth oauth_token="[secret]", oauth_nonce="1"',
    );
  });

  test("that an error quotes reach no line of the log", async () => {
    const lines: string[] = [];
    const stream = new Writable({
      write(line: Buffer, _, done) {
        lines.push(line.toString());
        done();
      },
    });
    const log = await createLog({ format: "json", stream });
    log.error({ err: new Error("POST /token?client_secret=abcdefgh failed"), accessToken: "abcdefgh" }, "x");
    expect(lines.join("")).toContain("POST /token?client_secret=[secret] failed");
    expect(lines.join("")).not.toContain("abcdefgh");
  });
});
