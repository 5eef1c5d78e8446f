import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { proxyOf } from "../../src/connectors/wire/proxy.ts";
import { listenOn } from "./support.ts";

const certificates = join(import.meta.dirname, "certificates");

/** A host whose name only the proxy knows and whose certificate only a private authority vouches for. */
const startPlatform = async () => {
  const heard: string[] = [];
  const port = await listenOn(
    createTlsServer(
      {
        key: await readFile(join(certificates, "server.key")),
        cert: await readFile(join(certificates, "server.pem")),
      },
      (request, response) => {
        heard.push(`${String(request.headers.authorization)} ${request.method ?? ""}`);
        response.end("behind the proxy");
      },
    ),
  );
  return { port, heard };
};

/** A proxy that opens tunnels to one host, for one user. */
const startProxy = async (target: number, credentials?: string) => {
  const asked: { authority: string; authorization: string }[] = [];
  const server = createServer((_, response) => void response.writeHead(405).end());
  server.on("connect", ({ url = "", headers }, socket) => {
    const authorization = headers["proxy-authorization"] ?? "";
    asked.push({ authority: url, authorization });
    socket.on("error", () => undefined);
    const expected = credentials === undefined ? "" : `Basic ${Buffer.from(credentials).toString("base64")}`;
    if (authorization !== expected) return void socket.end("HTTP/1.1 407 Authentication Required\r\n\r\n");
    const through = connect(target, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      through.pipe(socket).pipe(through);
    });
    through.on("error", () => socket.destroy());
  });
  return { port: await listenOn(server), asked };
};

const run = async (args: readonly string[], environment: Readonly<Record<string, string>>) => {
  const script = join(import.meta.dirname, "exchange-process.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", script, ...args], {
    env: { PATH: process.env["PATH"], ...environment },
  });
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
};

const authority = { NODE_EXTRA_CA_CERTS: join(certificates, "authority.pem") };
const platform = "https://platform.test/v1";

describe("a process behind a proxy", () => {
  test("reaches a host through it, with the proxy's password and a private certificate authority", async () => {
    const { port, heard } = await startPlatform();
    const proxy = await startProxy(port, "user:p@ss");
    const answer = await run([platform], {
      ...authority,
      HTTPS_PROXY: `http://user:p%40ss@127.0.0.1:${String(proxy.port)}`,
    });
    expect(answer).toEqual({ status: 200, text: "behind the proxy" });
    expect(proxy.asked.map(({ authority }) => authority)).toEqual(["platform.test:443"]);
    // The platform's credentials are not for the proxy to see, and the proxy's not for the platform.
    expect(heard).toEqual(["Bearer s3cr3t-token GET"]);
  });

  test("sends its webhooks through it as well", async () => {
    const { port, heard } = await startPlatform();
    const proxy = await startProxy(port);
    const https_proxy = `127.0.0.1:${String(proxy.port)}`;
    expect(await run([platform, "webhook"], { ...authority, https_proxy })).toEqual({ status: 200 });
    expect(heard).toEqual(["undefined POST"]);
  });

  test("trusts nobody whom no authority vouches for, and says what to set", async () => {
    const proxy = await startProxy((await startPlatform()).port);
    const answer = await run([platform], { HTTPS_PROXY: `http://127.0.0.1:${String(proxy.port)}` });
    expect(answer).toMatchObject({ kind: "transient", code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
    expect(answer["remedy"]).toContain("NODE_EXTRA_CA_CERTS");
  });

  test("is told of a refused tunnel, without the password", async () => {
    const proxy = await startProxy(1, "user:right");
    const answer = await run([platform], {
      HTTPS_PROXY: `http://user:wr0ng-password@127.0.0.1:${String(proxy.port)}`,
    });
    expect(answer).toMatchObject({ kind: "transient", code: "proxy" });
    expect(answer["message"]).toContain("407");
    expect(JSON.stringify(answer)).not.toContain("wr0ng");
  });
});

test.each([
  ["https://a.example/", { HTTPS_PROXY: "http://p:1" }, "http://p:1/"],
  ["https://a.example/", { HTTPS_PROXY: "http://p:1", https_proxy: "http://small:1" }, "http://small:1/"],
  ["https://a.example/", { HTTP_PROXY: "http://p:1" }, undefined],
  ["http://a.example/", { HTTP_PROXY: "p:1" }, "http://p:1/"],
  ["https://a.example/", { HTTPS_PROXY: " " }, undefined],
  ["https://a.example/", { HTTPS_PROXY: "http://p:1", NO_PROXY: "b.example, a.example" }, undefined],
  ["https://x.a.example/", { HTTPS_PROXY: "http://p:1", NO_PROXY: ".a.example" }, undefined],
  ["https://x.a.example/", { HTTPS_PROXY: "http://p:1", NO_PROXY: "a.example" }, undefined],
  ["https://xa.example/", { HTTPS_PROXY: "http://p:1", NO_PROXY: "a.example" }, "http://p:1/"],
  ["https://a.example/", { HTTPS_PROXY: "http://p:1", NO_PROXY: "a.example:8443" }, "http://p:1/"],
  ["https://a.example:8443/", { HTTPS_PROXY: "http://p:1", NO_PROXY: "a.example:8443" }, undefined],
  ["https://10.0.0.1/", { HTTPS_PROXY: "http://p:1", no_proxy: "10.0.0.1" }, undefined],
  ["https://a.example/", { HTTPS_PROXY: "http://p:1", NO_PROXY: "*" }, undefined],
  ["http://127.0.0.1:9001/", { HTTP_PROXY: "http://p:1" }, undefined],
  ["http://localhost:9001/", { HTTP_PROXY: "http://p:1" }, undefined],
  ["http://127.0.0.1:9001/", { HTTP_PROXY: "http://127.0.0.1:1" }, "http://127.0.0.1:1/"],
  ["http://127.0.0.1:9001/", { HTTP_PROXY: "http://127.0.0.1:1", NO_PROXY: "127.0.0.1" }, undefined],
  ["http://[::1]:9001/", { HTTP_PROXY: "http://p:1" }, undefined],
])("for %s with %j the proxy is %s", (url, environment, proxy) => {
  expect(proxyOf(new URL(url), environment)?.href).toBe(proxy);
});

test("a variable that holds no address is named, without its text", () => {
  const environment = { HTTPS_PROXY: "socks5://user:s3cr3t@p" };
  expect(() => proxyOf(new URL("https://a.example"), environment)).toThrow(
    /^HTTPS_PROXY holds no http or https/,
  );
});
