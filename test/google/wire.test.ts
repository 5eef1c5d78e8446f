import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Connector } from "../../src/connectors/connector.ts";
import type { Failure } from "../../src/domain/failure.ts";
import { googleCredentials, googleFaults, onQuery } from "../../sandbox/google/index.ts";
import { answers, connectionReset, htmlPage, truncatedJson } from "../../sandbox/faults.ts";
import { all, failing, pullOf, rowOf, startSandbox, startWire } from "./support.ts";

const ads = (connector: Connector) => connector.performance(pullOf({ from: "2026-10-20" }));
const manyBatches = { world: { batchRows: 100 } };
describe("an answer that breaks after good batches is a failure, never a short success", () => {
  test.each([
    ["an error element at its end", googleFaults.trailingError(2), "internalError.TRANSIENT_ERROR"],
    ["a reset within a batch", googleFaults.resetWithinBatch(2), undefined],
    ["a clean end within a batch", googleFaults.truncated(2), undefined],
  ])("%s", async (_, fault, code) => {
    const { connector, server } = await startSandbox(manyBatches);
    server.addFault(fault);
    const { failure, items } = await failing(ads(connector));
    expect(failure).toMatchObject({ kind: "transient", platform: "google" });
    if (code !== undefined) expect(failure).toMatchObject({ code, requestId: "sandbox-fault" });
    expect(items).toBeGreaterThan(0);
    const again = await all(ads(connector));
    expect(again.length).toBeGreaterThan(items);
  });

  test("an end after a whole batch, without the closing bracket", async () => {
    const { connector } = await startWire((exchange) =>
      exchange.text(200, `[${JSON.stringify({ results: [rowOf("1")] })}`),
    );
    const { failure, items } = await failing(ads(connector));
    expect(failure.kind).toBe("transient");
    expect(items).toBe(1);
  });

  test("a silence longer than timeoutSeconds", async () => {
    const { connector, server } = await startSandbox({ ...manyBatches, settings: { timeoutSeconds: 1 } });
    server.addFault(googleFaults.stalled(1));
    const { failure, items } = await failing(ads(connector));
    expect(failure).toMatchObject({ kind: "transient", code: "timeout" });
    expect(items).toBeGreaterThan(0);
  });

  test("a quota that runs out on the way tells when to come back", async () => {
    const { connector } = await startWire((exchange) =>
      exchange.text(
        200,
        `[{"results":[${JSON.stringify(rowOf("1"))}]},{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"errors":[{"errorCode":{"quotaError":"RESOURCE_EXHAUSTED"},"details":{"quotaErrorDetails":{"rateScope":"DEVELOPER","retryDelay":"600s"}}}]}]}}]`,
      ),
    );
    const { failure, items } = await failing(ads(connector));
    expect(items).toBe(1);
    expect(failure).toMatchObject({
      kind: "busy",
      scope: "platform",
      retryAt: new Date("2026-11-20T12:10:00Z"),
    });
  });
});

test("a batch that is sent twice comes twice with the same keys, for the warehouse to count once", async () => {
  const { connector, server } = await startSandbox(manyBatches);
  const once = await all(ads(connector));
  server.addFault(googleFaults.repeatedBatch());
  const twice = await all(ads(connector));
  expect(twice.length).toBe(once.length + 100);
  expect(new Set(twice.map((ad) => JSON.stringify(ad)))).toEqual(
    new Set(once.map((ad) => JSON.stringify(ad))),
  );
});

