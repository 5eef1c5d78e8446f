import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { googleSandboxSettings } from "../../sandbox/google/index.ts";
import { linkedinSandboxSettings } from "../../sandbox/linkedin/index.ts";
import { metaSandboxSettings } from "../../sandbox/meta/index.ts";

const gigabyte = 1_000_000_000;
const block = 65_536;

/** `head`, then a gigabyte of the same text, then `tail`; made as it is read. */
function* endless(head: string, filling: string, tail = ""): Generator<Buffer> {
  yield Buffer.from(head);
  const part = Buffer.from(filling.repeat(Math.ceil(block / filling.length)));
  for (let sent = 0; sent < gigabyte; sent += part.length) yield part;
  yield Buffer.from(tail);
}

/** What stands around rows in each platform's answers. */
const openings: Readonly<Record<string, string>> = {
  linkedin: '{"elements":[',
  meta: '{"data":[',
  google: '[{"results":[',
  ga4: '{"rowCount":1000000000,"rows":[',
};

type Body = (platform: string) => { status?: number; bytes: Iterable<Buffer>; packed?: boolean };

const bodies: Readonly<Record<string, Body>> = {
  "a row of a gigabyte": (platform) => ({ bytes: endless(`${openings[platform] ?? ""}{"id":"`, "a") }),
  "an error body of a gigabyte": () => ({ status: 400, bytes: endless('{"error":{"message":"', "x") }),
  "a server's error page of a gigabyte": () => ({ status: 502, bytes: endless("<html>", "<p>") }),
  "a gigabyte of white space": () => ({ bytes: endless("", " \n\t ") }),
  "white space between rows": (platform) => ({ bytes: endless(openings[platform] ?? "", " ") }),
  "a gigabyte of nesting": (platform) => ({ bytes: endless(openings[platform] ?? "", "[") }),
  "a gigabyte of nested objects": (platform) => ({ bytes: endless(openings[platform] ?? "", '{"a":') }),
  "a gigabyte of empty rows": (platform) => ({ bytes: endless(openings[platform] ?? "", "{},") }),
  "nesting just below the bound": () => ({
    bytes: [Buffer.from("[".repeat(30_000_000)), Buffer.from("]".repeat(30_000_000))],
  }),
  "many values just below the bound": () => ({
    bytes: [Buffer.from("["), Buffer.from("[],".repeat(20_000_000)), Buffer.from("[]]")],
  }),
  "a bomb that unpacks to a gigabyte": (platform) => ({
    bytes: endless(`${openings[platform] ?? ""}{"id":"`, "a"),
    packed: true,
  }),
};

const send = async (response: ServerResponse, { status = 200, bytes, packed }: ReturnType<Body>) => {
  response.writeHead(status, {
    "content-type": "application/json",
    ...(packed === true && { "content-encoding": "gzip" }),
  });
  const source = Readable.from(bytes);
  // Whoever reads goes away in the midst of it.
  await (packed === true ? pipeline(source, createGzip(), response) : pipeline(source, response)).catch(
    () => undefined,
  );
};

const grant = { access_token: "granted-token", expires_in: 3_600, token_type: "Bearer" };
const isToken = (path: string): boolean => /\/token$|accessToken$/.test(path);

const serve = async (answer: (request: IncomingMessage, response: ServerResponse, asked: number) => void) => {
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume();
    response.on("error", () => undefined);
    answer(request, response, (asked += 1));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, asked: () => asked };
};

const settingsOf = (platform: string, url: string): object => {
  switch (platform) {
    case "google":
      return { ...googleSandboxSettings(url), timeoutSeconds: 20, conversions: "primary" };
    case "meta":
      return { ...metaSandboxSettings(url), timeoutSeconds: 20, apiVersion: "v25.0" };
    case "linkedin":
      return {
        ...linkedinSandboxSettings(url),
        timeoutSeconds: 20,
        apiVersion: "202609",
        conversions: "all",
      };
    case "ga4":
      return {
        clientId: "c",
        clientSecret: "s3cr3t",
        refreshToken: "r3fr3sh",
        properties: ["1"],
        timeoutSeconds: 20,
        endpoints: { api: url, oauth: url },
      };
    default:
      return { url };
  }
};

interface Outcome {
  readonly kind?: string;
  readonly code?: string;
  readonly message?: string;
  readonly remedy?: string;
  readonly ms: number;
  readonly peakMb: number;
}

