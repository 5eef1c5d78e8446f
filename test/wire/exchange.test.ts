import { createServer as createNetServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { exchange, open } from "../../src/connectors/wire/exchange.ts";
import { version } from "../../src/version.ts";
import { failureOf, listenOn, sent, serve } from "./support.ts";

const megabyte = 1024 * 1024;

describe("a silence ends the exchange as transient", () => {
  test("before the headers", async () => {
    const { url } = await serve(() => undefined);
    const failure = await failureOf(exchange(sent(url, { idleMs: 100, timeoutSetting: "x.timeoutSeconds" })));
    expect(failure).toMatchObject({ kind: "transient", code: "timeout" });
    expect(failure.message).toMatch(/^test: 127\.0\.0\.1:\d+ sent nothing for 0\.1 s$/);
    expect(failure.remedy).toContain("x.timeoutSeconds");
  });

  test("within the body", async () => {
    const { url } = await serve((_, response) => void response.writeHead(200).write("{"));
    expect(await failureOf(exchange(sent(url, { idleMs: 100 })))).toMatchObject({
      kind: "transient",
      code: "timeout",
    });
  });

  test("but not a reader that takes its time", async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200).write("one");
      setTimeout(() => response.end("two"), 50);
    });
    const answer = await open(sent(url, { idleMs: 2_000, totalMs: 2_500 }));
    const pieces: string[] = [];
    for (let piece = await answer.read(); piece; piece = await answer.read()) {
      pieces.push(piece.toString());
      // More than is waited for, once for a piece and once in all.
      if (pieces.length === 1) await sleep(3_000);
    }
    expect(pieces.join("")).toBe("onetwo");
  });
});

test("an answer that drips without end is given up after the total", async () => {
  const { url } = await serve((_, response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write("."), 20);
    response.on("close", () => clearInterval(drip));
  });
  const failure = await failureOf(exchange(sent(url, { idleMs: 2_000, totalMs: 2_500 })));
  expect(failure).toMatchObject({ kind: "transient", code: "timeout" });
  expect(failure.message).toContain("did not end in time");
});

describe("a lost connection is transient and names no more than its code", () => {
  test("where nobody listens", async () => {
    const { url } = await serve(() => undefined);
    const closed = url.replace(/\d+$/, "1");
    const failure = await failureOf(exchange(sent(`${closed}/?access_token=s3cr3t-token`)));
    expect(failure).toMatchObject({ kind: "transient", code: "ECONNREFUSED" });
    expect(JSON.stringify([failure.message, failure.stack])).not.toContain("s3cr3t");
  });

  test.each([
    ["before the headers", ""],
    ["within the headers", "HTTP/1.1 200 OK\r\ncontent-le"],
    ["within the body", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345"],
  ])("where it is reset %s", async (_, bytes) => {
    const port = await listenOn(
      createNetServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => socket.write(bytes, () => socket.resetAndDestroy()));
      }),
    );
    const failure = await failureOf(exchange(sent(`http://127.0.0.1:${String(port)}`)));
    expect(failure).toMatchObject({ kind: "transient", code: "ECONNRESET" });
  });

  test("where it speaks something else than HTTP", async () => {
    const port = await listenOn(
      createNetServer((socket) => void socket.resume().end("220 mail.example ESMTP\r\n")),
    );
    expect(await failureOf(exchange(sent(`http://127.0.0.1:${String(port)}`)))).toMatchObject({
      kind: "transient",
      code: expect.stringMatching(/^HPE_/),
    });
  });
});

test.each([
  ["a line break", "s3cr3t\n"],
  ["what a wrong encoding left", "s3cr3t\ufffd"],
  ["a typographic quote", "\u201cs3cr3t\u201d"],
])("a token with %s is sent nowhere and never tried again", async (_, token) => {
  const { url, heard } = await serve((_request, response) => void response.end());
  const failure = await failureOf(exchange(sent(url, { headers: { authorization: `Bearer ${token}` } })));
  expect(failure).toMatchObject({ kind: "credentials", code: "ERR_INVALID_CHAR" });
  expect(failure.message).toContain("authorization");
  expect(failure.remedy).toMatch(/copy the token/);
  expect(JSON.stringify([failure.message, failure.stack])).not.toContain("s3cr3t");
  expect(heard).toHaveLength(0);
});

