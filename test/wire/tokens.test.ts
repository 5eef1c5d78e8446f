import { expect, test } from "vitest";
import type { TokenStore } from "../../src/connectors/connector.ts";
import { openTokens, refreshForm, type TokenOptions } from "../../src/connectors/wire/tokens.ts";
import { createRedactor } from "../../src/domain/secrets.ts";
import { failureOf, keepingLog, serve } from "./support.ts";

const { signal } = new AbortController();

/** An endpoint that rotates: each refresh token is good for one renewal. */
const rotating = async () => {
  let round = 0;
  const used: string[] = [];
  const { url } = await serve((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const token = new URLSearchParams(body).get("refresh_token") ?? "";
      used.push(token);
      if (token !== `refresh-${String(round)}`)
        return response.writeHead(400).end('{"error":"invalid_grant"}');
      round += 1;
      response.end(
        JSON.stringify({
          access_token: `access-${String(round)}`,
          expires_in: "3600",
          refresh_token: `refresh-${String(round)}`,
          refresh_token_expires_in: 7_776_000,
        }),
      );
    });
  });
  return { url, used };
};

/** A store that all processes share, with a lock by key. */
const sharedStore = () => {
  const kept = new Map<string, string>();
  const queues = new Map<string, Promise<unknown>>();
  const store = {
    kept,
    refuses: false as boolean,
    read: async (key: string) => kept.get(key),
    write: async (key: string, secret: string) => {
      if (store.refuses) throw new Error("the disk is full");
      kept.set(key, secret);
    },
    alone: <T>(key: string, work: () => Promise<T>): Promise<T> => {
      const turn = (queues.get(key) ?? Promise.resolve()).then(work, work);
      queues.set(key, turn);
      return turn;
    },
  } satisfies TokenStore & { kept: Map<string, string>; refuses: boolean };
  return store;
};

const start = (url: string, tokens: TokenStore, more: Partial<TokenOptions> & { now?: () => Date } = {}) =>
  openTokens({
    name: "microsoft",
    endpoint: {
      url,
      label: "Microsoft",
      idleMs: 2_000,
      timeoutSetting: "connectors.microsoft.timeoutSeconds",
      remedyOf: () => "sign in again",
    },
    context: { log: keepingLog().log, now: more.now ?? (() => new Date()), tokens },
    redactor: createRedactor(),
    refreshToken: "refresh-0",
    identity: "client",
    // A public client has no secret.
    form: (refreshToken = "") =>
      refreshForm({ clientId: "client", refreshToken, scope: "ads offline_access" }),
    kept: true,
    attempts: 1,
    firstDelayMs: 1,
    ...more,
  });

test("a rotated grant is used from then on, also by the next process", async () => {
  const { url, used } = await rotating();
  const store = sharedStore();
  let now = Date.now();
  const clock = { now: () => new Date(now) };
  expect((await start(url, store, clock).current(signal)).accessToken).toBe("access-1");
  now += 3_600_000;
  const next = start(url, store, clock);
  expect((await next.current(signal)).accessToken).toBe("access-2");
  expect(used).toEqual(["refresh-0", "refresh-1"]);
});

test("processes that need a token at once renew it once", async () => {
  const { url, used } = await rotating();
  const store = sharedStore();
  const grants = await Promise.all(Array.from({ length: 4 }, () => start(url, store).current(signal)));
  expect(new Set(grants.map(({ accessToken }) => accessToken))).toEqual(new Set(["access-1"]));
  expect(used).toEqual(["refresh-0"]);
});

test("a grant is not handed out before it is kept, and is not lost when keeping it fails", async () => {
  const { url, used } = await rotating();
  const store = sharedStore();
  const tokens = start(url, store);
  store.refuses = true;
  expect((await failureOf(tokens.current(signal))).message).toContain("the disk is full");
  expect((await failureOf(tokens.current(signal))).message).toContain("the disk is full");
  store.refuses = false;
  expect((await tokens.current(signal)).accessToken).toBe("access-1");
  expect([...store.kept.values()].join()).toContain("refresh-1");
  expect(used).toEqual(["refresh-0"]);
});

test("a refused token is replaced once for all who were refused, and never by itself", async () => {
  const { url, used } = await rotating();
  const store = sharedStore();
  const [one, other] = [start(url, store), start(url, store)];
  const refused = await one.current(signal);
  await other.current(signal);
  const replaced = await Promise.all([one, one, other].map((tokens) => tokens.replace(refused, signal)));
  expect(replaced.map((grant) => grant?.accessToken)).toEqual(["access-2", "access-2", "access-2"]);
  expect(used).toEqual(["refresh-0", "refresh-1"]);
});

test("a caller who leaves does not end the renewal for the one who stays", async () => {
  const { url } = await rotating();
  const tokens = start(url, sharedStore());
  const stop = new AbortController();
  const leaving = failureOf(tokens.current(stop.signal));
  const staying = tokens.current(signal);
  stop.abort();
  expect((await leaving).kind).toBe("cancelled");
  expect((await staying).accessToken).toBe("access-1");
});