const ask = async (platform: string, listing: string, url: string, stopAfterMs = 0): Promise<Outcome> => {
  const child = spawn(
    process.execPath,
    [
      "--import",
      import.meta.resolve("tsx"),
      join(import.meta.dirname, "endless-process.ts"),
      platform,
      listing,
      JSON.stringify(settingsOf(platform, url)),
      String(stopAfterMs),
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  await once(child, "close");
  if (said === "") throw new Error(`it said nothing: ${errors.slice(0, 2_000)}`);
  const outcome = JSON.parse(said) as Outcome;
  if (process.env["COSTPER_ATTACKS"]) process.stderr.write(`${platform} ${listing}: ${said}\n`);
  return outcome;
};

/** Of which some 150 are the runtime with the loader of TypeScript. */
const mostMb = 700;

/** Every one for one platform; of the others those by which platforms differ. */
const telling = [
  "a row of a gigabyte",
  "white space between rows",
  "nesting just below the bound",
  "many values just below the bound",
];

const listings = [
  ["linkedin", "accounts"],
  ["meta", "accounts"],
  ["google", "accounts"],
  ["google", "performance"],
  ["ga4", "report"],
  ["rates", "daily"],
] as const;

describe("an answer without an end is a failure in words, and fills no memory", () => {
  for (const [platform, listing] of listings)
    test.each(Object.entries(bodies).filter(([name]) => platform === "linkedin" || telling.includes(name)))(
      `${platform} ${listing}: %s`,
      async (_, body) => {
        const { url } = await serve((request, response) => {
          if (isToken(request.url ?? "")) response.end(JSON.stringify(grant));
          else void send(response, body(platform));
        });
        const outcome = await ask(platform, listing, url);
        expect(outcome.kind, JSON.stringify(outcome)).toMatch(/^(data|transient|request)$/);
        expect(outcome.message).not.toMatch(/Maximum call|Invalid string length|heap|aaaa|xxxx|\[\[\[/);
        expect(outcome.peakMb).toBeLessThan(mostMb);
      },
      120_000,
    );
});

describe("so is one of a token endpoint", () => {
  for (const platform of ["linkedin", "google", "ga4"])
    test.each(
      platform === "ga4"
        ? ["a row of a gigabyte", "a bomb that unpacks to a gigabyte"]
        : ["an error body of a gigabyte"],
    )(
      `${platform}: %s`,
      async (name) => {
        const { url } = await serve((_, response) => void send(response, (bodies[name] as Body)("token")));
        const outcome = await ask(platform, platform === "ga4" ? "report" : "accounts", url);
        expect(outcome.kind).toMatch(/^(data|transient)$/);
        expect(outcome.peakMb).toBeLessThan(mostMb);
      },
      120_000,
    );
});

const pages: Readonly<Record<string, (platform: string, page: number, same: boolean) => object>> = {
  linkedin: (_, page, same) => ({
    elements: Array.from({ length: 100 }, (__, row) => ({ id: same ? row : page * 100 + row, name: "x" })),
    metadata: { nextPageToken: `page-${String(page)}` },
  }),
  meta: (_, page, same) => ({
    data: Array.from({ length: 100 }, (__, row) => ({
      id: String(same ? row : page * 100 + row),
      account_id: String(same ? row : page * 100 + row),
      name: "x",
      currency: "EUR",
    })),
    paging: { cursors: { after: `page-${String(page)}` }, next: "https://graph.facebook.com/next" },
  }),
  ga4: (_, page, same) => ({
    dimensionHeaders: [{ name: "sessionSource" }],
    metricHeaders: [{ name: "sessions" }],
    rows: [{ dimensionValues: [{ value: same ? "x" : String(page) }], metricValues: [{ value: "1" }] }],
    rowCount: 1_000_000_000,
  }),
};

describe("a listing that never ends is ended", () => {
  for (const [platform, listing] of [
    ["linkedin", "accounts"],
    ["linkedin", "entities"],
    ["meta", "accounts"],
    ["meta", "entities"],
    ["ga4", "report"],
  ] as const) {
    const serveSame = (same: boolean) =>
      serve((request, response, asked) => {
        const body = isToken(request.url ?? "") ? grant : pages[platform]?.(platform, asked, same);
        response.setHeader("content-type", "application/json").end(JSON.stringify(body));
      });

    test(`${platform} ${listing}: a page that repeats under ever new tokens`, async () => {
      const { url, asked } = await serveSame(true);
      const outcome = await ask(platform, listing, url);
      expect(outcome).toMatchObject({ kind: "data", message: expect.stringContaining("twice") as string });
      expect(asked()).toBeLessThan(20);
    });

    test(`${platform} ${listing}: pages that are ever new, interrupted at once`, async () => {
      const { url } = await serveSame(false);
      const outcome = await ask(platform, listing, url, 1_500);
      expect(outcome.kind).toBe("cancelled");
      expect(outcome.ms).toBeLessThan(5_000);
    });

    test(`${platform} ${listing}: pages that are ever new, to the end`, async () => {
      const { url, asked } = await serveSame(false);
      const outcome = await ask(platform, listing, url);
      expect(outcome, JSON.stringify(outcome)).toMatchObject({
        kind: "data",
        message: expect.stringMatching(/does not end after \d+ pages/) as string,
      });
      expect(asked()).toBeLessThan(10_100);
      expect(outcome.peakMb).toBeLessThan(mostMb);
    }, 120_000);
  }
});

test.each(listings)(
  "an answer that never ends is left at once on Ctrl-C: %s %s",
  async (platform, listing) => {
    const { url } = await serve((request, response) => {
      if (isToken(request.url ?? "")) return void response.end(JSON.stringify(grant));
      // Slowly, for ever.
      const timer = setInterval(() => response.write(" "), 50);
      response.on("close", () => clearInterval(timer));
    });
    const outcome = await ask(platform, listing, url, 1_000);
    expect(outcome.kind).toBe("cancelled");
    expect(outcome.ms).toBeLessThan(5_000);
  },
);