describe("a redirect", () => {
  const redirecting = async (status: number) => {
    const other = await serve((_, response) => void response.end("elsewhere"));
    const first = await serve(
      (_, response) => void response.writeHead(status, { location: other.url }).end(),
    );
    return { other, first };
  };

  test.each([301, 302, 303, 307, 308])("%i is not followed, and takes no secret along", async (status) => {
    const { first, other } = await redirecting(status);
    const headers = { authorization: "Bearer s3cr3t-token" };
    for (const method of ["GET", "POST"] as const) {
      const body = method === "POST" ? { body: "refresh_token=s3cr3t-token" } : {};
      expect((await exchange(sent(first.url, { method, headers, ...body }))).status).toBe(status);
    }
    expect(other.heard).toHaveLength(0);
  });

  test("is followed where that is asked for, by requests without credentials alone", async () => {
    const { first, other } = await redirecting(302);
    expect((await exchange(sent(first.url, { redirects: 1 }))).text).toBe("elsewhere");
    const headers = { authorization: "Bearer s3cr3t-token" };
    await expect(exchange(sent(first.url, { redirects: 1, headers }))).rejects.toThrow(RangeError);
    expect(other.heard).toHaveLength(1);
  });

  test("in a circle ends", async () => {
    const { url, heard } = await serve(
      (_, response) => void response.writeHead(302, { location: "/" }).end(),
    );
    expect((await exchange(sent(url, { redirects: 3 }))).status).toBe(302);
    expect(heard).toHaveLength(4);
  });

  test("to something else than http is refused", async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(302, { location: "file:///etc/passwd" }).end();
    });
    expect(await failureOf(exchange(sent(url, { redirects: 3 })))).toMatchObject({ code: "redirect" });
  });
});

describe("a body that is read whole is bounded", () => {
  test("a gigabyte ends at the limit, and most of it is never sent", async () => {
    let written = 0;
    const part = Buffer.alloc(megabyte, "x");
    const { url } = await serve((_, response) => {
      response.writeHead(200);
      const more = () => {
        while (written < 1_024 && !response.destroyed) {
          written += 1;
          if (!response.write(part)) return void response.once("drain", more);
        }
        response.end();
      };
      more();
    });
    const failure = await failureOf(exchange(sent(url), 4 * megabyte));
    expect(failure).toMatchObject({ kind: "data", code: "too_large" });
    expect(written).toBeLessThan(64);
  });

  test("a gigabyte that was packed into one megabyte ends at the limit too", async () => {
    const member = gzipSync(Buffer.alloc(64 * megabyte));
    const bomb = Buffer.concat(Array.from({ length: 16 }, () => member));
    expect(bomb.length).toBeLessThan(2 * megabyte);
    const { url } = await serve((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    });
    const before = process.memoryUsage.rss();
    const failure = await failureOf(exchange(sent(url), 4 * megabyte));
    expect(failure).toMatchObject({ kind: "data", code: "too_large" });
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * megabyte);
  });

  test("packed bytes that break off are a failure, never a shorter answer", async () => {
    const packed = gzipSync(JSON.stringify(Array.from({ length: 10_000 }, (_, id) => ({ id }))));
    const { url } = await serve((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(packed.subarray(0, packed.length - 20));
    });
    expect(await failureOf(exchange(sent(url)))).toMatchObject({ kind: "transient", code: "Z_BUF_ERROR" });
  });
});

test("every request says which costper asks, and that it takes packed answers", async () => {
  const { url, heard } = await serve((_, response) => void response.end());
  await exchange(sent(url));
  expect(heard[0]?.headers).toMatchObject({
    "user-agent": `costper/${version} (gzip)`,
    "accept-encoding": "gzip",
  });
});