describe.concurrent("what goes wrong before the first batch is tried again", () => {
  test.for([
    ["a 503 of the API", googleFaults.error(503, "UNAVAILABLE", "internalError", "TRANSIENT_ERROR")],
    ["a page of a front end", htmlPage(502, { when: onQuery() })],
    ["a page with status 200", htmlPage(200, { when: onQuery() })],
    ["a reset", connectionReset({ when: onQuery() })],
    ["half a JSON text", truncatedJson('[{"results":[{"campaign"', { when: onQuery() })],
    ["an answer that is no array", truncatedJson('{"results":[]}', { when: onQuery() })],
    ["an empty body", truncatedJson("", { when: onQuery() })],
    [
      "an error in an object, under 200",
      answers(200, { error: { code: 503, status: "UNAVAILABLE" } }, { when: onQuery() }),
    ],
    ["an error in the first element", googleFaults.trailingError(0)],
    ["a limit of a moment", googleFaults.tooManyRequests(0.1)],
    ["a token endpoint that is down", htmlPage(503, { when: ({ path }) => path === "/token" })],
    ["a token that Google finds stale", googleFaults.unauthorized()],
  ] as const)("%s", async ([, fault], { onTestFinished }) => {
    const { connector, server } = await startSandbox({ clock: () => new Date(), cleanUp: onTestFinished });
    server.addFault(fault);
    expect(await all(connector.totals(pullOf()))).toHaveLength(10);
  });
});

describe("what nobody can mend by waiting is said at once", () => {
  test.each([
    ["a revoked token", googleFaults.invalidGrant(), "credentials", "invalid_grant"],
    [
      "an API version that is switched off",
      googleFaults.unsupportedVersion(),
      "request",
      "requestError.UNSUPPORTED_VERSION",
    ],
    [
      "an account without permission",
      googleFaults.noPermission("1000000011"),
      "account",
      "authorizationError.USER_PERMISSION_DENIED",
    ],
    ["a daily quota", googleFaults.dailyQuota(), "busy", undefined],
    [
      "a token that stays refused",
      googleFaults.unauthorized({ times: 5 }),
      "credentials",
      "authenticationError.OAUTH_TOKEN_INVALID",
    ],
  ])("%s", async (_, fault, kind, code) => {
    const { connector, server } = await startSandbox();
    server.addFault(fault);
    const { failure } = await failing(ads(connector));
    expect(failure).toMatchObject({ kind, ...(code === undefined ? {} : { code }) });
    expect(failure.remedy).not.toBe("");
    expect(server.requests.filter(({ path }) => path.endsWith("searchStream")).length).toBeLessThan(3);
  });

  test("a wrong client secret names the setting", async () => {
    const { connector } = await startSandbox({ settings: { clientSecret: "wrong" } });
    const { failure } = await failing(ads(connector));
    expect(failure).toMatchObject({ kind: "credentials", code: "invalid_client" });
    expect(failure.remedy).toContain("clientSecret");
  });

  test("an account asked without its manager is refused by the account", async () => {
    const { connector } = await startSandbox();
    const { via: _, ...account } = pullOf().account;
    const { failure } = await failing(connector.totals(pullOf({ account })));
    expect(failure).toMatchObject({ kind: "account", accountId: account.id });
  });

  test("days beyond 37 months", async () => {
    const { connector } = await startSandbox();
    const { failure } = await failing(connector.totals(pullOf({ from: "2023-01-01", to: "2023-01-31" })));
    expect(failure).toMatchObject({ kind: "data" });
  });
});

test("all who need a token at once share one exchange, and it is kept until shortly before it ends", async () => {
  let now = new Date("2026-11-20T12:00:00Z").getTime();
  const { connector, server, answered } = await startSandbox({ clock: () => new Date(now) });
  const tokens = () => server.requests.filter(({ path }) => path === "/token").length;
  await Promise.all(Array.from({ length: 4 }, () => all(connector.totals(pullOf()))));
  expect(tokens()).toBe(1);
  now += 3_500_000;
  await all(connector.totals(pullOf()));
  expect(tokens()).toBe(1);
  now += 60_000;
  await all(connector.totals(pullOf()));
  expect(tokens()).toBe(2);
  expect(answered).toContainEqual({ call: "token", status: 200 });
  expect(answered).toContainEqual({ call: "googleAds:searchStream", status: 200 });
});

test("the developer token is sent where there is one and left out where there is none", async () => {
  const seen: (string | undefined)[] = [];
  const answer = (exchange: {
    headers: Record<string, unknown>;
    json: (status: number, body: unknown) => void;
  }) => {
    seen.push(exchange.headers["developer-token"] as string | undefined);
    exchange.json(200, []);
  };
  for (const settings of [{}, { developerToken: "dev-token" }]) {
    const { connector } = await startWire(answer, { settings });
    await all(ads(connector));
  }
  expect(seen).toEqual([undefined, "dev-token"]);
});

test("answers are asked for without indents, and a server whose addresses take no parameter is asked without", async () => {
  const asked: string[] = [];
  const { connector } = await startWire((exchange) => {
    asked.push(exchange.rawQuery);
    return exchange.rawQuery === ""
      ? exchange.json(200, [{ results: [rowOf("1")] }])
      : exchange.json(404, { error: { code: 404, status: "NOT_FOUND", message: "no such address" } });
  });
  expect(await all(ads(connector))).toHaveLength(1);
  expect(await all(ads(connector))).toHaveLength(1);
  expect(asked).toEqual(["prettyPrint=false", "", ""]);
});

describe("an abort ends what is under way as cancelled", () => {
  test("in the midst of a stream", async () => {
    const { connector } = await startSandbox(manyBatches);
    const controller = new AbortController();
    const stream = connector.performance(pullOf({ signal: controller.signal }));
    const first = await stream[Symbol.asyncIterator]().next();
    expect(first.done).toBe(false);
    controller.abort();
    await expect(all(stream)).rejects.toMatchObject({ kind: "cancelled" });
  });

  test("while a stream stands still", async () => {
    const controller = new AbortController();
    const { connector, server } = await startSandbox(manyBatches);
    server.addFault(googleFaults.stalled(1));
    const rows = connector.performance(pullOf({ from: "2026-10-20", signal: controller.signal }));
    const stream = rows[Symbol.asyncIterator]();
    await stream.next();
    setTimeout(() => controller.abort(), 50);
    const rest = { [Symbol.asyncIterator]: () => stream };
    expect((await failing(rest)).failure.kind).toBe("cancelled");
    expect(controller.signal.aborted).toBe(true);
  });

  test("while the platform keeps silent", async () => {
    const controller = new AbortController();
    const { connector } = await startWire(() => controller.abort());
    const { failure } = await failing(connector.totals(pullOf({ signal: controller.signal })));
    expect(failure.kind).toBe("cancelled");
  });

  test("before it begins", async () => {
    const { connector, server } = await startSandbox();
    const { failure } = await failing(connector.totals(pullOf({ signal: AbortSignal.abort() })));
    expect(failure.kind).toBe("cancelled");
    expect(server.requests).toHaveLength(0);
  });
});

test("no secret shows in a log line or an error, even where the platform repeats it", async () => {
  const leaky = JSON.stringify([
    {
      error: {
        code: 400,
        message: `bad ${googleCredentials.refreshToken} ${googleCredentials.clientSecret} ya29.wire-secret dev-token`,
        status: "INVALID_ARGUMENT",
      },
    },
  ]);
  const { connector, logged } = await startWire((exchange) => exchange.text(400, leaky), {
    settings: { developerToken: "dev-token" },
  });
  const { failure } = await failing(ads(connector));
  const chain: string[] = [];
  for (let at: unknown = failure; at instanceof Error; at = at.cause)
    chain.push(at.message, at.stack ?? "", (at as Failure).remedy ?? "");
  for (const secret of [
    googleCredentials.refreshToken,
    googleCredentials.clientSecret,
    "ya29.wire-secret",
    "dev-token",
  ])
    expect([...chain, ...logged].join("\n")).not.toContain(secret);
});

test("the platform is read no faster than the rows are taken", async () => {
  const batch = JSON.stringify({ results: Array.from({ length: 4_000 }, (_, ad) => rowOf(String(ad + 1))) });
  const batches = 40;
  let written = 0;
  const { connector } = await startWire(async ({ response }) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write("[");
    for (let index = 0; index < batches; index += 1) {
      written += 1;
      if (!response.write(`${index > 0 ? "," : ""}${batch}`))
        await new Promise((resolve) => response.once("drain", resolve));
    }
    response.end("]");
  });
  let taken = 0;
  for await (const rows of ads(connector)) {
    taken += rows.length;
    if (taken > rows.length) continue;
    // The first batch is held until the sender stands still.
    for (let before = -1; before !== written; await sleep(50)) before = written;
    expect(written).toBeLessThan(batches / 2);
  }
  expect(taken).toBe(batches * 4_000);
});