test.each([200, 401, 304])(
  "an answer %i without a body is what its status says, though its header speaks of packing",
  async (status) => {
    const { url } = await serve((_, response) => {
      response.writeHead(status, { "content-encoding": "gzip" }).end();
    });
    expect(await exchange(sent(url))).toMatchObject({ status, text: "" });
  },
);

test.each([
  ["short", 10],
  ["short, and long once it is unpacked", 4 * megabyte],
])("a packed answer that is %s is read to the last byte, however it was cut", async (_, bytes) => {
  const content = Buffer.alloc(bytes, "0123456789");
  const packed = gzipSync(content);
  const { url } = await serve((__, response) => {
    response.writeHead(200, { "content-encoding": "gzip" });
    response.write(packed.subarray(0, 7));
    setTimeout(() => response.end(packed.subarray(7)), 20);
  });
  const answer = await exchange(sent(url));
  expect(answer.text.length).toBe(bytes);
  expect(Buffer.from(answer.text).equals(content)).toBe(true);
});

test("a packed answer that is long is given as it comes", async () => {
  const random = seeded(5);
  const content = Buffer.from(Array.from({ length: megabyte }, () => Math.floor(random() * 256)));
  const packed = gzipSync(content);
  let finish: () => void = () => undefined;
  const { url } = await serve((_, response) => {
    response.writeHead(200, { "content-encoding": "gzip" });
    response.write(packed.subarray(0, packed.length / 2));
    finish = () => response.end(packed.subarray(packed.length / 2));
  });
  const answer = await open(sent(url));
  const parts = [await answer.read()];
  finish();
  for (let part = await answer.read(); part; part = await answer.read()) parts.push(part);
  expect(Buffer.concat(parts.map((part) => part ?? Buffer.alloc(0))).equals(content)).toBe(true);
});

/** Numbers that look random and are the same every time (mulberry32). */
const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};

test("an abort at any moment settles whoever waits, at once and as cancelled", async () => {
  const packed = gzipSync(Buffer.alloc(megabyte, "0123456789"));
  const { url } = await serve((request, response) => {
    const slow = request.url === "/silent" ? undefined : 5;
    if (slow === undefined) return;
    setTimeout(() => {
      response.writeHead(200, { "content-encoding": "gzip" });
      let at = 0;
      const drip = setInterval(() => {
        response.write(packed.subarray(at, (at += 100)));
        if (at >= packed.length) response.end();
      }, 2);
      response.on("close", () => clearInterval(drip));
    }, slow);
  });
  const random = seeded(11);
  const runs = Array.from({ length: 60 }, async (_, run) => {
    const stop = new AbortController();
    const afterMs = random() * 60;
    let abortedAt = 0;
    const timer = setTimeout(() => {
      abortedAt = performance.now();
      stop.abort();
    }, afterMs);
    const work = exchange(
      sent(`${url}/${run % 3 === 0 ? "silent" : ""}`, { signal: stop.signal, idleMs: 60_000 }),
    );
    const kind = await work.then(
      () => "answered",
      (error: { kind?: string }) => error.kind,
    );
    clearTimeout(timer);
    return { kind, lateMs: abortedAt === 0 ? 0 : performance.now() - abortedAt };
  });
  const results = await Promise.all(runs);
  expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(["cancelled"]));
  expect(Math.max(...results.map(({ lateMs }) => lateMs))).toBeLessThan(15_000);
});

test("a read that follows an abort settles, and so does one that was under way", async () => {
  const { url } = await serve((_, response) => void response.writeHead(200).write("first"));
  const stop = new AbortController();
  const answer = await open(sent(url, { signal: stop.signal, idleMs: 60_000 }));
  expect((await answer.read())?.toString()).toBe("first");
  const waiting = failureOf(answer.read());
  stop.abort();
  expect(await waiting).toMatchObject({ kind: "cancelled" });
  expect(await failureOf(answer.read())).toMatchObject({ kind: "cancelled" });
  expect(await failureOf(exchange(sent(url, { signal: stop.signal })))).toMatchObject({ kind: "cancelled" });
});
